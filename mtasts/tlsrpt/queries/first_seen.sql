-- Since when each result type is known of a domain and MX host, over all that is stored.
SELECT
    domain,
    result_type,
    mx,
    MIN(day) AS first_day,
    MAX(day) AS last_day
FROM failures
WHERE
    trust_rank >= $trust
    AND ($domain = '' OR domain = $domain)
    AND NOT is_repeat
GROUP BY domain, result_type, mx
ORDER BY domain, result_type, mx
