-- The sessions of each domain by day.
SELECT
    day,
    domain,
    COUNT(DISTINCT report_key) AS reports,
    COUNT(DISTINCT reporter) AS reporters,
    SUM(successful) AS successful,
    SUM(failed) AS failed
FROM policies
WHERE
    day BETWEEN $since AND $until
    AND trust_rank >= $trust
    AND ($domain = '' OR domain = $domain)
    AND NOT is_repeat
GROUP BY day, domain
ORDER BY day, domain
