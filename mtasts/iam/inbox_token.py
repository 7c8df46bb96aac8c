"""The permissions of an inbox's Cloudflare token, as `mtasts.iam.token` has those of an agency's.

``tests/engine/test_iam.py`` compares them with the calls of a recorded run. Nothing here reads a
report: that is for the token of ``mtasts reports pull``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.config import Dns, Hosting
from mtasts.iam.statements import Command
from mtasts.iam.token import PERMISSIONS, Permission, Scope, TokenNeed

if TYPE_CHECKING:
    from mtasts.config import InboxConfig

_PREVIEW = frozenset({Command.PREVIEW})
_UP = frozenset({Command.UP})

INBOX_PERMISSIONS: tuple[Permission, ...] = (
    *(each for each in PERMISSIONS if each.need in (TokenNeed.ALWAYS, TokenNeed.DNS)),
    Permission(
        "Zone Settings Read",
        "Zone Settings: Read",
        Scope.ZONE,
        _PREVIEW | _UP,
        "Sees whether Email Routing has the inbox's name, and which records that needs. Nothing "
        "switches Email Routing on or off.",
        TokenNeed.INBOX,
    ),
    Permission(
        "Email Routing Rules Read",
        "Email Routing Rules: Read",
        Scope.ZONE,
        _PREVIEW,
        "Finds other rules for the inbox's address, and compares its own with what is declared.",
        TokenNeed.INBOX,
    ),
    Permission(
        "Email Routing Rules Write",
        "Email Routing Rules: Edit",
        Scope.ZONE,
        _UP,
        "Adds, changes and removes the rule of the inbox's address.",
        TokenNeed.INBOX,
    ),
    Permission(
        "Workers Scripts Read",
        "Workers Scripts: Read",
        Scope.ACCOUNT,
        _PREVIEW,
        "Tells that the account is the stack's, and compares the Worker with what is declared.",
        TokenNeed.INBOX,
    ),
    Permission(
        "Workers Scripts Write",
        "Workers Scripts: Edit",
        Scope.ACCOUNT,
        _UP,
        "Uploads the Worker, and lets anybody call it at workers.dev.",
        TokenNeed.INBOX,
    ),
    Permission(
        "Workers R2 Storage Read",
        "Workers R2 Storage: Read",
        Scope.ACCOUNT,
        _PREVIEW,
        "Compares the bucket with what is declared.",
        TokenNeed.INBOX,
    ),
    Permission(
        "Workers R2 Storage Write",
        "Workers R2 Storage: Edit",
        Scope.ACCOUNT,
        _UP,
        "Makes the bucket of the reports, sets how long it keeps them, and removes it once it is "
        "empty.",
        TokenNeed.INBOX,
    ),
)


def inbox_token_needs(config: InboxConfig) -> frozenset[TokenNeed]:
    """What of an inbox asks for which permissions of a Cloudflare token.

    With hosting cloudflare no record is the stack's: Email Routing has those of the name.
    """
    if config.hosting is Hosting.CLOUDFLARE:
        return frozenset({TokenNeed.INBOX})
    return frozenset({TokenNeed.DNS} if config.dns is Dns.CLOUDFLARE else ())
