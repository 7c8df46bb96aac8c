-- The sessions of each policy domain by policy type, and who reported them.
SELECT
    domain,
    policy_type,
    COUNT(DISTINCT report_key) AS reports,
    COUNT(DISTINCT reporter) AS reporters,
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
GROUP BY domain, policy_type
ORDER BY domain, policy_type
