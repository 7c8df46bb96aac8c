-- Failed sessions by result type, MX host and policy type.
SELECT
    domain,
    result_type,
    mx,
    policy_type,
    COUNT(DISTINCT report_key) AS reports,
    COUNT(DISTINCT reporter) AS reporters,
    MIN(day) AS first_day,
    MAX(day) AS last_day,
    COALESCE(SUM(sessions), 0) AS sessions
FROM failures
WHERE
    day BETWEEN $since AND $until
    AND trust_rank >= $trust
    AND ($domain = '' OR domain = $domain)
    AND NOT is_repeat
GROUP BY domain, result_type, mx, policy_type
ORDER BY domain, sessions DESC, result_type, mx, policy_type
