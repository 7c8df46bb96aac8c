"""The TXT records of RFC 8461 section 3.1 and RFC 8460 section 3, and their presentation."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtasts.records import (
    PresentationError,
    RecordSyntaxError,
    StsRecord,
    TlsRptRecord,
    parse_presentation,
    select_sts,
    select_tlsrpt,
    to_presentation,
)

VECTORS = Path(__file__).parents[1] / "vectors"


def rows(name: str) -> list[Any]:
    lines = (VECTORS / name).read_text().splitlines()
    return [pytest.param(row, id=row["id"]) for row in map(json.loads, lines)]


def raw(value: dict[str, str]) -> bytes:
    return value["text"].encode() if "text" in value else bytes.fromhex(value["hex"])


def rrset(row: dict[str, Any]) -> list[list[bytes]]:
    return [[raw(string) for string in strings] for strings in row["input"]["rrset"]]


@pytest.mark.parametrize("row", rows("sts_record.jsonl"))
def test_sts_vector(row: dict[str, Any]) -> None:
    found = select_sts(rrset(row))
    record = {"id": found.record.id} if found.record else None
    assert (str(found.outcome), record) == (row["expect"]["outcome"], row["expect"]["record"])
    assert [problem.code for problem in found.problems] == row["expect"].get("problems", [])


@pytest.mark.parametrize("row", rows("tlsrpt_record.jsonl"))
def test_tlsrpt_vector(row: dict[str, Any]) -> None:
    found = select_tlsrpt(rrset(row))
    record = {"rua": list(found.record.rua)} if found.record else None
    assert (str(found.outcome), record) == (row["expect"]["outcome"], row["expect"]["record"])
    assert [problem.code for problem in found.problems] == row["expect"].get("problems", [])


def test_every_problem_is_reported_with_its_clause() -> None:
    with pytest.raises(RecordSyntaxError) as refused:
        StsRecord.parse(b"v=STSv1; junk; id=a-b")
    assert str(refused.value) == (
        "sts-record-field-malformed: junk (RFC 8461 section 3.1); "
        "sts-record-id-malformed: a-b (RFC 8461 section 3.1)"
    )


def test_a_hopeless_record_has_a_short_list_of_problems() -> None:
    assert len(select_sts([[b"v=STSv1" + b";" * 60_000]]).problems) < 30


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"v=STSv1" + b" " * 1_000_000 + b"x", id="white-space"),
        pytest.param(b"v=TLSRPTv1; rua=mailto:" + b"a" * 1_000_000, id="local-part"),
        pytest.param(b"v=TLSRPTv1; rua=https://" + b"%41" * 300_000 + b"\\", id="percent"),
    ],
)
def test_a_long_text_is_read_without_complaint(text: bytes) -> None:
    assert select_sts([[text]]).record is None
    assert select_tlsrpt([[text]]).record is None


@settings(derandomize=True)
@given(st.from_regex(r"\A[A-Za-z0-9]{1,32}\Z"))
def test_a_rendered_sts_record_is_read_back(record_id: str) -> None:
    record = StsRecord(record_id)
    assert StsRecord.parse(record.render().encode()) == record


URIS = st.one_of(
    st.from_regex(r"\Amailto:[a-z0-9.+]{1,9}(?:%2C|%21)?@[a-z]{1,9}\.example\Z"),
    st.from_regex(r"\Ahttps://[a-z]{1,9}\.example(?:/[a-z0-9=&]{0,9})?(?:\?[a-z=&]{0,9})?\Z"),
)


@settings(derandomize=True)
@given(st.lists(URIS, min_size=1, max_size=4).map(tuple))
def test_a_rendered_tlsrpt_record_is_read_back(rua: tuple[str, ...]) -> None:
    record = TlsRptRecord(rua)
    assert TlsRptRecord.parse(record.render().encode()) == record


PIECES = st.sampled_from(
    [
        *(b"v=STSv1", b"v=TLSRPTv1", b";", b" ", b"\t", b"=", b"id=", b"rua=", b"a", b","),
        *(b"mailto:a@b.example", b"https://a.example/", b"!", b"%2C", b"@", b"\x80", b'"'),
    ]
)
GOOD = st.sampled_from([b"v=STSv1; id=a1;", b"v=TLSRPTv1; rua=mailto:a@b.example,https://c.d/"])


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """A good record with a piece of it replaced."""
    text = draw(GOOD)
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, len(text)))
    return text[:start] + draw(st.one_of(st.binary(max_size=3), PIECES)) + text[end:]


@settings(derandomize=True, max_examples=500)
@given(st.one_of(st.binary(max_size=80), st.lists(PIECES).map(b"".join), mutations()))
def test_any_bytes_are_a_record_or_a_record_error(text: bytes) -> None:
    for kind in (StsRecord, TlsRptRecord):
        with contextlib.suppress(RecordSyntaxError):
            record = kind.parse(text)
            assert kind.parse(record.render().encode()) == record
    for select in (select_sts, select_tlsrpt):
        found = select([[text]])
        assert (found.record is None) != (found.outcome == "valid")


@pytest.mark.parametrize("row", rows("presentation.jsonl"))
def test_presentation_vector(row: dict[str, Any]) -> None:
    line, expect = raw(row["input"]), row["expect"]
    if "error" in expect:
        with pytest.raises(PresentationError) as refused:
            parse_presentation(line)
        assert refused.value.code == expect["error"]
    else:
        assert parse_presentation(line) == tuple(raw(string) for string in expect["strings"])


def test_a_text_is_taken_as_utf_8() -> None:
    assert parse_presentation('"é"') == ("é".encode(),)
    assert to_presentation("é") == r'"\195\169"'
    assert to_presentation('a"\\') == r'"a\"\\"'
    assert parse_presentation('"\udc80"')  # what JSON can spell and UTF-8 cannot


@settings(derandomize=True)
@given(st.binary(max_size=600))
def test_a_presented_value_is_read_back_in_strings_of_255(value: bytes) -> None:
    shown = to_presentation(value)
    strings = parse_presentation(shown)
    assert shown.isascii()
    assert shown.isprintable()
    assert b"".join(strings) == value
    assert all(len(string) <= 255 for string in strings)


LINES = st.sampled_from([b'"', b"\\", b"1", b"256", b" ", b";", b"(", b"a", b"\n", b"\xff"])


@settings(derandomize=True, max_examples=300)
@given(st.one_of(st.binary(max_size=80), st.lists(LINES).map(b"".join)))
def test_any_line_is_strings_or_a_presentation_error(line: bytes) -> None:
    with contextlib.suppress(PresentationError):
        assert parse_presentation(line)
