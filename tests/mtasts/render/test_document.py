"""Tables as text, CSV, JSON and a page: whatever is in a cell stays a value."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from mtasts.errors import UsageError
from mtasts.render.charts import SESSIONS, Chart
from mtasts.render.document import (
    Document,
    Field,
    Kind,
    Section,
    as_csv,
    as_json,
    as_text,
    bar,
    percent,
)
from mtasts.render.document_html import as_html

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HOSTILE = (
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\tx",
    "\x1b[31mred\x07",
    "a\u202eb",
    "\udcff\ud800",
    "a\r\nb",
    '"><img src=x onerror=alert(1)>',
)
FIELDS = (
    Field("name", "NAME"),
    Field("sessions", "SESSIONS", Kind.COUNT),
    Field("share", "SHARE", Kind.SHARE),
    Field("day", "DAY"),
    Field("new", "NEW"),
)


def row(name: str, **more: Any) -> dict[str, Any]:
    day = dt.date(2026, 1, 31)
    return {"name": name, "sessions": 12, "share": 0.5, "day": day, "new": True} | more


def document(*rows: dict[str, Any], fields: tuple[Field, ...] = FIELDS) -> Document:
    section = Section("first", "First", fields, rows, "Nothing.", "A note.")
    empty = Section("second", "Second", fields, (), "There is nothing.")
    return Document("A title", ("a fact",), (section, empty))


def test_a_table_as_text() -> None:
    assert as_text(document(row("a"), row("bcd", sessions=7, share=0.0, new=False, day=None))) == (
        "A title\n"
        "a fact\n"
        "\n"
        "First\n"
        "  A note.\n"
        "  NAME  SESSIONS  SHARE         DAY         NEW\n"
        "  a           12  ###... 50.0%  2026-01-31  yes\n"
        "  bcd          7  ...... 0.0%   -           no\n"
        "\n"
        "Second\n"
        "  There is nothing.\n"
    )


def test_a_text_that_is_too_long_goes_on_below() -> None:
    text = as_text(document(row("one two three four five six seven eight nine ten eleven twelve")))
    assert "  one two three four five six seven            12  ###... 50.0%  2026" in text
    assert "\n  eight nine ten eleven twelve\n" in text


def test_rows_that_fit_into_no_columns_stand_one_below_the_other() -> None:
    fields = (Field("name", "NAME"), Field("mx", "MX"), *FIELDS[1:])
    long = "a" * 45
    text = as_text(document(row(long, mx=long), fields=fields))
    assert f"  {long}\n  {long}\n      Sessions: 12; Share: ###... 50.0%; Day: 2026-01-31" in text
    prose = as_text(document(row("many words " * 30, mx="-"), fields=fields))
    assert "words\n      Sessions: 12; Share: ###... 50.0%;" in prose


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_line_of_text_is_wider_than_a_terminal_or_steers_it(hostile: str) -> None:
    for name in (hostile, hostile * 20, f"x {hostile} " * 9):
        for line in as_text(document(row(name), row("b"))).splitlines():
            assert len(line) <= 80
            assert line.isprintable()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_cell_of_csv_is_a_formula(hostile: str) -> None:
    text = as_csv(document(row(hostile), row("b")))
    assert text.encode().decode().count("\r\n") == 3
    for cells in csv.reader(io.StringIO(text, newline="")):
        for cell in cells:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert cell.isprintable()


def test_a_table_as_csv_and_another_by_its_id() -> None:
    made = as_csv(document(row("a", sessions=-3)))
    assert made == "name,sessions,share,day,new\r\na,-3,0.5,2026-01-31,yes\r\n"
    assert as_csv(document(row("a")), "second") == "name,sessions,share,day,new\r\n"
    with pytest.raises(UsageError, match="--table is one of first, second"):
        as_csv(document(), "third")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_json_is_ascii_and_has_the_values_as_they_are(hostile: str) -> None:
    made = as_json(document(row(hostile)))
    assert made.isascii()
    (first, second) = json.loads(made)["sections"]
    assert first["rows"] == [row(hostile) | {"day": "2026-01-31"}]
    assert second == {"id": "second", "title": "Second", "rows": []}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_page_has_the_same_elements_whatever_is_in_it(hostile: str) -> None:
    found = []
    for name in (hostile, "harmless"):
        tags = _Tags()
        tags.feed(as_html(document(row(name)), NOW))
        found.append(tags.found)
    assert found[0] == found[1]
    assert "script" not in found[0]


def test_behind_each_chart_stands_its_table() -> None:
    values: Mapping[str, str | int] = {
        "day": "2026-01-01", "sessions": 3, "result": "failed", "rank": 1,
    }  # fmt: skip
    drawn = Chart(SESSIONS, "Says", (values,))
    section = Section("x", "X", FIELDS, (row("a"),), "", chart=drawn)
    page = as_html(Document("T", (), (section,)), NOW)
    assert page.index("<figcaption>Says") < page.index("<svg xmlns") < page.index("<table")


def test_a_small_share_is_not_rounded_away() -> None:
    assert [percent(each) for each in (0, 0.0004, 0.25, 0.9996, 1)] == [
        *("0.0%", "<0.1%", "25.0%", ">99.9%", "100.0%")
    ]
    assert [bar(each) for each in (0, 0.001, 0.5, 1)] == ["......", "#.....", "###...", "######"]
