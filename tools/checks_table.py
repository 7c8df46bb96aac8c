"""Write ``docs/checks.md``: every id that a check or a lint can give, from the code.

``python tools/checks_table.py`` writes it; a test compares it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.check.checks import CHECKS, PARTS
from mtasts.check.row import Question, rows_of
from mtasts.config.mistakes import Mistake
from mtasts.escapes import markdown as escaped

if TYPE_CHECKING:
    from types import ModuleType

    from mtasts.check.row import Check

DOCUMENT = Path(__file__).parents[1] / "docs" / "checks.md"
# Those that check the same, by the letters in `Check.peers`.
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
HEAD = """# Every check

Made from the code by `tools/checks_table.py`. `mtasts lint` gives those of texts and stack files,
`mtasts check` those of live domains, their texts included. The result type is what a sender reports
about such a failure (RFC 8460 section 4.3). Peers are those that check the same, as far as their
code and pages could be read in 2026:
"""
NOT_KNOWN = """
## Not known

Where a question gets no answer, these findings can neither be made nor be said to be gone;
`mtasts check --watch` keeps them as they were.

| Question | Findings that need its answer |
|---|---|
"""
CONFIG = """
## Mistakes in a stack file

Errors all of them: a config that has one is refused, by `mtasts lint stack` and by every run
(`config.md`). The finding names file, line and key, and says what to write.

| Id | What is wrong |
|---|---|
"""


def table() -> str:
    """The whole document."""
    text = HEAD + "\n" + "".join(f"- {letter}: {name}\n" for letter, name in PEERS.items())
    text += "".join(map(_part, PARTS))
    text += NOT_KNOWN + "".join(filter(None, map(_question, Question)))
    return text + CONFIG + "".join(f"| `{each}` | {escaped(each.meaning)} |\n" for each in Mistake)


def _part(part: ModuleType) -> str:
    title = str(part.__doc__).partition("\n")[0].removesuffix(".").replace("``", "`")
    head = "| Id | Severity | What is wrong | What to do | Source | Result type | Page | Peers |\n"
    rows = "".join(_row(row) for _, row in sorted(rows_of(part).items()))
    return f"\n## {title}\n\n{head}|{'---|' * 8}\n{rows}"


def _row(row: Check) -> str:
    page = f"[{row.page.name.lower()}]({row.page.removeprefix('docs/')})" if row.page else ""
    columns = (
        f"`{row.id}`",
        row.severity.label,
        escaped(row.summary),
        escaped(row.fix),
        row.clause,
        row.result_type or "",
        page,
        row.peers,
    )
    return f"| {' | '.join(columns)} |\n"


def _question(question: Question) -> str:
    ids = ", ".join(f"`{id_}`" for id_, row in CHECKS.items() if question in row.depends_on)
    return f"| `{question}` | {ids} |\n" if ids else ""


if __name__ == "__main__":
    DOCUMENT.write_text(table())
