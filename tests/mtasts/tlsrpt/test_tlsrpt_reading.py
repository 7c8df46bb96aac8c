"""A TLS report is read strictly where numbers are, and as senders write it elsewhere.

The schema is that of RFC 8460 sections 4 and 4.4.
"""

from __future__ import annotations

import copy
import datetime as dt
import gzip
import json
import re
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mtasts.tlsrpt import unpacking
from mtasts.tlsrpt.reading import parse_report
from mtasts.tlsrpt.report import (
    DETAILS_MAX,
    POLICIES_MAX,
    Drop,
    DroppedRow,
    Failure,
    Report,
    ReportWarning,
)
from mtasts.tlsrpt.unpacking import OtherFormatError, ReportError

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
    assert found.warnings == ()
    assert found.accepted


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(encoded(EXAMPLE)),
        gzip.compress(encoded(EXAMPLE)[:40]) + gzip.compress(encoded(EXAMPLE)[40:]),
        b"\xef\xbb\xbf" + encoded(EXAMPLE),
        gzip.compress(encoded(EXAMPLE)) + b"\r\n",
        gzip.compress(encoded(EXAMPLE)[:40])
        + b"\r\n"
        + gzip.compress(encoded(EXAMPLE)[40:])
        + b"\0" * 9,
    ],
    ids=["gzip", "two-members", "byte-order-mark", "crlf-after", "padding"],
)
def test_every_member_of_a_gzip_file_counts(packed: bytes) -> None:
    assert replace(parse_report(packed), warnings=()) == parse_report(encoded(EXAMPLE))


POLICY = "policies/0"
COUNT = f"{POLICY}/summary/total-failure-session-count"


def test_the_hour_24_is_the_next_day() -> None:
    found = parse_report(changed("date-range/end-datetime", "2016-04-01T24:00:00Z"))
    assert found.end == dt.datetime(2016, 4, 2, tzinfo=dt.UTC)


def test_of_a_member_that_occurs_twice_the_last_counts() -> None:
    raw = encoded(EXAMPLE).replace(b'"report-id"', b'"report-id": "first", "report-id"')
    assert parse_report(raw).report_id == EXAMPLE["report-id"]


def test_a_policy_in_one_text_is_read_by_lines() -> None:
    text = "version: STSv1\r\nmode: testing\r\n"
    for value in (text, [text]):
        (policy,) = parse_report(changed(f"{POLICY}/policy/policy-string", value)).policies
        assert policy.strings == ("version: STSv1", "mode: testing")


DETAIL = f"{POLICY}/failure-details/0"
TOTAL = "total-failure-session-count"
NO_COUNT = ["5", 2.5, True, -1, [], 2**53, float("nan"), float("inf")]


def two_rows(path: str, value: object) -> Report:
    """The example with a second row for another domain, and one value changed in the first."""
    document = json.loads(changed(path, value))
    other = copy.deepcopy(EXAMPLE["policies"][0])
    other["policy"]["policy-domain"] = "other.example"
    document["policies"].append(other)
    return parse_report(encoded(document))


@pytest.mark.parametrize("value", [*NO_COUNT, None, ...])
@pytest.mark.parametrize("key", ["total-successful-session-count", TOTAL])
def test_a_row_whose_total_is_no_count_is_left_out_and_the_rest_is_read(
    key: str, value: object
) -> None:
    found = two_rows(f"{POLICY}/summary/{key}", value)
    assert [each.domain for each in found.policies] == ["other.example"]
    (row,) = found.dropped
    assert (row.kind, row.where, row.domain) == (Drop.ROW, "policies[0]", "Company-Y.example.")
    assert row.reason.startswith(f"{key} is ")
    assert row.may_hide_failures


@pytest.mark.parametrize("value", NO_COUNT)
def test_a_detail_whose_count_is_none_is_left_out_and_the_rest_is_read(value: object) -> None:
    found = two_rows(f"{DETAIL}/failed-session-count", value)
    assert [each.result_type for each in found.policies[0].details] == ["starttls-not-supported"]
    (row,) = found.dropped
    assert (row.kind, row.where) == (Drop.DETAIL, "policies[0].failure-details[0]")
    assert (row.domain, row.may_hide_failures) == ("company-y.example", True)
    assert row.reason.startswith("failed-session-count is ")


@pytest.mark.parametrize("value", [None, ...])
def test_a_detail_without_a_count_is_kept_where_the_total_says_that_something_failed(
    value: object,
) -> None:
    assert two_rows(f"{DETAIL}/failed-session-count", value).policies[0].details[0].count is None
    document = json.loads(changed(f"{DETAIL}/failed-session-count", value))
    document["policies"][0]["summary"][TOTAL] = 0
    (row,) = parse_report(encoded(document)).dropped
    assert row.reason == f"failed-session-count is missing, and {TOTAL} is 0"


