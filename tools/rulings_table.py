"""Write ``docs/rulings.md``: every id of a ruling, from the code.

``python tools/rulings_table.py`` writes it; a test compares it.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from wrapping import wrapped

from mtasts.ruling_catalogue import SUBJECTS
from mtasts.templating import render

DOCUMENT = Path(__file__).parents[1] / "docs" / "rulings.md"


def document() -> str:
    """The whole page as Markdown."""
    subjects = [
        (subject, [{"id": id_, **asdict(row)} for id_, row in rows.items()])
        for subject, rows in SUBJECTS.items()
    ]
    return wrapped(render("docs/rulings.md", subjects=subjects))


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
