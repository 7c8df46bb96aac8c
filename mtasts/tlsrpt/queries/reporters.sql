-- What each reporter sent, and with which trust it came.
SELECT
    reporter,
    trust,
    COUNT(DISTINCT domain) AS domains,
    COUNT(DISTINCT report_key) AS reports,
    COUNT(DISTINCT day) AS days,
    MIN(day) AS first_day,
    MAX(day) AS last_day,
    SUM(successful) AS successful,
    SUM(failed) AS failed
FROM policies
WHERE
    day BETWEEN $since AND $until
    AND trust_rank >= $trust
    AND ($domain = '' OR domain = $domain)
    AND NOT is_repeat
GROUP BY reporter, trust
ORDER BY reporter, trust
