"""Whether the token of a stack has the permissions that its next run needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.cloud.cloudflare.account import CloudflareError
from mtasts.errors import UndeterminedError
from mtasts.iam.statements import Command
from mtasts.iam.token import PERMISSIONS, token_notes
from mtasts.rulings import warning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtasts.cloud.cloudflare.account import CloudflareAccount
    from mtasts.iam.token import Permission, TokenNeed
    from mtasts.rulings import Ruling


def token_check(
    account: CloudflareAccount,
    needs: Iterable[TokenNeed],
    stack: str,
    *,
    is_preview: bool,
    table: tuple[Permission, ...] = PERMISSIONS,
) -> tuple[Ruling, ...]:
    """Warnings about permissions of ``table`` that the token lacks, or that are not known; blocks.

    ``needs`` are the features of the stack that require permissions.
    """
    command = Command.PREVIEW if is_preview else Command.UP
    try:
        granted = account.granted()
    except (CloudflareError, UndeterminedError) as error:
        text = f"could not find out which permissions the Cloudflare token has ({error})"
        compare = f"compare it with mtasts iam {command} --stack {stack}"
        return (warning("token-unknown", text, compare),)
    return token_notes(command, needs, granted, stack, table)
