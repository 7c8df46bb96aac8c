-- The failed sessions of each domain by day and result type.
SELECT
    day,
    domain,
    result_type,
    COALESCE(SUM(sessions), 0) AS sessions
FROM failures
WHERE
    day BETWEEN $since AND $until
    AND trust_rank >= $trust
    AND ($domain = '' OR domain = $domain)
    AND NOT is_repeat
GROUP BY day, domain, result_type
ORDER BY day, domain, result_type
