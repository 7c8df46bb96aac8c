-- What was not counted, by why: files and mails, rows of reports, domains of nobody here.
SELECT
    kind,
    reason,
    domain,
    may_hide_failures,
    COUNT(*) AS entries,
    SUM(quantity) AS quantity,
    MIN(day) AS first_day,
    MAX(day) AS last_day,
    MIN(source) AS source
FROM dropped
WHERE day BETWEEN $since AND $until AND ($domain = '' OR domain = '' OR domain = $domain)
GROUP BY kind, reason, domain, may_hide_failures
ORDER BY kind, reason, domain, may_hide_failures
