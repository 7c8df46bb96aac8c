"""Ordinary reports are read a fast way, with the same result (RFC 8460 section 4.4)."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_report_vectors import ROWS
from test_report_vectors import raw as raw_of

from mtasts.tlsrpt import ordinary
from mtasts.tlsrpt.parsed import parsed_row
from mtasts.tlsrpt.reading import parse_report, read_carefully
from mtasts.tlsrpt.report import DETAILS_MAX, STRINGS_MAX, TEXT_MAX, Report
from mtasts.tlsrpt.result_types import RESULT_TYPES
from mtasts.tlsrpt.unpacking import ReportError, unpack

if TYPE_CHECKING:
    from collections.abc import Callable

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
            "failure-details": [DETAIL, DETAIL | {"result-type": "starttls-not-supported"}],
        }
    ],
}
ROW = "policies/0"


def compact(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))


def indented(document: object) -> str:
    return json.dumps(document, indent=1) + "\r\n"


WRITERS: list[Callable[[object], str]] = [json.dumps, compact, indented]


def changed(path: str, value: object) -> dict[str, Any]:
    """The report with another value at a path."""
    document = copy.deepcopy(DOCUMENT)
    place: Any = document
    *inner, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in inner:
        place = place[step]
    place[last] = value
    return document


def outcome(read: Callable[[], Report]) -> tuple[object, str]:
    """What was read, or the error with its warnings, and the line that is printed of it."""
    found: Report | ReportError
    try:
        found = read()
    except ReportError as error:
        found = error
    shown = found if isinstance(found, Report) else (str(found), found.warnings)
    return shown, json.dumps(parsed_row("", "", found, None))


def both_ways(raw: bytes) -> object:
    """What is read of ``raw``, which has to be the same whichever way it is read."""
    found = outcome(lambda: parse_report(raw))
    assert found == outcome(lambda: read_carefully(*unpack(raw)))
    return found[0]


@pytest.mark.parametrize("write", WRITERS)
def test_an_ordinary_report_takes_the_fast_way(write: Callable[[object], str]) -> None:
    raw = write(DOCUMENT).encode()
    found = both_ways(raw)
    assert isinstance(found, Report)
    assert ordinary.read(raw) == found
    (policy,) = found.policies
    assert policy.domain == "example.gov"
    assert [each.mx_host for each in policy.details] == ["mx1.example.gov"] * 2


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("policies", [DOCUMENT["policies"][0]] * 2),
        (f"{ROW}/failure-details", []),
        (f"{ROW}/failure-details", [{"result-type": "tlsa-invalid", "failed-session-count": 1}]),
        (f"{ROW}/failure-details/0/receiving-mx-hostname", "mx1.example.gov"),
        (f"{ROW}/policy", {"policy-type": "no-policy-found", "policy-domain": "example.gov"}),
        (f"{ROW}/policy/mx-host", []),
        (f"{ROW}/policy/policy-string", ["x" * TEXT_MAX] * STRINGS_MAX),
        ("organization-name", ": { [ , ]"),
    ],
)
def test_what_senders_leave_out_is_ordinary(path: str, value: object) -> None:
    for write in WRITERS:
        raw = write(changed(path, value)).encode()
        assert ordinary.read(raw) == both_ways(raw)


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
        DETAIL | {"failed-session-count": None},
        DETAIL | {"result-type": "later-type"},
        DETAIL | {"result-type": "Certificate-Expired"},
        DETAIL | {"result-type": ""},
        DETAIL | {"result-type": 7},
        DETAIL | {"receiving-ip": None},
        DETAIL | {"receiving-ip": ""},
        DETAIL | {"receiving-ip": "x" * 1001},
        DETAIL | {"later-member": "x"},
        {"later-member" if key == "receiving-ip" else key: each for key, each in DETAIL.items()},
    ],
)
def test_a_detail_out_of_the_ordinary_is_read_the_long_way(row: object) -> None:
    for rows in ([row], [row, DETAIL], [DETAIL, row]):
        raw = compact(changed(f"{ROW}/failure-details", rows)).encode()
        assert ordinary.read(raw) is None
        both_ways(raw)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"report-id"', '"report-id": "r0", "report-id"'),
        ('"report-id"', '"report-id" : "r1", "report-id"'),
        ('"policies"', '"policies"\n:\t[], "policies"'),
        ('"failed-session-count"', '"failed-session-count": 1, "failed-session-count"'),
        ('"result-type"', '"result-type" :"x", "result-type"'),
        ('"summary"', '"summary": {}, "summary"'),
        ('"mode: enforce"', '"mode: \x7f"'),
        ('"mode: enforce"', '"mode: \u00e4"'),
        ('"mode: enforce"', '"mode: \\u0065nforce"'),
        ('"mode: enforce"', '"mode: \\"enforce"'),
        ('"mode: enforce"', '""'),
        ('"mode: enforce"', "5"),
        ('"mx-host"', '"mx-host": "mx1.example.gov", "x"'),
        ('"mx-host"', '"mx-host": null, "x"'),
        ('"Example.gov"', '"b\u00fccher.example"'),
        ('"Example.gov"', '"_x.example"'),
        ('"Example.gov"', '" Example.gov "'),
        ('"sts"', '"STS"'),
        ('"sts"', '"later"'),
        ("2026-05-10T00:00:00Z", "2026-02-30T00:00:00Z"),
        ("2026-05-10T00:00:00Z", "2026-05-10T00:00:00"),
        ("2026-05-10T00:00:00Z", "2026-05-11T00:00:00Z"),
        ('"Sender"', '{"a": "b"}'),
        ('"Sender"', "NaN"),
        ('"Sender"', "[" * 5000),
        ('"Sender"', '""'),
        ("}", ""),
        ("}", "},"),
        ("{", '{"x": "\t"'),
        ("{", "\ufeff{"),
    ],
)
def test_what_is_out_of_the_ordinary_is_read_the_long_way(old: str, new: str) -> None:
    for write in WRITERS:
        text = write(DOCUMENT)
        assert old in text
        raw = text.replace(old, new, 1).encode()
        assert ordinary.read(raw) is None
        both_ways(raw)


def test_more_than_a_report_may_have_is_read_the_long_way() -> None:
    details = [{"result-type": "tlsa-invalid", "failed-session-count": 0}] * (DETAILS_MAX // 2 + 1)
    row = DOCUMENT["policies"][0] | {"failure-details": details}
    raw = compact(DOCUMENT | {"policies": [row, row]}).encode()
    assert ordinary.read(raw) is None
    assert ordinary.read(compact(DOCUMENT | {"policies": [row]}).encode()) is not None


def test_sessions_that_are_listed_twice_are_read_the_long_way() -> None:
    row = DOCUMENT["policies"][0]
    tlsa = row | {"policy": row["policy"] | {"policy-type": "tlsa"}}
    raw = compact(DOCUMENT | {"policies": [row, tlsa]}).encode()
    assert ordinary.read(raw) is None
    both_ways(raw)


@pytest.mark.parametrize("row", [pytest.param(row, id=row["id"]) for row in ROWS])
def test_every_quirk_of_a_sender_is_read_the_same_both_ways(row: dict[str, Any]) -> None:
    raw = raw_of(row["input"])
    try:
        unpack(raw)
    except ReportError:
        return
    both_ways(raw)


TEXTS = st.text(st.sampled_from("aZ9 :,.-{}[]/@"), min_size=1, max_size=9)
LINES = st.lists(TEXTS, max_size=3)
COUNTS = st.integers(5, 10**9)
DETAILS = st.fixed_dictionaries(
    {
        "result-type": st.sampled_from(sorted(RESULT_TYPES)),
        "failed-session-count": st.integers(0, 5),
    },
    optional=dict.fromkeys(
        [
            "receiving-mx-hostname",
            "receiving-ip",
            "sending-mta-ip",
            "additional-information",
            "failure-reason-code",
        ],
        TEXTS,
    ),
)
ENTRIES = st.fixed_dictionaries(
    {
        "policy": st.fixed_dictionaries(
            {
                "policy-type": st.sampled_from(["sts", "no-policy-found"]),
                "policy-domain": st.sampled_from(
                    ["a.example", "B.Example", "xn--bcher-kva.example"]
                ),
            },
            optional={"policy-string": LINES, "mx-host": LINES},
        ),
        "summary": st.fixed_dictionaries(
            {"total-successful-session-count": COUNTS, "total-failure-session-count": COUNTS}
        ),
    },
    optional={"failure-details": st.lists(DETAILS, max_size=4)},
)
REPORTS = st.fixed_dictionaries(
    {
        "organization-name": TEXTS,
        "date-range": st.just(DOCUMENT["date-range"]),
        "contact-info": TEXTS,
        "report-id": TEXTS,
        "policies": st.lists(ENTRIES, min_size=1, max_size=3),
    }
)


@given(REPORTS, st.sampled_from(WRITERS))
def test_any_ordinary_report_takes_the_fast_way(
    document: dict[str, Any], write: Callable[[object], str]
) -> None:
    raw = write(document).encode()
    assert ordinary.read(raw) == both_ways(raw)


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
    both_ways(compact(changed(path, value)).encode())


PIECES = st.sampled_from(
    [
        *('"', "\\", "{", "}", "[", "]", ":", ",", " ", "\n", "0", "-", ".0", "e9", "\x00", "\x7f"),
        *('"x":1,', '"x":"y",', '"report-id":"r1",', '"policies":[],', "null", "\u00e9"),
    ]
)


@given(st.data(), REPORTS, PIECES)
def test_both_ways_give_the_same_whatever_is_put_into_the_text(
    data: st.DataObject, document: dict[str, Any], piece: str
) -> None:
    text = compact(document)
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 2))
    both_ways((text[:at] + piece + text[at + cut :]).encode())
