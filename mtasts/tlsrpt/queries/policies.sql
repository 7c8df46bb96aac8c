-- The sessions under each policy that senders applied, as far as their reports describe it.
SELECT
    domain,
    policy_type,
    mode,
    max_age,
    policy_mx,
    mx_hosts,
    COUNT(DISTINCT report_key) AS reports,
    COUNT(DISTINCT reporter) AS reporters,
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
GROUP BY domain, policy_type, mode, max_age, policy_mx, mx_hosts
ORDER BY domain, policy_type, mode, max_age, policy_mx, mx_hosts