@pytest.mark.parametrize(
    ("path", "value", "kind", "says"),
    [
        (POLICY, 5, Drop.ROW, "the row is '5', not a JSON object"),
        (f"{POLICY}/policy", ..., Drop.ROW, "policy is missing, not"),
        (f"{POLICY}/policy/policy-domain", ..., Drop.ROW, "policy-domain is missing"),
        (f"{POLICY}/policy/policy-domain", ["a"], Drop.ROW, r"policy-domain is '\['a'\]'"),
        (f"{POLICY}/policy/policy-domain", "_other_.example", Drop.ROW, "policy-domain: the label"),
        (f"{POLICY}/summary", None, Drop.ROW, "summary is missing, not a JSON object"),
        (f"{POLICY}/failure-details", "none", Drop.DETAIL, "failure-details is 'none', not a list"),
        (f"{DETAIL}", [], Drop.DETAIL, r"the row is '\[\]', not a JSON object"),
        (f"{DETAIL}/result-type", ..., Drop.DETAIL, "result-type is missing"),
        (f"{DETAIL}/result-type", 7, Drop.DETAIL, "result-type is missing"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_and_the_rest_is_read(
    path: str, value: object, kind: Drop, says: str
) -> None:
    found = two_rows(path, value)
    assert found.policies[-1].domain == "other.example"
    assert len(found.policies) == (2 if kind is Drop.DETAIL else 1)
    (row,) = found.dropped
    assert row.kind is kind
    assert re.match(says, row.reason), row.reason


@pytest.mark.parametrize(
    ("summary", "details", "hides"),
    [
        ({TOTAL: 0}, ..., False),
        ({TOTAL: 0}, [], False),
        ({TOTAL: 0}, [{}], True),
        ({TOTAL: 1}, ..., True),
        ({TOTAL: "0"}, ..., True),
        ({TOTAL: False}, ..., True),
        ({}, ..., True),
        (None, ..., True),
    ],
)
def test_a_row_hides_no_failure_where_it_says_so_in_a_number(
    summary: object, details: object, *, hides: bool
) -> None:
    row: dict[str, object] = {"policy": {"policy-type": "no-policy-found"}, "summary": summary}
    if details is not ...:
        row["failure-details"] = details
    (found,) = parse_report(changed("policies", [row])).dropped
    assert (found.domain, found.may_hide_failures) == (None, hides)


@pytest.mark.parametrize(
    ("written", "concerns"),
    [
        (None, True),
        ("Example.GOV.", True),
        (" example.gov ", True),
        ("_smtp._tls.example.gov", True),
        ("exam ple.gov", True),
        ("ex\u00e4mple..gov", True),
        ("other.gov", False),
        ("sub.example.gov", False),
        ("_other_.example", False),
    ],
)
def test_a_row_may_concern_the_domain_unless_it_names_another(
    written: str | None, *, concerns: bool
) -> None:
    assert DroppedRow(Drop.ROW, "", "", written).may_concern("example.gov") is concerns


@pytest.mark.parametrize(
    ("name", "before"), [(b'"policies"', b"[]"), (b'"date-range"', b"{}")], ids=["rows", "dates"]
)
def test_a_member_twice_that_decides_refuses_the_report(name: bytes, before: bytes) -> None:
    raw = encoded(EXAMPLE).replace(name, name + b": " + before + b", " + name, 1)
    with pytest.raises(ReportError, match="given twice, with different values"):
        parse_report(raw)


@pytest.mark.parametrize(
    ("name", "before", "kind"),
    [
        (TOTAL, "142", Drop.ROW),
        ("summary", "{}", Drop.ROW),
        ("policy-domain", '"other.example"', Drop.ROW),
        ("failure-details", "[]", Drop.DETAIL),
        ("failed-session-count", "9", Drop.DETAIL),
        ("result-type", '"dane-required"', Drop.DETAIL),
    ],
)
def test_a_number_that_is_given_twice_counts_as_neither(name: str, before: str, kind: Drop) -> None:
    quoted = f'"{name}"'
    raw = json.dumps(EXAMPLE).replace(quoted, f"{quoted}: {before}, {quoted}", 1)
    (row,) = parse_report(raw.encode()).dropped
    assert (row.kind, row.may_hide_failures) == (kind, True)
    assert name == "result-type" or "given twice, with different values" in row.reason
    same = json.dumps(EXAMPLE).replace(quoted, f"{quoted}: {json.dumps(_value(name))}, {quoted}", 1)
    assert parse_report(same.encode()).dropped == ()


def _value(name: str) -> object:
    row = EXAMPLE["policies"][0]
    places = (row, row["policy"], row["summary"], row["failure-details"][0])
    return next(place[name] for place in places if name in place)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("date-range", ..., "date-range is missing, not a JSON object"),
        ("date-range/end-datetime", ..., "end-datetime is missing"),
        ("date-range/end-datetime", "tomorrow", "no time of RFC 3339"),
        ("date-range/end-datetime", 10**20, "end-datetime '10+' is no time"),
        ("date-range/end-datetime", "2016-02-30T00:00:00Z", "no time of RFC 3339"),
        ("date-range/end-datetime", "9999-12-31T24:00:00Z", "no time of RFC 3339"),
        ("date-range/end-datetime", "2016-03-01T00:00:00Z", "ends before it begins"),
        ("policies", ..., "policies is missing"),
        ("policies", "none", "policies is 'none', not a list"),
    ],
)
def test_what_no_row_can_do_without_refuses_the_report(path: str, value: object, says: str) -> None:
    with pytest.raises(ReportError, match=says):
        parse_report(changed(path, value))


def test_somebody_has_to_have_sent_it() -> None:
    document = json.loads(changed("organization-name", ...))
    assert parse_report(encoded(document)).reporter == "company-x.example"
    del document["contact-info"]
    with pytest.raises(ReportError, match="neither organization-name nor contact-info"):
        parse_report(encoded(document))


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "no JSON"),
        (b"[]", "the report is '.*', not a JSON object"),
        (encoded(EXAMPLE) + encoded(EXAMPLE), "no JSON"),
        (b"\xff\xfe{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (gzip.compress(encoded(EXAMPLE))[:-9], "cut off"),
        (gzip.compress(encoded(EXAMPLE)) + b"\r\nmore", "cannot be inflated"),
        (b"\x1f\x8b\x00\x00", "cannot be inflated"),
        (b"PK\x03\x04rest", "a zip archive: take the reports out of it"),
    ],
    ids=["empty", "list", "two", "bytes", "deep", "cut", "trailing", "broken", "zip"],
)
def test_what_is_no_report_is_refused(raw: bytes, says: str) -> None:
    with pytest.raises(ReportError, match=says):
        parse_report(raw)


