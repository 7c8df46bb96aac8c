"""The TXT records of RFC 8461 section 3.1 and RFC 8460 section 3."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtasts.records import (
    Outcome,
    PresentationError,
    RecordError,
    StsRecord,
    TlsRptRecord,
    parse_presentation,
    select_sts,
    select_tlsrpt,
    to_presentation,
)


@pytest.mark.parametrize(
    ("rrset", "outcome", "record_id"),
    [
        pytest.param([[b"v=STSv1; id=a1;"]], "valid", "a1", id="closed"),
        pytest.param([[b"v=STSv1;id=a1"]], "valid", "a1", id="tight"),
        pytest.param([[b"v=STSv1; ", b"id=1"]], "valid", "1", id="strings-joined"),
        pytest.param([[b"v=STSv1 ;id=a"]], "valid", "a", id="space-before-semicolon-alone"),
        pytest.param([[b"v=STSv1; x=y; id=1"]], "valid", "1", id="unknown-field"),
        pytest.param([[b"v=STSv1; id=1; id=2"]], "valid", "1", id="first-duplicate-wins"),
        pytest.param([[b"v=STSv1; id=" + b"a" * 32]], "valid", "a" * 32, id="id-of-32"),
        pytest.param([[b"v=spf1 -all"], [b"v=STSv1; id=1"]], "valid", "1", id="others-discarded"),
        pytest.param([], "none", None, id="empty"),
        pytest.param([[b"v=spf1 -all"]], "none", None, id="unrelated"),
        pytest.param([[b"v=STSv10; id=1"]], "none", None, id="STSv10"),
        pytest.param([[b"v=stsv1; id=1"]], "none", None, id="lower-case"),
        pytest.param([[b"v=STSv1; id=1"], [b"v=STSv1; id=2"]], "multiple", None, id="two"),
        pytest.param([[b"v=STSv1 ;id=1"], [b"v=spf1"]], "none", None, id="discarded-by-erratum"),
        pytest.param([[b"v=STSv1"]], "invalid", None, id="version-only"),
        pytest.param([[b"v=STSv1; x=y"]], "invalid", None, id="no-id"),
        pytest.param([[b"v=STSv1; id=a-b"]], "invalid", None, id="hyphen-in-id"),
        pytest.param([[b"v=STSv1; id=" + b"a" * 33]], "invalid", None, id="id-of-33"),
        pytest.param([[b"v=STSv1; id="]], "invalid", None, id="empty-id"),
        pytest.param([[b"v=STSv1; id=1;;"]], "invalid", None, id="two-delimiters"),
        pytest.param([[b"v=STSv1; id=1 "]], "invalid", None, id="trailing-space"),
        pytest.param([[b"v=STSv1; id=1; junk"]], "invalid", None, id="no-equals"),
        pytest.param([[b"v=STSv1; id=1; \xff=1"]], "invalid", None, id="not-ascii"),
    ],
)
def test_sts(rrset: list[list[bytes]], outcome: str, record_id: str | None) -> None:
    found = select_sts(rrset)
    assert (found.outcome, found.record and found.record.id) == (Outcome(outcome), record_id)


M = "mailto:tls@example.gov"
H = "https://reports.example.gov/v1?x=%2C"


@pytest.mark.parametrize(
    ("text", "outcome", "rua"),
    [
        pytest.param(f"v=TLSRPTv1; rua={M}", "valid", (M,), id="mailto"),
        pytest.param(f"v=TLSRPTv1;rua={M} , {H};", "valid", (M, H), id="both-and-closed"),
        pytest.param(f"v=TLSRPTv1; x=1; rua={M}", "valid", (M,), id="extension"),
        pytest.param("v=TLSRPTv1;", "invalid", None, id="no-rua"),
        pytest.param("v=TLSRPTv1; rua=tls@example.gov", "invalid", None, id="no-scheme"),
        pytest.param("v=TLSRPTv1; rua=http://example.gov/", "invalid", None, id="http"),
        pytest.param(f"v=TLSRPTv1; rua={M}!10m", "invalid", None, id="size-suffix"),
        pytest.param(f"v=TLSRPTv1; rua={M},", "invalid", None, id="empty-uri"),
        pytest.param("v=TLSRPTv2; rua=x", "none", None, id="TLSRPTv2"),
    ],
)
def test_tlsrpt(text: str, outcome: str, rua: tuple[str, ...] | None) -> None:
    found = select_tlsrpt([[text.encode()]])
    assert (found.outcome, found.record and found.record.rua) == (Outcome(outcome), rua)


def test_an_invalid_record_says_why() -> None:
    found = select_sts([[b"v=STSv1; id=a-b"]])
    assert found.error is not None
    assert (found.error.code, found.error.evidence) == ("sts-record-id-malformed", b"a-b")


@settings(derandomize=True)
@given(st.from_regex(r"\A[A-Za-z0-9]{1,32}\Z"))
def test_a_rendered_sts_record_is_read_back(record_id: str) -> None:
    record = StsRecord(record_id)
    assert StsRecord.parse(record.render().encode()) == record


def test_a_rendered_tlsrpt_record_is_read_back() -> None:
    record = TlsRptRecord((M, H))
    assert TlsRptRecord.parse(record.render().encode()) == record


PARTS = st.sampled_from(
    [b"v=STSv1", b"v=TLSRPTv1", b";", b" ", b"id=", b"rua=", b"a", b",", M.encode(), b"\x80"]
)


@settings(derandomize=True, max_examples=300)
@given(st.one_of(st.binary(max_size=80), st.lists(PARTS).map(b"".join)))
def test_any_bytes_are_a_record_or_a_record_error(text: bytes) -> None:
    for kind in (StsRecord, TlsRptRecord):
        with contextlib.suppress(RecordError):
            assert kind.parse(text).render()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(rb'"v=STSv1; " "id=1"', (b"v=STSv1; ", b"id=1"), id="two-strings"),
        pytest.param(rb'"a\"b\\c\009"', (b'a"b\\c\t',), id="escapes"),
        pytest.param(rb"bare \065", (b"bare", b"A"), id="unquoted"),
        pytest.param(rb'""', (b"",), id="empty-string"),
    ],
)
def test_presentation(line: bytes, expected: tuple[bytes, ...]) -> None:
    assert parse_presentation(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'"open', id="open-quote"),
        pytest.param(rb'"\256"', id="escape-over-255"),
        pytest.param(rb'"\1"', id="short-escape"),
        pytest.param(b"a\\", id="backslash-at-the-end"),
        pytest.param(b'"' + b"a" * 256 + b'"', id="string-of-256"),
    ],
)
def test_presentation_refused(line: bytes) -> None:
    with pytest.raises(PresentationError):
        parse_presentation(line)


@settings(derandomize=True)
@given(st.binary(max_size=600))
def test_a_presented_value_is_read_back_in_strings_of_255(value: bytes) -> None:
    strings = parse_presentation(to_presentation(value).encode("ascii"))
    assert b"".join(strings) == value
    assert all(len(string) <= 255 for string in strings)
