"""Tables and charts as a value, which can be shown as text, CSV, JSON or a page.

The content of a cell may come from a stranger, so every format escapes it.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import textwrap
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mtasts.errors import UsageError
from mtasts.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mtasts.render.charts import Chart

Cell = str | int | float | bool | dt.date | None

WIDTH = 80
_GAP = 2
_BAR = 6
# How many cells the first line of a row shows, if a table is too wide for columns.
_LEADING = 3
_NAME = 50
# A table has no columns if a cell would be wrapped into more than this many lines.
_PROSE = 3
# A spreadsheet reads a cell that begins with one of these as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Kind(StrEnum):
    """How a column is shown; a ``SHARE`` is a number from 0 to 1, shown with a bar."""

    TEXT = "text"
    COUNT = "count"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Field:
    """A column: the key of its values, its title, and how it is shown."""

    key: str
    title: str
    kind: Kind = Kind.TEXT

    @property
    def heading(self) -> str:
        """The title in small letters."""
        return self.title.capitalize().replace("Mx", "MX").replace(" id", " ID")


@dataclass(frozen=True, slots=True)
class Section:
    """A table, with an optional chart of its numbers; ``empty`` is shown if there are no rows."""

    id: str
    title: str
    fields: tuple[Field, ...]
    rows: tuple[Mapping[str, Cell], ...]
    empty: str
    note: str = ""
    chart: Chart | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The answer of a command: facts about the whole, and sections."""

    title: str
    facts: tuple[str, ...]
    sections: tuple[Section, ...]


def as_json(document: Document) -> str:
    """One JSON object on a line, in ASCII; days are written as 2026-01-31."""
    made = {
        "title": document.title,
        "facts": list(document.facts),
        "sections": [
            {
                "id": each.id,
                "title": each.title,
                "rows": [
                    {field.key: _json(row[field.key]) for field in each.fields} for row in each.rows
                ],
            }
            for each in document.sections
        ],
    }
    return json.dumps(made) + "\n"


def _json(value: Cell) -> Cell:
    return value.isoformat() if isinstance(value, dt.date) else value


def as_csv(document: Document, table: str | None = None) -> str:
    """One table, the first one unless ``table`` names another; its lines end in CRLF.

    A text that a spreadsheet would read as a formula begins with an apostrophe.

    Raises:
        UsageError: there is no such table.
    """
    by_id = {each.id: each for each in document.sections}
    wanted = table or document.sections[0].id
    if wanted not in by_id:
        raise UsageError(f"--table is one of {', '.join(by_id)}")
    section = by_id[wanted]
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(each.key for each in section.fields)
    for row in section.rows:
        writer.writerow(_csv(row[each.key]) for each in section.fields)
    return made.getvalue()


def _csv(value: Cell) -> str | int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = _text(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _text(value: Cell) -> str:
    """A value as people read it, on one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return visible(str(value))


def as_text(document: Document, width: int = WIDTH) -> str:
    """The text for a terminal of ``width`` columns; long cells are wrapped, nothing is cut."""
    lines = [*_wrapped(document.title, width)]
    lines += [line for fact in document.facts for line in _wrapped(fact, width)]
    for section in document.sections:
        lines += ["", *_wrapped(section.title, width)]
        if not section.rows:
            lines += _wrapped(section.empty, width, "  ")
            continue
        lines += _wrapped(section.note, width, "  ") if section.note else []
        lines += _table(section, width - 2)
    return "\n".join(lines) + "\n"


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(
        _text(text), width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )


def _table(section: Section, width: int) -> Iterator[str]:
    """The table in columns if every word fits into its column, else one row below the other."""
    titles = [each.title for each in section.fields]
    rows = [[shown(field, row[field.key]) for field in section.fields] for row in section.rows]
    widths = _widths(section.fields, [titles, *rows], width)
    if widths is None:
        yield from _records(section.fields, rows, width)
        return
    for row in (titles, *rows):
        columns = [
            textwrap.wrap(cell, wide, break_on_hyphens=False)
            for cell, wide in zip(row, widths, strict=True)
        ]
        for index in range(max(map(len, columns))):
            parts = [
                _aligned(column[index] if index < len(column) else "", wide, field)
                for column, wide, field in zip(columns, widths, section.fields, strict=True)
            ]
            yield f"  {(' ' * _GAP).join(parts)}".rstrip()


def _aligned(text: str, width: int, field: Field) -> str:
    return text.rjust(width) if field.kind is Kind.COUNT else text.ljust(width)


def _widths(
    fields: Sequence[Field], cells: Sequence[Sequence[str]], width: int
) -> list[int] | None:
    """The width of each column: at most its longest cell, at least its longest word.

    None if the columns do not fit into ``width``, or if a cell would be wrapped into too many
    lines.
    """
    widths = [max(len(row[i]) for row in cells) for i in range(len(fields))]
    least = [
        max(len(word) for row in cells for word in row[i].split())
        if each.kind is Kind.TEXT
        else widths[i]
        for i, each in enumerate(fields)
    ]
    room = width - _GAP * (len(fields) - 1)
    longest = list(widths)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        widest = max(range(len(fields)), key=lambda i: (widths[i] > least[i], widths[i]))
        widths[widest] -= 1
    if any(_PROSE * now < before for now, before in zip(widths, longest, strict=True)):
        return None
    return widths


def _records(fields: Sequence[Field], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Each row: its first cells on one line, and below it the other cells with their titles."""
    texts = next((i for i, each in enumerate(fields) if each.kind is not Kind.TEXT), len(fields))
    leading = min(texts, _LEADING)
    for row in rows:
        head = "  ".join(each for each in row[:leading] if each != "-")
        yield from textwrap.wrap(
            head, width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
        )
        rest = zip(fields[leading:], row[leading:], strict=True)
        yield from textwrap.wrap(
            "; ".join(f"{field.heading}: {cell}" for field, cell in rest),
            width,
            initial_indent="      ",
            subsequent_indent="      ",
            break_on_hyphens=False,
        )


def shown(field: Field, value: Cell) -> str:
    """A cell as text; a share is a bar and a percentage."""
    if field.kind is Kind.SHARE and isinstance(value, int | float):
        return f"{bar(value)} {percent(value)}"
    return _text(value) or "-"


def bar(share: float) -> str:
    """A share from 0 to 1 as a bar of six characters; any share above 0 fills at least one."""
    filled = max(round(share * _BAR), 1 if share > 0 else 0)
    return "#" * filled + "." * (_BAR - filled)


def percent(share: float) -> str:
    """A share from 0 to 1 as a percentage; only 0 is shown as 0.0%, and only 1 as 100.0%."""
    if 0 < share < 0.001:
        return "<0.1%"
    if 0.999 < share < 1:
        return ">99.9%"
    return f"{100 * share:.1f}%"
