"""Write ``docs/rulings.md``: every id of a ruling, from the code.

``python tools/rulings_table.py`` writes it; a test compares it.
"""

from __future__ import annotations

from pathlib import Path

from mtasts.ruling_catalogue import SUBJECTS

DOCUMENT = Path(__file__).parents[1] / "docs" / "rulings.md"
HEAD = """# Every ruling

Made from the code by `tools/rulings_table.py`. A ruling is what a run decides about a domain, or
about a stack as a whole. A refusal holds the domain: it stays as it was last seen served, the other
domains proceed, and the run ends non-zero. A warning holds nothing. A note says what comes of the
run. Where a row names two kinds, the ruling says which it is.

`pulumi up`, `pulumi preview` and `mtasts preview` print each behind its id, in brackets. The JSON
of `mtasts preview`, `mtasts status` and `mtasts gate` has it as `id`, with `until` where a date
ends it.
"""


def document() -> str:
    """The whole page."""
    parts = [HEAD]
    for subject, rows in SUBJECTS.items():
        lines = [
            f"\n## {subject}\n",
            "| Id | Kind | What it means | What to do |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| `{id_}` | {' or '.join(row.kinds)} | {row.means} | {row.to_do} |"
            for id_, row in rows.items()
        ]
        parts.append("\n".join(lines) + "\n")
    return "".join(parts)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
