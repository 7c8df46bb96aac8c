"""Charts: Vega-Lite specifications (``templates/charts/``) with data, drawn to SVG.

The pictures have no script and no style, load nothing, and are the same for the same data. Texts in
them may come from strangers, so what was drawn is read again, and anything but shapes and texts is
refused.
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
    """One chart: the name of its specification, what it shows in a sentence, and its data."""

    name: str
    says: str
    values: tuple[Mapping[str, str | int | float], ...]


def draw(chart: Chart) -> Picture:
    """The chart as SVG, to stand in a page.

    Raises:
        ChartError: the picture has something in it that no chart has.
    """
    import vl_convert  # 85 MB, which nothing else needs

    spec = json.loads((folder() / "charts" / f"{chart.name}.vl.json").read_text("utf-8"))
    spec["description"] = chart.says
    spec["data"] = {"values": [dict(each) for each in chart.values]}
    svg: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    return checked(svg)


def checked(svg: str) -> Picture:
    """The picture, if it has shapes and texts only.

    Raises:
        ChartError: it has anything else, such as a script, a style or a link.
    """

    def element(name: str, attributes: dict[str, str]) -> None:
        wrong = sorted(attributes.keys() - _ATTRIBUTES)
        if name not in _ELEMENTS or wrong:
            raise ChartError(f"a chart has <{name}> with {', '.join(wrong) or 'no place'} in it")

    def other(*_: object) -> None:
        raise ChartError("a chart has a document type or an instruction in it")

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
    """A text as a chart shows it: without what cannot be seen, and short."""
    seen = _LABEL.sub("?", text)
    return seen if len(seen) <= 26 else f"{seen[:23]}..."


def day(value: object) -> str:
    """A day as a chart takes it."""
    return value.isoformat() if isinstance(value, dt.date) else str(value)
