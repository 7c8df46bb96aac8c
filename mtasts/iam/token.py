"""The permissions of a Cloudflare token, one row each, and what a token lacks of them.

To add a call: name its permission in the row that fits, or add a row; then
``python tools/iam_page.py`` writes ``docs/iam.md`` anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from mtasts.config import Dns, Hosting
from mtasts.iam.statements import Command
from mtasts.rulings import warning

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from mtasts.config import AgencyConfig
    from mtasts.rulings import Ruling


class Scope(StrEnum):
    """What a permission is for."""

    ZONE = "zone"
    ACCOUNT = "account"


class TokenNeed(StrEnum):
    """What of a stack makes a permission necessary."""

    ALWAYS = "always"
    DNS = "a zone at Cloudflare"
    HOSTING = "hosting cloudflare"
    TAKE_OVER = "a move to Cloudflare, or mtasts adopt"
    INBOX = "mtasts:inbox with hosting cloudflare"


@dataclass(frozen=True, slots=True)
class Permission:
    """One row; ``name`` is the permission group's, as Cloudflare's API has it.

    ``dashboard`` is what the dashboard calls it. An ``optional`` one makes warnings possible, and
    nothing fails without it.
    """

    name: str
    dashboard: str
    scope: Scope
    commands: frozenset[Command]
    purpose: str
    need: TokenNeed
    optional: bool = False


_PREVIEW = frozenset({Command.PREVIEW})
_UP = frozenset({Command.UP})
_READ = _PREVIEW | _UP
_ALL = _READ | {Command.CHECK}
_READS_LEDGER = _PREVIEW | {Command.CHECK}

PERMISSIONS: tuple[Permission, ...] = (
    Permission(
        "Zone Read",
        "Zone: Read",
        Scope.ZONE,
        _READ,
        "Finds the zone of each domain.",
        TokenNeed.ALWAYS,
    ),
    Permission(
        "DNS Read",
        "DNS: Read",
        Scope.ZONE,
        _PREVIEW,
        "Compares records with the declared ones.",
        TokenNeed.DNS,
    ),
    Permission("DNS Write", "DNS: Edit", Scope.ZONE, _UP, "Writes the records.", TokenNeed.DNS),
    Permission(
        "Workers Scripts Read",
        "Workers Scripts: Read",
        Scope.ACCOUNT,
        _READS_LEDGER,
        "Checks that the token is for the stack's account, and finds Workers that serve a policy "
        "host.",
        TokenNeed.HOSTING,
    ),
    Permission(
        "Workers Scripts Write",
        "Workers Scripts: Edit",
        Scope.ACCOUNT,
        _UP,
        "Uploads the Workers and their custom domains.",
        TokenNeed.HOSTING,
    ),
    Permission(
        "Workers R2 Storage Read",
        "Workers R2 Storage: Read",
        Scope.ACCOUNT,
        _READS_LEDGER,
        "Reads the ledger.",
        TokenNeed.HOSTING,
    ),
    Permission(
        "Workers R2 Storage Write",
        "Workers R2 Storage: Edit",
        Scope.ACCOUNT,
        _UP,
        "Creates the ledger's bucket, locks it, and appends entries.",
        TokenNeed.HOSTING,
    ),
    Permission(
        "Workers Routes Write",
        "Workers Routes: Edit",
        Scope.ZONE,
        _UP,
        "Adds a route, so that a Worker answers before DNS leads to it.",
        TokenNeed.TAKE_OVER,
    ),
    Permission(
        "SSL and Certificates Read",
        "SSL and Certificates: Read",
        Scope.ZONE,
        _UP,
        "Checks that the zone has a certificate before a policy host moves to a Worker.",
        TokenNeed.TAKE_OVER,
    ),
    Permission(
        "Zone Settings Read",
        "Zone Settings: Read",
        Scope.ZONE,
        _READ,
        "Warns of settings that block senders, such as a minimum TLS version of 1.3.",
        TokenNeed.HOSTING,
        optional=True,
    ),
    Permission(
        "Bot Management Read",
        "Bot Management: Read",
        Scope.ZONE,
        _READ,
        "Warns of Bot Fight Mode, which blocks senders.",
        TokenNeed.HOSTING,
        optional=True,
    ),
    Permission(
        "Zone WAF Read",
        "Zone WAF: Read",
        Scope.ZONE,
        _READ,
        "Warns of custom rules that block senders.",
        TokenNeed.HOSTING,
        optional=True,
    ),
    Permission(
        "Dynamic URL Redirects Read",
        "Single Redirect: Read",
        Scope.ZONE,
        _READ,
        "Warns of redirects, which senders do not follow.",
        TokenNeed.HOSTING,
        optional=True,
    ),
    Permission(
        "API Tokens Read",
        "API Tokens: Read",
        Scope.ACCOUNT,
        _ALL,
        "Lets a preview compare the token with this list; without it the preview says that it "
        "could not find out. A token of the account has Account API Tokens Read instead.",
        TokenNeed.ALWAYS,
        optional=True,
    ),
)


def permissions_of(
    command: Command, needs: Iterable[TokenNeed], table: tuple[Permission, ...] = PERMISSIONS
) -> tuple[Permission, ...]:
    """The rows of ``table`` that a command needs, for a stack with such needs."""
    wanted = {TokenNeed.ALWAYS, *needs}
    return tuple(each for each in table if command in each.commands and each.need in wanted)


def lacking(permissions: Iterable[Permission], granted: Collection[str]) -> tuple[Permission, ...]:
    """What of ``permissions`` the permission groups ``granted`` do not hold.

    Writing includes reading. What is optional is not looked for.
    """
    return tuple(
        each
        for each in permissions
        if not each.optional and not {each.name, _writing(each.name)} & set(granted)
    )


def token_notes(
    command: Command,
    needs: Iterable[TokenNeed],
    granted: Collection[str],
    stack: str,
    table: tuple[Permission, ...] = PERMISSIONS,
) -> tuple[Ruling, ...]:
    """What to warn of, for a token with the permission groups ``granted``, before a run.

    A token that can write nothing is taken for one that only previews; with any other, a preview
    tells what the run after it would lack.
    """
    needed = tuple(needs)
    if any(name.endswith(" Write") for name in granted):
        command = Command.UP
    missing = lacking(permissions_of(command, needed, table), granted)
    if not missing:
        return ()
    names = ", ".join(f"{each.name} ({each.scope})" for each in missing)
    how = f"mtasts iam {command} --stack {stack} prints every permission that it needs"
    return (warning("token-lacks", f"the Cloudflare token lacks {names}", how),)


def _writing(name: str) -> str:
    return f"{name.removesuffix(' Read')} Write"


def token_policies(
    permissions: Iterable[Permission], account: str, zones: Iterable[str]
) -> list[dict[str, Any]]:
    """The policies of such a token, as Cloudflare's API takes them; ids of groups are looked up."""
    rows = tuple(permissions)
    own = f"com.cloudflare.api.account.{account}"
    prefix = "com.cloudflare.api.account.zone."
    ids = tuple(zones)
    resources: Mapping[Scope, dict[str, Any]] = {
        Scope.ZONE: {own: {f"{prefix}*": "*"}}
        if ids == ("*",)
        else {f"{prefix}{zone}": "*" for zone in ids},
        Scope.ACCOUNT: {own: "*"},
    }
    made = []
    for scope, where in resources.items():
        names = [each.name for each in rows if each.scope is scope]
        if names and where:
            made.append(
                {
                    "effect": "allow",
                    "resources": where,
                    "permission_groups": [{"name": name} for name in names],
                }
            )
    return made


def token_needs(config: AgencyConfig) -> frozenset[TokenNeed]:
    """What of a stack asks for which permissions of a Cloudflare token."""
    at_cloudflare = Hosting.CLOUDFLARE in (config.hosting, config.leaving)
    wanted = {
        TokenNeed.HOSTING: at_cloudflare or config.leaving is not None,
        TokenNeed.DNS: Dns.CLOUDFLARE in (config.dns, config.leaving_dns),
        TokenNeed.TAKE_OVER: config.hosting is Hosting.CLOUDFLARE and config.leaving is not None,
    }
    return frozenset(need for need, is_wanted in wanted.items() if is_wanted)
