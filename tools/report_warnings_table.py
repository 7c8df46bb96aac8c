"""Write ``docs/report-warnings.md``: every warning about a TLS report, from the code.

``python tools/report_warnings_table.py`` writes it; a test compares it.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from wrapping import wrapped

from mtasts.templating import render
from mtasts.tlsrpt.warning_table import WARNINGS, Effect

DOCUMENT = Path(__file__).parents[1] / "docs" / "report-warnings.md"
TITLES = {
    Effect.READ: "The report is read, and its numbers count",
    Effect.DROPPED: "A row or a failure detail is left out, and the rest counts",
    Effect.REFUSED: "The report is not accepted",
    Effect.SKIPPED: "A file, a mail or an attachment is skipped",
}


def document() -> str:
    """The whole page as Markdown."""
    parts = [
        (title, [asdict(row) for row in WARNINGS.values() if row.effect is effect])
        for effect, title in TITLES.items()
    ]
    return wrapped(render("docs/report-warnings.md", parts=parts))


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
