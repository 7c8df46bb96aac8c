"""Write ``docs/iam.md``: each IAM statement and each permission of a token, with its purpose.

``python tools/iam_page.py`` writes it from the tables of ``mtasts.iam``; a test compares it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtasts.iam.inbox_statements import INBOX_STATEMENTS, INBOX_UNSEEN
from mtasts.iam.inbox_token import INBOX_PERMISSIONS
from mtasts.iam.statements import STATEMENTS, UNSEEN, Need
from mtasts.iam.token import PERMISSIONS, TokenNeed
from mtasts.templating import render

if TYPE_CHECKING:
    from collections.abc import Collection

    from mtasts.iam.statements import Statement
    from mtasts.iam.token import Permission

DOCUMENT = Path(__file__).parents[1] / "docs" / "iam.md"


def page() -> str:
    """The whole page as Markdown."""
    return render(
        "docs/iam.md",
        statements=[_statement(row) for row in STATEMENTS],
        inbox=[_statement(row) for row in INBOX_STATEMENTS if row not in STATEMENTS],
        permissions=[_permission(row) for row in PERMISSIONS],
        inbox_permissions=[_permission(row) for row in INBOX_PERMISSIONS if row not in PERMISSIONS],
        unseen=[(*key.split(" ", 1), why) for key, why in (UNSEEN | INBOX_UNSEEN).items()],
    )


def _statement(row: Statement) -> dict[str, Any]:
    return {
        "sid": row.sid,
        "commands": _words(row.commands),
        "need": "" if row.need is Need.ALWAYS else str(row.need),
        "purpose": row.purpose,
        "actions": row.actions,
        "resources": row.resources,
        "conditions": [(each.operator, each.key, each.values) for each in row.conditions],
    }


def _permission(row: Permission) -> dict[str, Any]:
    return {
        "name": row.name,
        "dashboard": row.dashboard,
        "scope": str(row.scope),
        "commands": _words(row.commands),
        "need": "" if row.need is TokenNeed.ALWAYS else str(row.need),
        "purpose": row.purpose,
        "optional": row.optional,
    }


def _words(commands: Collection[str]) -> str:
    return ", ".join(each for each in ("preview", "up", "check") if each in commands)


if __name__ == "__main__":
    DOCUMENT.write_text(page())
