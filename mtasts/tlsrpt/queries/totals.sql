-- How many reports tell of each policy domain, and of how many sessions.
SELECT
    domain,
    COUNT(DISTINCT report_key) AS reports,
    SUM(successful) AS successful,
    SUM(failed) AS failed
FROM policies
WHERE
    day BETWEEN $since AND $until
    AND trust_rank >= $trust
    AND ($domain = '' OR domain = $domain)
    AND NOT is_repeat
GROUP BY domain
ORDER BY domain
