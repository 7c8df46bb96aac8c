-- Reports in quarantine that may be about a policy domain, by what they say or by what is counted.
SELECT
    reporter,
    report_id,
    source,
    day,
    COUNT(*) AS entries
FROM quarantine
WHERE
    day BETWEEN $since AND $until
    AND (
        content LIKE '%' || $domain || '%'
        OR EXISTS (
            SELECT policies.report_key
            FROM policies
            WHERE
                policies.report_key = quarantine.report_key
                AND policies.day = quarantine.day
                AND policies.domain = $domain
        )
    )
GROUP BY reporter, report_id, source, day
ORDER BY reporter, report_id, source, day
