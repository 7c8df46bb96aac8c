"""The permissions for the stack of an inbox, with values from options, config or the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.config import Dns, Hosting
from mtasts.errors import UsageError
from mtasts.iam.inbox_statements import INBOX_STATEMENTS
from mtasts.iam.inbox_token import INBOX_PERMISSIONS, inbox_token_needs
from mtasts.iam.policies import Placeholders, policies, statements_of
from mtasts.iam.statements import Command, Need
from mtasts.iam.token import permissions_of, token_policies
from mtasts.render.permissions import Permissions, Token
from mtasts.zones import choose_zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtasts.cloud.of_inbox import InboxClouds


def inbox_permissions(
    clouds: InboxClouds, command: Command, *, account: str | None, zone_ids: Sequence[str]
) -> Permissions:
    """The permissions that ``command`` needs; blocks if the account or its zones are looked up.

    Raises:
        UsageError: ``command`` is `Command.CHECK`, and an inbox has no mail domains to check.
        ZoneError: no zone of the account can have the records.
        UndeterminedError: the account or its zones could not be looked up.
    """
    if command is Command.CHECK:
        raise UsageError("an inbox has no mail domains to check: preview or up")
    assumed: list[str] = []
    zones = tuple(zone_ids)
    if clouds.config.dns is not Dns.MANUAL and not zones:
        zones = (clouds.config.zone_id or _zone(clouds, assumed),)
    placeholders = (
        None
        if Hosting.AWS not in clouds.accounts
        else _placeholders(clouds, account, zones, assumed)
    )
    return Permissions(
        clouds.name,
        command,
        policies(command, placeholders, INBOX_STATEMENTS) if placeholders else (),
        statements_of(command, placeholders.needs, INBOX_STATEMENTS) if placeholders else (),
        None if Hosting.CLOUDFLARE not in clouds.accounts else _token(clouds, command, zones),
        tuple(assumed),
    )


def _placeholders(
    clouds: InboxClouds, account: str | None, zones: tuple[str, ...], assumed: list[str]
) -> Placeholders:
    """The values for the statements of an inbox at AWS."""
    at_aws = clouds.require_aws()
    allowed = at_aws.settings.allowed_accounts
    if account is None:
        account = allowed[0] if len(allowed) == 1 else at_aws.require_allowed()
        if len(allowed) != 1:
            assumed.append(f"the account is that of the present credentials, {account}")
    in_route53 = clouds.config.dns is Dns.ROUTE53
    return Placeholders(
        stack=clouds.name,
        account=account,
        region=at_aws.settings.region,
        bucket=clouds.bucket(account),
        zones=zones if in_route53 else (),
        roles={},
        topic="",
        alarm_topic="",
        needs=frozenset({Need.INBOX} | ({Need.ZONES} if in_route53 else set())),
        slug=clouds.slug,
        domain=clouds.config.address.domain,
    )


def _token(clouds: InboxClouds, command: Command, zones: tuple[str, ...]) -> Token:
    """The token of an inbox that has its mail or its records at Cloudflare."""
    account = clouds.require_cloudflare().settings.account_id
    rows = permissions_of(command, inbox_token_needs(clouds.config), INBOX_PERMISSIONS)
    name = f"mtasts-{clouds.name}-{command}-token"
    return Token(name, account, rows, token_policies(rows, account, zones))


def _zone(clouds: InboxClouds, assumed: list[str]) -> str:
    """The zone of the inbox's name, which the account lists."""
    zones, domain = clouds.zones, clouds.config.address.domain
    zone = choose_zone(zones.list(None) if zones else (), domain).zone_id
    assumed.append(f"{domain} is in the zone {zone}, which the account has listed")
    return zone
