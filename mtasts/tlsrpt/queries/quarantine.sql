-- Reports in quarantine: each has the identity of another one, and says something else.
SELECT
    day,
    reporter,
    submitter,
    report_id,
    trust,
    trust_reason,
    successful,
    failed,
    received,
    via,
    source,
    report_key,
    body
FROM quarantine
WHERE day BETWEEN $since AND $until
ORDER BY day, reporter, report_id, report_key, body
