-- When each reporter first and last told of a domain, over all that is stored.
SELECT
    domain,
    reporter,
    COUNT(DISTINCT day) AS days,
    MIN(day) AS first_day,
    MAX(day) AS last_day,
    SUM(successful) AS successful,
    SUM(failed) AS failed
FROM policies
WHERE
    trust_rank >= $trust
    AND ($domain = '' OR domain = $domain)
    AND NOT is_repeat
GROUP BY domain, reporter
ORDER BY domain, reporter
