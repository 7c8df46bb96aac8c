"""Charts: Vega-Lite specifications (``templates/charts/``) with data, drawn to SVG.

The pictures have no script and no style, load nothing, and are the same for the same data. Texts in
them may come from strangers. Each drawn picture is therefore parsed again, and refused if it has
anything but shapes and texts.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from mtasts.errors import MtaStsError
from mtasts.templating import Picture, folder

if TYPE_CHECKING:
    from collections.abc import Mapping

SESSIONS: Final = "sessions"
FAILURES: Final = "failures"
_ELEMENTS = frozenset(
    {"svg", "g", "path", "text", "line", "rect", "circle", "title", "desc", "defs"}
)
# fmt: off
_ATTRIBUTES = frozenset({
    "aria-hidden", "aria-label", "aria-roledescription", "class", "cx", "cy", "d", "display",
    "fill", "fill-opacity", "font-family", "font-size", "font-style", "font-weight", "height",
    "opacity", "pointer-events", "r", "role", "stroke", "stroke-dasharray", "stroke-linecap",
    "stroke-linejoin", "stroke-miterlimit", "stroke-opacity", "stroke-width", "text-anchor",
    "transform", "version", "viewBox", "width", "x", "x1", "x2", "y", "xmlns", "xmlns:xlink",
    "y1", "y2",
})
# fmt: on
_LABEL = re.compile(r"[^\x20-\x7e]")


class ChartError(MtaStsError):
    """A chart holds something that is neither a shape nor a text; it is not shown."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: the name of its specification, a sentence that describes it, and its data."""

    name: str
    says: str
    values: tuple[Mapping[str, str | int | float], ...]


def draw(chart: Chart) -> Picture:
    """The chart as SVG, to be embedded in a page.

    Raises:
        ChartError: the picture has anything but shapes and texts.
    """
    import vl_convert  # 85 MB, which only charts need

    spec = json.loads((folder() / "charts" / f"{chart.name}.vl.json").read_text("utf-8"))
    spec["description"] = chart.says
    spec["data"] = {"values": [dict(each) for each in chart.values]}
    svg: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    return checked(svg)


def checked(svg: str) -> Picture:
    """``svg`` as a picture, if it has shapes and texts only.

    Raises:
        ChartError: ``svg`` has anything else, such as a script, a style or a link.
    """

    def element(name: str, attributes: dict[str, str]) -> None:
        wrong = sorted(attributes.keys() - _ATTRIBUTES)
        if name not in _ELEMENTS or wrong:
            raise ChartError(f"a chart may not have <{name}> with {', '.join(wrong) or 'anything'}")

    def other(*_: object) -> None:
        raise ChartError("a chart may not have a document type or a processing instruction")

    is_whole = True
    reader = expat.ParserCreate()
    reader.StartElementHandler = element
    reader.StartDoctypeDeclHandler = reader.ProcessingInstructionHandler = other
    try:
        reader.Parse(svg, is_whole)
    except expat.ExpatError as error:
        raise ChartError(f"a chart is no XML: {error}") from error
    return Picture(svg)


def label(text: str) -> str:
    """``text`` as a chart shows it: 26 characters at most, with "?" for all but printable ASCII."""
    # A longer label would not fit into the legend (`labelLimit` of the specification).
    seen = _LABEL.sub("?", text)
    return seen if len(seen) <= 26 else f"{seen[:23]}..."


def day(value: object) -> str:
    """A date as text for a chart, such as 2026-01-31."""
    return value.isoformat() if isinstance(value, dt.date) else str(value)
