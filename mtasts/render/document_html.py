"""Tables and charts as one HTML page without script, which loads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtasts.render.charts import draw
from mtasts.render.document import Kind, percent, shown
from mtasts.render.page import page
from mtasts.render.visible import visible

if TYPE_CHECKING:
    import datetime as dt

    from mtasts.render.document import Cell, Document, Field, Section

_ALL = 1000


def as_html(document: Document, at: dt.datetime) -> str:
    """The page, with the time ``at``; the table of its numbers follows each chart.

    Raises:
        UsageError: the document has a chart, and vl-convert is not installed.
    """
    return page(
        "reports.html",
        at,
        title=visible(document.title),
        facts=[visible(each) for each in document.facts],
        sections=[_section(each) for each in document.sections],
    )


def _section(section: Section) -> dict[str, Any]:
    return {
        "id": section.id,
        "title": visible(section.title),
        "note": visible(section.note),
        "empty": visible(section.empty),
        "chart": draw(section.chart) if section.chart is not None else "",
        "says": visible(section.chart.says) if section.chart is not None else "",
        "titles": [{"title": each.heading, "number": _is_number(each)} for each in section.fields],
        "rows": [[_cell(each, row[each.key]) for each in section.fields] for row in section.rows],
    }


def _is_number(field: Field) -> bool:
    return field.kind is not Kind.TEXT


def _cell(field: Field, value: Cell) -> dict[str, Any]:
    cell = {"title": field.heading, "number": _is_number(field), "has_bar": False}
    if field.kind is not Kind.SHARE or not isinstance(value, int | float):
        return {**cell, "text": shown(field, value)}
    # In thousandths, because the template accepts integers only.
    return {**cell, "text": percent(value), "share": round(_ALL * value), "has_bar": True}
