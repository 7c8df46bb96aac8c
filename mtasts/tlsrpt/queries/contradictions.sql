-- Entries of reports whose failure details add up to more than the total that they state.
SELECT
    reports.day AS day,
    policies.domain AS domain,
    reports.reporter AS reporter,
    reports.report_id AS report_id,
    policies.policy_type AS policy_type,
    policies.failed AS failed,
    policies.detailed AS detailed,
    policies.detail_most AS detail_most,
    reports.source AS source,
    policies.policy_row AS policy_row,
    reports.report_key AS report_key
FROM policies
INNER JOIN reports
    ON policies.report_key = reports.report_key AND policies.day = reports.day
WHERE
    policies.day BETWEEN $since AND $until
    AND policies.trust_rank >= $trust
    AND ($domain = '' OR policies.domain = $domain)
    AND policies.detailed > policies.failed
ORDER BY day, domain, reporter, report_id, report_key, policy_row
