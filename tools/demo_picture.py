"""Draw docs/demo.svg from the summary of the last demo: ``python tools/demo_picture.py``."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
SUMMARY = ROOT / ".local/demo/summary.json"
PICTURE = ROOT / "docs/demo.svg"
# A picture in a repository fetches nothing: the viewer's own monospace font will do.
FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def main() -> None:
    """Write the picture."""
    steps = json.loads(SUMMARY.read_text())["steps"]
    console = Console(record=True, width=128, file=StringIO())
    console.print(Text.assemble(("$ ", "bold"), "make demo"))
    for step in steps:
        mark = ("ok  ", "green") if step["ok"] else ("FAIL", "red")
        console.print(
            Text.assemble(
                mark,
                (f" {step['seconds']:5.1f} s  ", "dim"),
                (step["name"], "bold"),
                f": {step['detail']}",
            )
        )
    svg = console.export_svg(title="mtasts", code_format=FORMAT, unique_id="demo")
    PICTURE.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")


if __name__ == "__main__":
    main()
