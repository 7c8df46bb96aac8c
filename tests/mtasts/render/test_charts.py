"""Charts: shapes and texts only, and the same for the same data."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from mtasts.render.charts import FAILURES, SESSIONS, Chart, ChartError, checked, day, draw, label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HOSTILE = (
    "</text><script>alert(1)</script>",
    "a\x1b[31m\u202e",
    "\ud800",
    '" onload="x',
    "{{ 7*7 }}",
)


def chart(name: str, type_: str = "certificate-expired") -> Chart:
    if name == SESSIONS:
        rows: Iterator[Mapping[str, str | int]] = (
            {"day": f"2026-01-{n:02}", "sessions": count, "result": result, "rank": rank}
            for n in range(1, 29)
            for rank, (result, count) in enumerate((("successful", 90 + n), ("failed", n % 7)))
        )
        return Chart(name, "Sessions by day", tuple(rows))
    rows_: Iterator[Mapping[str, str | int]] = (
        {"day": f"2026-01-{n:02}", "sessions": n % 9, "type": kind}
        for n in range(1, 29)
        for kind in (label(type_), "validation-failure")
    )
    return Chart(name, "Failures", tuple(rows_))


@pytest.mark.parametrize("name", [SESSIONS, FAILURES])
def test_a_chart_as_it_is_drawn(name: str, golden: Callable[[str, str], None]) -> None:
    made = draw(chart(name))
    assert made == draw(chart(name))
    assert "<script" not in made
    assert "style=" not in made
    golden(f"chart-{name}.svg", made)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_text_is_a_text(hostile: str) -> None:
    made = draw(chart(FAILURES, hostile))
    assert "<script" not in made
    texts = [each.text for each in ET.fromstring(made).iter() if each.text]  # noqa: S314 - our own
    assert label(hostile) in texts


@pytest.mark.parametrize(
    "svg",
    [
        "<svg><script>1</script></svg>",
        '<svg onload="x"/>',
        '<svg style="a:b"/>',
        '<svg><a href="x"/></svg>',
        "<svg><foreignObject/></svg>",
        "no xml",
        "<!DOCTYPE svg><svg/>",
        "<?xml-stylesheet href='x'?><svg/>",
    ],
)
def test_what_is_neither_shape_nor_text_is_refused(svg: str) -> None:
    with pytest.raises(ChartError):
        checked(svg)
    assert checked('<svg xmlns="http://www.w3.org/2000/svg"><rect x="1"/></svg>')


def test_a_label_is_short_and_printable() -> None:
    assert label("certificate-host-mismatch") == "certificate-host-mismatch"
    assert label("x" * 99) == "x" * 23 + "..."
    assert label("a\x1b\ud800") == "a??"
    assert day("2026-01-01") == "2026-01-01"
