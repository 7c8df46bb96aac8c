"""Write ``docs/report-queries.md``: the tables of the store of reports and its queries.

``python tools/report_tables.py`` writes it; a test compares it.
"""

from __future__ import annotations

from pathlib import Path

from wrapping import wrapped

from mtasts.templating import render
from mtasts.tlsrpt.query_files import queries
from mtasts.tlsrpt.tables import ENTRY, SCHEMA, TABLES

DOCUMENT = Path(__file__).parents[1] / "docs" / "report-queries.md"


def document() -> str:
    """The whole page as Markdown."""
    tables = [
        {
            "name": table.name,
            "meaning": table.meaning.capitalize(),
            "columns": [
                {"name": each.name, "type": str(each.type), "meaning": each.meaning}
                for each in table.columns
            ],
        }
        for table in (*TABLES.values(), ENTRY)
    ]
    asked = [
        {
            "name": each.name,
            "answers": each.answers,
            "parameters": [f"${name}" for name in each.parameters],
            "lines": each.sql.splitlines(),
        }
        for each in queries().values()
    ]
    return wrapped(render("docs/report-queries.md", schema=SCHEMA, tables=tables, queries=asked))


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
