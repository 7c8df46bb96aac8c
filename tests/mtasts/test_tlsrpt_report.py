"""A TLS report is read strictly where numbers are, and as senders write it elsewhere."""

from __future__ import annotations

import copy
import datetime as dt
import gzip
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtasts.tlsrpt import report as module
from mtasts.tlsrpt.report import Failure, ReportError, parse_report

# The example of RFC 8460 appendix B, with the list that its section 4.4 asks for.
EXAMPLE: dict[str, Any] = {
    "organization-name": "Company-X",
    "date-range": {
        "start-datetime": "2016-04-01T00:00:00Z",
        "end-datetime": "2016-04-01T23:59:59Z",
    },
    "contact-info": "sts-reporting@company-x.example",
    "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
    "policies": [
        {
            "policy": {
                "policy-type": "sts",
                "policy-string": ["version: STSv1", "mode: testing"],
                "policy-domain": "Company-Y.example.",
                "mx-host": ["*.mail.company-y.example"],
            },
            "summary": {
                "total-successful-session-count": 5326,
                "total-failure-session-count": 303,
            },
            "failure-details": [
                {
                    "result-type": "certificate-expired",
                    "sending-mta-ip": "2001:db8:abcd:0012::1",
                    "receiving-mx-hostname": "MX1.mail.company-y.example.",
                    "failed-session-count": 100,
                },
                {
                    "result-type": "starttls-not-supported",
                    "receiving-ip": "203.0.113.56",
                    "failed-session-count": 200,
                    "additional-information": "https://reports.company-x.example/?id=5065",
                    "failure-reason-code": "X",
                },
            ],
        }
    ],
}


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def changed(path: str, value: object) -> bytes:
    """The example with another value at a path; ``...`` takes the key away."""
    document = copy.deepcopy(EXAMPLE)
    place: Any = document
    *inner, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in inner:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return encoded(document)


def test_the_example_of_the_rfc_is_read() -> None:
    found = parse_report(encoded(EXAMPLE))
    assert found.organization == "Company-X"
    assert found.contact == "sts-reporting@company-x.example"
    assert found.begin == dt.datetime(2016, 4, 1, tzinfo=dt.UTC)
    assert found.end == dt.datetime(2016, 4, 1, 23, 59, 59, tzinfo=dt.UTC)
    (policy,) = found.policies
    assert (policy.domain, policy.policy_type) == ("company-y.example", "sts")
    assert (policy.successes, policy.failures) == (5326, 303)
    assert policy.strings == ("version: STSv1", "mode: testing")
    assert policy.details == (
        Failure(
            "certificate-expired",
            100,
            mx_host="mx1.mail.company-y.example",
            sending_ip="2001:db8:abcd:0012::1",
        ),
        Failure(
            "starttls-not-supported",
            200,
            receiving_ip="203.0.113.56",
            information="https://reports.company-x.example/?id=5065",
            reason_code="X",
        ),
    )
    assert found.remarks == ()


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(encoded(EXAMPLE)),
        gzip.compress(encoded(EXAMPLE)[:40]) + gzip.compress(encoded(EXAMPLE)[40:]),
        b"\xef\xbb\xbf" + encoded(EXAMPLE),
    ],
    ids=["gzip", "two-members", "byte-order-mark"],
)
def test_every_member_of_a_gzip_file_counts(packed: bytes) -> None:
    assert parse_report(packed) == parse_report(encoded(EXAMPLE))


POLICY = "policies/0"
COUNT = f"{POLICY}/summary/total-failure-session-count"


@pytest.mark.parametrize(
    ("path", "value", "remark"),
    [
        (f"{POLICY}/policy/mx-host", "mx.company-y.example", "mx-host is one text"),
        (f"{POLICY}/policy/mx-host", 5, "mx-host is no list"),
        (f"{POLICY}/policy/mx-host", ["a.example", 5], "mx-host holds more than texts"),
        (f"{POLICY}/policy/policy-string", ..., ""),
        (f"{POLICY}/failure-details", ..., ""),
        (f"{POLICY}/failure-details", None, ""),
        (
            f"{POLICY}/failure-details",
            {"result-type": "later-type", "failed-session-count": 1},
            "failure-details is one object",
        ),
        ("policies", EXAMPLE["policies"][0], "policies is one object"),
        ("contact-info", ..., ""),
        ("contact-info", 7, "contact-info is no text"),
        ("date-range/start-datetime", "2016-04-01T00:00:00", "start-datetime has no zone"),
        ("date-range/start-datetime", "2016-04-01 00:00:00.5z", ""),
        ("date-range/end-datetime", "2016-04-01T24:00:00Z", "end-datetime has the hour 24"),
        ("date-range/end-datetime", "2016-04-02T02:00:00+02:00", ""),
    ],
)
def test_what_senders_are_known_to_do_is_read_with_a_remark(
    path: str, value: object, remark: str
) -> None:
    found = parse_report(changed(path, value))
    assert bool(found.remarks) == bool(remark)
    assert not remark or found.remarks[0].startswith(remark)


def test_the_hour_24_is_the_next_day() -> None:
    found = parse_report(changed("date-range/end-datetime", "2016-04-01T24:00:00Z"))
    assert found.end == dt.datetime(2016, 4, 2, tzinfo=dt.UTC)


