-- Failed sessions of each day and reporter, with the policy that the reporter applied.
SELECT
    failures.day AS day,
    failures.domain AS domain,
    failures.reporter AS reporter,
    failures.result_type AS result_type,
    failures.mx AS mx,
    failures.policy_type AS policy_type,
    failures.concerns_sts AS concerns_sts,
    policies.mode AS mode,
    policies.max_age AS max_age,
    policies.policy_mx AS policy_mx,
    policies.mx_hosts AS mx_hosts,
    COALESCE(SUM(failures.sessions), 0) AS sessions
FROM failures
INNER JOIN policies
    ON failures.report_key = policies.report_key
    AND failures.policy_row = policies.policy_row
    AND failures.day = policies.day
WHERE
    failures.day BETWEEN $since AND $until
    AND failures.trust_rank >= $trust
    AND ($domain = '' OR failures.domain = $domain)
    AND NOT failures.is_repeat
GROUP BY
    failures.day,
    failures.domain,
    failures.reporter,
    failures.result_type,
    failures.mx,
    failures.policy_type,
    failures.concerns_sts,
    policies.mode,
    policies.max_age,
    policies.policy_mx,
    policies.mx_hosts
ORDER BY
    day,
    domain,
    reporter,
    result_type,
    mx,
    policy_type,
    concerns_sts,
    mode,
    max_age,
    policy_mx,
    mx_hosts
