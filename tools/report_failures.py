"""Write ``docs/report-failures.md``: each result type of a TLS report, from the code.

``python tools/report_failures.py`` writes it; a test compares it.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from wrapping import wrapped

from mtasts.reports.answers import checks_of
from mtasts.templating import render
from mtasts.tlsrpt.meaning import MEANINGS

DOCUMENT = Path(__file__).parents[1] / "docs" / "report-failures.md"


def document() -> str:
    """The whole page as Markdown."""
    rows = [
        {"type": type_, "checks": list(checks_of(type_)), **asdict(meaning)}
        for type_, meaning in MEANINGS.items()
    ]
    return wrapped(render("docs/report-failures.md", rows=rows))


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
