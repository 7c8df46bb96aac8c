-- What each reporter told of each day, by the policy that it applied.
SELECT
    day,
    domain,
    reporter,
    policy_type,
    mode,
    max_age,
    policy_mx,
    mx_hosts,
    COUNT(DISTINCT report_key) AS reports,
    SUM(successful) AS successful,
    SUM(failed) AS failed
FROM policies
WHERE
    day BETWEEN $since AND $until
    AND trust_rank >= $trust
    AND ($domain = '' OR domain = $domain)
    AND NOT is_repeat
GROUP BY day, domain, reporter, policy_type, mode, max_age, policy_mx, mx_hosts
ORDER BY day, domain, reporter, policy_type, mode, max_age, policy_mx, mx_hosts
