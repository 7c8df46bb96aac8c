"""Write ``docs/checks.md``: every id that a check or a lint can give, from the code.

``python tools/checks_table.py`` writes it; a test compares it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from wrapping import wrapped

from mtasts.check.checks import CHECKS, PARTS
from mtasts.check.row import Question, rows_of
from mtasts.config.mistakes import Mistake
from mtasts.templating import render

if TYPE_CHECKING:
    from types import ModuleType

    from mtasts.check.row import Check

DOCUMENT = Path(__file__).parents[1] / "docs" / "checks.md"
# Other tools that check the same, by the letters in `Check.peers`.
PEERS = {
    "N": "NCSC Mail Check",
    "C": "checkdmarc 6.0.4",
    "P": "postfix-mta-sts-resolver 1.5.1",
    "Z": "postfix-tlspol",
    "G": "go-mtasts",
    "M": "mimecast/mta-sts",
    "R": "mailpiece/mta_sts",
    "A": "aykevl/mta-sts",
    "I": "Internet.nl",
    "T": "trustymail",
    "L": "MailPolicyExplainer",
    "X": "PS.MTA-STS",
    "B": "baddns",
    "S": "Cert Spotter",
    "V": "vendors' pages",
}


def table() -> str:
    """The whole page as Markdown."""
    questions = [
        (question, [id_ for id_, row in CHECKS.items() if question in row.depends_on])
        for question in Question
    ]
    page = render(
        "docs/checks.md",
        peers=list(PEERS.items()),
        parts=[_part(part) for part in PARTS],
        questions=[(question, ids) for question, ids in questions if ids],
        mistakes=[(each, each.meaning) for each in Mistake],
    )
    return wrapped(page)


def _part(part: ModuleType) -> dict[str, Any]:
    return {
        "title": str(part.__doc__).partition("\n")[0].removesuffix("."),
        "rows": [_row(row) for _, row in sorted(rows_of(part).items())],
    }


def _row(row: Check) -> dict[str, str]:
    return {
        "id": row.id,
        "severity": row.severity.label,
        "summary": row.summary,
        "fix": row.fix,
        "clause": row.clause,
        "result_type": row.result_type or "",
        "page": row.page.removeprefix("docs/mistakes/") if row.page else "",
        "page_name": row.page.name.lower() if row.page else "",
        "peers": row.peers,
    }


if __name__ == "__main__":
    DOCUMENT.write_text(table())
