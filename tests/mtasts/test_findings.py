"""Findings, severities, and what may be shown of hostile bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtasts.findings import Finding, Problem, Severity, ordered, printable


def test_severities_are_ordered_and_read_back() -> None:
    assert Severity.INFO < Severity.WARNING < Severity.ERROR
    assert [Severity.parse(level.label) for level in Severity] == list(Severity)


def test_an_unknown_severity_is_answered_with_the_words_that_exist() -> None:
    with pytest.raises(ValueError, match="write one of info, warning, error"):
        Severity.parse("fatal")


def test_the_json_shape() -> None:
    finding = Finding("a-b", Severity.WARNING, "summary", "clause", "evidence", "fix")
    assert finding.as_json() == {
        "id": "a-b",
        "severity": "warning",
        "summary": "summary",
        "clause": "clause",
        "evidence": "evidence",
        "fix": "fix",
    }


def test_the_gravest_come_first_and_repetition_is_cut() -> None:
    note = Finding("note", Severity.INFO, "s", "c")
    fault = Finding("fault", Severity.ERROR, "s", "c")
    assert ordered([note, fault, note]) == (fault, note, note)
    assert ordered([fault] * 21 + [note]) == (*[fault] * 20, note)


def test_a_problem_names_its_place_and_clause() -> None:
    assert str(Problem("x", "RFC 1", b"\x1b", 3)) == r"x in line 3: \x1b (RFC 1)"
    assert str(Problem("x", "RFC 1")) == "x (RFC 1)"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        pytest.param(b"a b~", "a b~", id="ascii"),
        pytest.param(b"\x1b[31m\r\n\x00", r"\x1b[31m\x0d\x0a\x00", id="controls"),
        pytest.param(b"\\x41", r"\x5cx41", id="a-backslash-is-escaped-itself"),
        pytest.param("é", r"\xc3\xa9", id="text"),
        pytest.param("\udc80", r"\x80", id="surrogate-escape"),
        pytest.param("\ud800", r"\xed\xa0\x80", id="lone-surrogate"),
        pytest.param(b"a" * 121, "a" * 117 + "...", id="long"),
        pytest.param(b"a" * 120, "a" * 120, id="just-fits"),
    ],
)
def test_printable(raw: bytes | str, shown: str) -> None:
    assert printable(raw) == shown


@settings(derandomize=True)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)), st.integers(3, 150))
def test_anything_becomes_short_printable_ascii(raw: bytes | str, limit: int) -> None:
    shown = printable(raw, limit)
    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown) <= limit
