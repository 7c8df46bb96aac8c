"""Draw docs/demo.svg from the summary of the last demo: ``python tools/demo_picture.py``."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtasts.templating import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
SUMMARY = ROOT / ".local/demo/summary.json"
PICTURE = ROOT / "docs/demo.svg"
_COLUMNS = 128
# A character of a monospace font is about 0.6 of its size wide. The picture loads no font.
_WIDTH = 16 + round(_COLUMNS * 14 * 0.61) + 16
_TOP, _LINE = 80, 21


def picture(steps: Iterable[Mapping[str, Any]]) -> str:
    """The picture of a demo as SVG; ``steps`` are those of the demo's summary."""
    lines = [line for step in steps for line in _lines(step)]
    for number, line in enumerate(lines):
        line["y"] = _TOP + number * _LINE
    return render("docs/demo.svg", width=_WIDTH, height=_TOP + len(lines) * _LINE, lines=lines)


def _lines(step: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The lines of a step: its detail may need several."""
    mark, seconds = ("ok  " if step["ok"] else "FAIL"), f" {step['seconds']:5.1f} s  "
    before = len(mark + seconds)
    first, *more = textwrap.wrap(f"{step['name']}: {step['detail']}", _COLUMNS - before)
    head = {"mark": mark, "seconds": seconds, "name": step["name"], "good": step["ok"]}
    yield {**head, "text": first.removeprefix(step["name"])}
    yield from ({"mark": "", "text": " " * before + each} for each in more)


if __name__ == "__main__":
    PICTURE.write_text(picture(json.loads(SUMMARY.read_text())["steps"]))
