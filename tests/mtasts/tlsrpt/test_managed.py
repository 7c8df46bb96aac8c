"""Which policy domains a report may be about (RFC 8460 section 7)."""

from __future__ import annotations

import json
from typing import Any

from mtasts.tlsrpt.managed import managed_only
from mtasts.tlsrpt.reading import parse_report


def row(domain: object, failed: int = 0) -> dict[str, Any]:
    return {
        "policy": {"policy-type": "sts", "policy-domain": domain},
        "summary": {"total-successful-session-count": 1, "total-failure-session-count": failed},
    }


def report(*rows: object, **changes: object) -> bytes:
    return json.dumps(
        {
            "organization-name": "Sender",
            "contact-info": "tls@Sender.example",
            "report-id": "r1",
            "date-range": {
                "start-datetime": "2026-05-10T00:00:00Z",
                "end-datetime": "2026-05-10T23:59:59Z",
            },
            "policies": rows or (row("example.gov"),),
            **changes,
        }
    ).encode()


def test_rows_of_other_domains_are_left_out_and_counted() -> None:
    found = parse_report(report(row("example.gov"), row("other.gov"), row("b.example.gov"), 5))
    kept, left_out = managed_only(found, frozenset({"example.gov", "b.example.gov"}))
    assert [each.domain for each in kept.policies] == ["example.gov", "b.example.gov"]
    assert left_out == {"other.gov": 1}
    assert kept.dropped == found.dropped
    assert managed_only(kept, frozenset({"example.gov", "b.example.gov"})) == (kept, {})


def test_a_dropped_row_of_another_domain_is_left_out_too() -> None:
    bad = row("other.gov")
    bad["summary"] = None
    found = parse_report(report(row("example.gov"), bad))
    kept, left_out = managed_only(found, frozenset({"example.gov"}))
    assert (kept.dropped, left_out) == ((), {"other.gov": 1})
