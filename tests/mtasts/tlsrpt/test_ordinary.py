"""Ordinary reports are read a fast way, with the same result (RFC 8460 section 4.4)."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtasts.tlsrpt import ordinary
from mtasts.tlsrpt.reading import parse_report
from mtasts.tlsrpt.report import Report
from mtasts.tlsrpt.unpacking import ReportError

DETAIL = {
    "result-type": "certificate-expired",
    "receiving-mx-hostname": "MX1.example.gov.",
    "receiving-ip": "203.0.113.56",
    "failed-session-count": 2,
}
DOCUMENT: dict[str, Any] = {
    "organization-name": "Sender",
    "date-range": {
        "start-datetime": "2026-05-10T00:00:00Z",
        "end-datetime": "2026-05-10T23:59:59Z",
    },
    "contact-info": "tls@sender.example",
    "report-id": "r1",
    "policies": [
        {
            "policy": {
                "policy-type": "sts",
                "policy-string": ["version: STSv1", "mode: enforce"],
                "policy-domain": "Example.gov",
                "mx-host": ["mx1.example.gov"],
            },
            "summary": {"total-successful-session-count": 9, "total-failure-session-count": 4},
            "failure-details": [DETAIL, DETAIL | {"result-type": "STARTTLS-not-supported"}],
        }
    ],
}


def encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def outcome(raw: bytes) -> object:
    """The report, or the ids of what refuses it: messages count characters."""
    try:
        return parse_report(raw)
    except ReportError as error:
        return [each.id for each in error.warnings]


def long_way(raw: bytes) -> bytes:
    """The same report with an escape in a member that nobody reads: no text is plain then."""
    return raw.replace(b"{", b'{"x-escaped": "\\u0041", ', 1)


def test_an_ordinary_report_takes_the_fast_way() -> None:
    raw = encoded(DOCUMENT)
    assert ordinary.is_plain(raw)
    assert ordinary.decode(raw) == DOCUMENT
    rows = DOCUMENT["policies"][0]["failure-details"]
    assert ordinary.failures(rows, 4, 1000) is not None
    assert not ordinary.is_plain(long_way(raw))
    found = outcome(raw)
    assert isinstance(found, Report)
    assert found == outcome(long_way(raw))
    assert found.policies[0].details[1].result_type == "starttls-not-supported"
    assert found.policies[0].details[1].mx_host == "mx1.example.gov"


@pytest.mark.parametrize(
    "row",
    [
        5,
        {},
        {"result-type": "certificate-expired"},
        DETAIL | {"failed-session-count": 5},
        DETAIL | {"failed-session-count": -1},
        DETAIL | {"failed-session-count": True},
        DETAIL | {"failed-session-count": "2"},
        DETAIL | {"result-type": "later-type"},
        DETAIL | {"result-type": ""},
        DETAIL | {"result-type": 7},
        DETAIL | {"receiving-ip": None},
        DETAIL | {"receiving-ip": "x" * 1001},
        DETAIL | {"later-member": "x"},
        {"later-member" if key == "receiving-ip" else key: each for key, each in DETAIL.items()},
        {"result-type": "certificate-expired", "failed-session-count": 1},
    ],
)
def test_a_row_out_of_the_ordinary_is_read_the_long_way(row: object) -> None:
    for rows in ([row, DETAIL], [DETAIL, row]):
        assert ordinary.failures(rows, 4, 1000) is None
        document = copy.deepcopy(DOCUMENT)
        document["policies"][0]["failure-details"] = rows
        assert outcome(encoded(document)) == outcome(long_way(encoded(document)))


def test_rows_without_a_host_are_ordinary() -> None:
    row = {"result-type": "certificate-expired", "failed-session-count": 1}
    found = ordinary.failures([row, row], 4, 1000)
    assert found is not None
    assert [each.mx_host for each in found] == ["", ""]
    long = {**row, "receiving-ip": "x" * 600}
    assert ordinary.failures([long, long], 4, 1000) is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"report-id"', '"report-id": "r0", "report-id"'),
        ('"report-id"', '"report-id" : "r0", "report-id"'),
        ('"policies"', '"policies"\n:\t[], "policies"'),
        ('"failed-session-count"', '"failed-session-count": 1, "failed-session-count"'),
        ('"result-type"', '"result-type" :"x", "result-type"'),
        ('"mode: enforce"', '": enforce"'),
        ('"mode: enforce"', '"mode: \x7f"'),
        ('"mode: enforce"', '"mode: \u00e4"'),
        ('"mode: enforce"', '""'),
        ('"mode: enforce"', "5"),
        ('["mx1.example.gov"]', '"mx1.example.gov"'),
        ('["mx1.example.gov"]', "[]"),
        ('"Example.gov"', '"b\u00fccher.example"'),
        ('"Example.gov"', '"_x.example"'),
        ('"Example.gov"', '" Example.gov "'),
        ("2026-05-10T00:00:00Z", "2026-02-30T00:00:00Z"),
        ("2026-05-10T00:00:00Z", "2026-05-10T00:00:00"),
        ('"Sender"', '{"a": "b"}'),
        ('"Sender"', "NaN"),
        ("}", ""),
    ],
)
def test_what_is_out_of_the_ordinary_gives_the_same_as_the_long_way(old: str, new: str) -> None:
    for text in (json.dumps(DOCUMENT), json.dumps(DOCUMENT, indent=1), json.dumps(DOCUMENT)[:-9]):
        raw = text.replace(old, new, 1).encode()
        assert outcome(raw) == outcome(long_way(raw))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.sampled_from([2.5, "", ":", "x", "sts", "certificate-expired", "2026-05-10T00:00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*DETAIL, "policy", "summary", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
ROW = "policies/0"
PATHS = st.sampled_from(
    [
        *DOCUMENT,
        "date-range/end-datetime",
        ROW,
        f"{ROW}/policy",
        f"{ROW}/summary",
        f"{ROW}/summary/total-failure-session-count",
        f"{ROW}/failure-details",
        f"{ROW}/failure-details/0",
        f"{ROW}/failure-details/1/result-type",
        f"{ROW}/policy/policy-string",
        f"{ROW}/policy/policy-domain",
    ]
)


@given(PATHS, VALUES)
def test_both_ways_give_the_same_whatever_stands_in_it(path: str, value: object) -> None:
    document = copy.deepcopy(DOCUMENT)
    place: Any = document
    *inner, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in inner:
        place = place[step]
    place[last] = value
    raw = encoded(document)
    assert outcome(raw) == outcome(long_way(raw))
