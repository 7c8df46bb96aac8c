"""What mtasts wrote is read as it was written, and whatever else is there is named."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING

import pytest

from mtasts.json_fields import Fields, JsonError, read_fields, read_texts

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 1000


class Colour(StrEnum):
    """Some words."""

    RED = "red"
    GREEN = "green"


def fields(text: str) -> Fields:
    return read_fields(text, MAX_BYTES)


@pytest.mark.parametrize(
    ("spelled", "read", "expected"),
    [
        ('"a"', lambda found: found.text("k"), "a"),
        ('["a", ""]', lambda found: found.texts("k"), ("a", "")),
        ("[]", lambda found: found.texts("k"), ()),
        ("0", lambda found: found.whole("k"), 0),
        ("false", lambda found: found.flag("k"), False),
        (
            '"2026-01-01T00:00:00+00:00"',
            lambda found: found.time("k"),
            dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        ),
        ('"2026-01-01"', lambda found: found.date("k"), dt.date(2026, 1, 1)),
        ('"red"', lambda found: found.word("k", Colour), Colour.RED),
        ('{"a": "b"}', lambda found: found.fields("k").text("a"), "b"),
        ('[{"a": "b"}]', lambda found: [each.text("a") for each in found.rows("k")], ["b"]),
        ('{"a": 1, "b": 2}', lambda found: list(found.fields("k")), ["a", "b"]),
    ],
)
def test_a_value_is_read_as_it_was_written(
    spelled: str, read: Callable[[Fields], object], expected: object
) -> None:
    found = fields(f'{{"k": {spelled}, "of a newer release": 1}}')
    assert read(found) == expected
    assert ("k" in found, "other" in found) == (True, False)


@pytest.mark.parametrize(
    ("spelled", "read", "says"),
    [
        ("7", lambda found: found.text("k"), "k: 7 is no text"),
        ("null", lambda found: found.text("k"), "k: None is no text"),
        ('"a"', lambda found: found.texts("k"), "k: 'a' is no list"),
        ('["a", 1]', lambda found: found.texts("k"), "k: list is no list of texts"),
        ("true", lambda found: found.whole("k"), "k: True is no whole number"),
        ("-1", lambda found: found.whole("k"), "k: -1 is no whole number"),
        ("1.0", lambda found: found.whole("k"), "k: 1.0 is no whole number"),
        ('"1"', lambda found: found.whole("k"), "k: '1' is no whole number"),
        ("0", lambda found: found.flag("k"), "k: 0 is neither true nor false"),
        ("7", lambda found: found.time("k"), "k: 7 is no text"),
        ('"soon"', lambda found: found.time("k"), "k: 'soon' is no time"),
        (
            '"2026-01-01T00:00:00"',
            lambda found: found.time("k"),
            "k: '2026-01-01T00:00:00' is a time without a zone",
        ),
        ('"2026-02-30"', lambda found: found.date("k"), "k: '2026-02-30' is no day"),
        ('"blue"', lambda found: found.word("k", Colour), "k: 'blue' is none of red, green"),
        ("[]", lambda found: found.fields("k"), "k: list is no object"),
        ("[{}, 1]", lambda found: found.rows("k"), "k[1]: 1 is no object"),
        ("[{}]", lambda found: found.rows("k")[0].text("a"), "k[0].a: the key is missing"),
        ('{"a": {}}', lambda found: found.fields("k").fields("a").flag("b"), "k.a.b: the key"),
        (f'"{"x" * 200}"', lambda found: found.whole("k"), f"k: '{'x' * 79}... is no whole"),
    ],
)
def test_what_is_something_else_is_named(
    spelled: str, read: Callable[[Fields], object], says: str
) -> None:
    found = fields(f'{{"k": {spelled}}}')
    with pytest.raises(JsonError) as caught:
        read(found)
    assert str(caught.value).startswith(says)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "it is no JSON"),
        (b"\xff", "it is no JSON"),
        (b"{", "it is no JSON"),
        (b'{"a": ' * 100_000, "larger than 1000 bytes"),
        ("[" * 999, "it is no JSON"),
        (b"[]", "list is no object"),
        (b"1", "1 is no object"),
    ],
)
def test_what_is_no_bounded_object_is_refused(raw: bytes | str, says: str) -> None:
    with pytest.raises(JsonError, match=says):
        read_fields(raw, MAX_BYTES)


def test_an_object_may_be_as_large_as_its_bound() -> None:
    raw = b'{"k": "x"}'
    assert read_fields(raw, len(raw)).text("k") == "x"
    with pytest.raises(JsonError, match="larger than"):
        read_fields(raw, len(raw) - 1)


def test_a_text_that_is_nested_too_deeply_is_refused() -> None:
    deep = b'{"a": ' * 100_000
    with pytest.raises(JsonError, match="it is no JSON"):
        read_fields(deep, len(deep))


def test_a_list_of_texts_stands_alone_too() -> None:
    assert read_texts('["a", "b"]', MAX_BYTES) == ("a", "b")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("[]", "list is no list of texts"),
        ('["a", 1]', "list is no list of texts"),
        ('"a"', "'a' is no list of texts"),
        ("a", "it is no JSON"),
        (f'["{"a" * MAX_BYTES}"]', "it is larger than 1000 bytes"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(raw: str, says: str) -> None:
    with pytest.raises(JsonError, match=says):
        read_texts(raw, MAX_BYTES)
