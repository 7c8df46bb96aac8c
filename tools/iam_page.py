"""Write ``docs/iam.md``: what each statement and each permission of a token is for.

``python tools/iam_page.py`` writes it from the tables of ``mtasts.iam``; a test compares it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.iam.statements import STATEMENTS, UNSEEN, Need
from mtasts.iam.token import PERMISSIONS, TokenNeed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

DOCUMENT = Path(__file__).parents[1] / "docs" / "iam.md"
HEAD = Path(__file__).with_name("iam_page.head.md")


def page() -> str:
    """The whole page."""
    lines = [HEAD.read_text().rstrip("\n"), "", "## AWS: every statement", ""]
    lines += _aws()
    lines += ["", "## Cloudflare: every permission", ""]
    lines += _cloudflare()
    lines += ["", "## Granted, and never seen", ""]
    lines += [
        "Every other action was called in a run of the real engine against the local cloud,",
        "which `tests/engine/test_iam.py` records and compares both ways.",
        "",
        "| statement | action | why it is granted |",
        "|---|---|---|",
    ]
    for key, why in UNSEEN.items():
        sid, _, action = key.partition(" ")
        lines.append(f"| {sid} | `{action}` | {why} |")
    return "\n".join(lines) + "\n"


def _aws() -> Iterator[str]:
    yield "| statement | for | only with | what it is for |"
    yield "|---|---|---|---|"
    for row in STATEMENTS:
        need = "" if row.need is Need.ALWAYS else str(row.need)
        yield f"| `{row.sid}` | {_words(row.commands)} | {need} | {row.purpose} |"
    for row in STATEMENTS:
        yield ""
        yield f"### {row.sid}"
        yield ""
        yield from (f"- `{action}`" for action in row.actions)
        yield from (f"- on `{resource}`" for resource in row.resources)
        for condition in row.conditions:
            values = ", ".join(f"`{each}`" for each in condition.values)
            yield f"- if {condition.operator} `{condition.key}`: {values}"


def _cloudflare() -> Iterator[str]:
    yield "| permission group | in the dashboard | scope | for | only with | what it is for |"
    yield "|---|---|---|---|---|---|"
    for row in PERMISSIONS:
        need = "" if row.need is TokenNeed.ALWAYS else str(row.need)
        purpose = f"Optional. {row.purpose}" if row.optional else row.purpose
        commands = _words(row.commands)
        yield f"| {row.name} | {row.dashboard} | {row.scope} | {commands} | {need} | {purpose} |"


def _words(commands: Collection[str]) -> str:
    return ", ".join(each for each in ("preview", "up", "check") if each in commands)


if __name__ == "__main__":
    DOCUMENT.write_text(page())
