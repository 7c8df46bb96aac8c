-- How many reports came with which trust, and from how many reporters.
SELECT
    trust,
    MAX(trust_rank) AS trust_rank,
    COUNT(*) AS reports,
    COUNT(DISTINCT reporter) AS reporters,
    MAX(day) AS last_day
FROM reports
WHERE day BETWEEN $since AND $until
GROUP BY trust
ORDER BY trust_rank DESC, trust