def test_of_a_member_that_occurs_twice_the_last_counts() -> None:
    raw = encoded(EXAMPLE).replace(b'"report-id"', b'"report-id": "first", "report-id"')
    found = parse_report(raw)
    assert found.report_id == EXAMPLE["report-id"]
    assert "twice" in found.remarks[0]


@pytest.mark.parametrize("value", ["5", 2.5, True, -1, None, [], 2**53, ...])
@pytest.mark.parametrize("key", [COUNT, f"{POLICY}/failure-details/0/failed-session-count"])
def test_a_count_is_a_whole_number_or_the_report_is_refused(key: str, value: object) -> None:
    with pytest.raises(ReportError, match=key.rpartition("/")[2]):
        parse_report(changed(key, value))


@pytest.mark.parametrize("constant", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_json_has_no_number_for_is_refused(constant: bytes) -> None:
    with pytest.raises(ReportError, match="I-JSON"):
        parse_report(encoded(EXAMPLE).replace(b"5326", constant))


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("date-range", ..., "date-range is no JSON object"),
        ("date-range/end-datetime", ..., "end-datetime is missing"),
        ("date-range/end-datetime", "tomorrow", "no time of RFC 3339"),
        ("date-range/end-datetime", "2016-02-30T00:00:00Z", "no time of RFC 3339"),
        ("date-range/end-datetime", "9999-12-31T24:00:00Z", "no time of RFC 3339"),
        ("date-range/end-datetime", "2016-03-01T00:00:00Z", "ends before it begins"),
        ("organization-name", "", "organization-name is missing"),
        ("report-id", ..., "report-id is missing"),
        ("policies", ..., "policies is no list"),
        ("policies", "none", "policies is no list"),
        (POLICY, 5, r"policies\[0\] is no JSON object"),
        (f"{POLICY}/policy", ..., r"policies\[0\].policy is no JSON object"),
        (f"{POLICY}/policy/policy-domain", "a b", "policy-domain"),
        (f"{POLICY}/policy/policy-type", ..., "policy-type is missing"),
        (f"{POLICY}/summary", None, r"policies\[0\].summary is no JSON object"),
        (f"{POLICY}/failure-details", "none", "failure-details is no list"),
        (f"{POLICY}/failure-details/1", [], r"failure-details\[1\] is no JSON object"),
        (f"{POLICY}/failure-details/1/result-type", ..., "result-type is missing"),
    ],
)
def test_what_cannot_be_understood_is_refused(path: str, value: object, says: str) -> None:
    with pytest.raises(ReportError, match=says):
        parse_report(changed(path, value))


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "no JSON"),
        (b"[]", "the report is no JSON object"),
        (encoded(EXAMPLE) + encoded(EXAMPLE), "no JSON"),
        (b"\xff\xfe{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (gzip.compress(encoded(EXAMPLE))[:-9], "cut off"),
        (gzip.compress(encoded(EXAMPLE)) + b"more", "cannot be inflated"),
        (b"\x1f\x8b\x00\x00", "cannot be inflated"),
    ],
    ids=["empty", "list", "two", "bytes", "deep", "cut", "trailing", "broken"],
)
def test_what_is_no_report_is_refused(raw: bytes, says: str) -> None:
    with pytest.raises(ReportError, match=says):
        parse_report(raw)


def test_sizes_and_counts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(b" " * (module.INFLATED_MAX_BYTES + 1))
    with pytest.raises(ReportError, match="inflates to more"):
        parse_report(bomb)
    with pytest.raises(ReportError, match="larger than"):
        parse_report(b" " * (module.INFLATED_MAX_BYTES + 1))
    monkeypatch.setattr(module, "COMPRESSED_MAX_BYTES", 10)
    with pytest.raises(ReportError, match="larger than 10 bytes"):
        parse_report(gzip.compress(b"{}"))
    monkeypatch.setattr(module, "DETAILS_MAX", 1)
    with pytest.raises(ReportError, match="more than 1 failure-details"):
        parse_report(encoded(EXAMPLE))
    monkeypatch.setattr(module, "POLICIES_MAX", 0)
    with pytest.raises(ReportError, match="more than 0 entries"):
        parse_report(encoded(EXAMPLE))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)
PATHS = st.sampled_from(
    ["date-range", "policies", POLICY, f"{POLICY}/policy", f"{POLICY}/summary", COUNT, "report-id"]
)


@given(PATHS, JSON)
def test_whatever_stands_in_it_the_report_is_read_or_refused(path: str, value: object) -> None:
    with suppress(ReportError):
        found = parse_report(changed(path, value))
        assert all(type(each.failures) is int for each in found.policies)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for packed in (raw, gzip.compress(raw), b"\x1f\x8b" + raw):
        with pytest.raises(ReportError):
            parse_report(packed)


def test_a_remark_is_made_once() -> None:
    raw = changed(
        "date-range", {f"{end}-datetime": "2016-04-01T00:00:00" for end in ("start", "end")}
    )
    twice = raw.replace(b'"report-id"', b'"report-id": "a", "report-id"')
    twice = twice.replace(b'"policy-type"', b'"policy-type": "a", "policy-type"')
    assert len(parse_report(twice).remarks) == 3
