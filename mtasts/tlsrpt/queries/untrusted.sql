-- Reports that count for nothing, because it is not known well enough who sent them.
SELECT
    domain,
    reporter,
    trust,
    COUNT(DISTINCT report_key) AS reports,
    SUM(successful) AS successful,
    SUM(failed) AS failed,
    MAX(day) AS last_day
FROM policies
WHERE
    day BETWEEN $since AND $until
    AND trust_rank < $trust
    AND ($domain = '' OR domain = $domain)
    AND NOT is_repeat
GROUP BY domain, reporter, trust
ORDER BY domain, reporter, trust