def test_xml_is_told_from_a_broken_report() -> None:
    for raw in (b'<?xml version="1.0"?>', gzip.compress(b'\xef\xbb\xbf <?xml version="1.0"?>')):
        with pytest.raises(OtherFormatError, match="XML"):
            parse_report(raw)
    with pytest.raises(ReportError) as refused:
        parse_report(b"<html>")
    assert not isinstance(refused.value, OtherFormatError)


def test_sizes_and_counts_are_bounded() -> None:
    bomb = gzip.compress(b" " * (unpacking.INFLATED_MAX_BYTES + 1))
    with pytest.raises(ReportError, match="inflates to more"):
        parse_report(bomb)
    with pytest.raises(ReportError, match="larger than"):
        parse_report(b" " * (unpacking.INFLATED_MAX_BYTES + 1))
    with pytest.raises(ReportError, match=f"larger than {unpacking.COMPRESSED_MAX_BYTES} bytes"):
        parse_report(gzip.compress(b"{}") + bytes(unpacking.COMPRESSED_MAX_BYTES))
    (policy, *_) = EXAMPLE["policies"]
    for details, policies, says in (
        (DETAILS_MAX + 1, 1, f"more than {DETAILS_MAX} failure-details"),
        (0, POLICIES_MAX + 1, f"more than {POLICIES_MAX} entries"),
    ):
        row = {**policy, "failure-details": [{}] * details}
        with pytest.raises(ReportError, match=says):
            parse_report(encoded({**EXAMPLE, "policies": [row] * policies}))


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


def test_of_many_warnings_with_one_id_the_first_are_kept_and_no_id_is_lost() -> None:
    document = copy.deepcopy(EXAMPLE)
    document["policies"] = [document["policies"][0] | {"failure-details": [{}] * 50}, 5]
    ids = Counter(each.id for each in parse_report(encoded(document)).warnings)
    assert ids == {"row-without-result-type": 20, "row-not-object": 1}


def test_a_warning_says_where_and_what() -> None:
    found = parse_report(changed("date-range/start-datetime", "2016-04-01T00:00:00"))
    assert found.warnings == (ReportWarning("date-zone-missing", "start-datetime", "UTC is taken"),)


def test_a_leap_second_is_the_second_after_it() -> None:
    found = parse_report(changed("date-range/end-datetime", "2016-12-31T23:59:60Z"))
    assert found.end == dt.datetime(2017, 1, 1, tzinfo=dt.UTC)


def test_more_values_than_any_report_has_are_not_read_into_memory() -> None:
    for filler, says in ((b"{},", "300000 objects"), (b"1,", "1500000 values")):
        text = b'{"x": [' + filler * (1_600_000 if filler == b"1," else 310_000) + b"1]}"
        with pytest.raises(ReportError, match=says) as refused:
            parse_report(text)
        assert refused.value.warnings[-1].id == "too-many-rows"


def test_gzip_members_are_bounded_since_each_costs_a_copy() -> None:
    one = gzip.compress(b" ")
    with pytest.raises(ReportError, match="more than 100 gzip members"):
        parse_report(one * 101 + gzip.compress(encoded(EXAMPLE)))
    assert parse_report(one * 99 + gzip.compress(encoded(EXAMPLE))).accepted
