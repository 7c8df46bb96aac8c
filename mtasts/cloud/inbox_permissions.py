"""What the stack of an inbox has to be allowed, filled in from options, config or the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.config import Dns
from mtasts.errors import UsageError
from mtasts.iam.inbox_statements import INBOX_STATEMENTS
from mtasts.iam.policies import Ground, policies, statements_of
from mtasts.iam.statements import Command, Need
from mtasts.render.permissions import Permissions
from mtasts.zones import choose_zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtasts.cloud.of_inbox import InboxClouds


def inbox_permissions(
    clouds: InboxClouds, command: Command, *, account: str | None, zone_ids: Sequence[str]
) -> Permissions:
    """The permissions at AWS that ``command`` needs; blocks where it has to look something up.

    Raises:
        UsageError: an inbox has nothing to check.
        ZoneError: no zone of the account can carry the records.
        UndeterminedError: account or zones were asked for, and nobody told.
    """
    if command is Command.CHECK:
        raise UsageError("an inbox has no mail domains to check: preview or up")
    settings, config = clouds.aws.settings, clouds.config
    assumed: list[str] = []
    allowed = settings.allowed_accounts
    if account is None:
        account = allowed[0] if len(allowed) == 1 else clouds.aws.require_allowed()
        if len(allowed) != 1:
            assumed.append(f"the account is that of the present credentials, {account}")
    zones = list(zone_ids)
    if config.dns is Dns.ROUTE53 and not zones:
        zones = [config.zone_id] if config.zone_id else [_zone(clouds, assumed)]
    ground = Ground(
        stack=clouds.name,
        account=account,
        region=settings.region,
        bucket=clouds.bucket(account),
        zones=tuple(zones) if config.dns is Dns.ROUTE53 else (),
        roles={},
        topic="",
        alarm_topic="",
        needs=frozenset({Need.INBOX} | ({Need.ZONES} if config.dns is Dns.ROUTE53 else set())),
        slug=clouds.slug,
        domain=config.address.domain,
    )
    return Permissions(
        clouds.name,
        command,
        policies(command, ground, INBOX_STATEMENTS),
        statements_of(command, ground.needs, INBOX_STATEMENTS),
        None,
        tuple(assumed),
    )


def _zone(clouds: InboxClouds, assumed: list[str]) -> str:
    """The zone of the inbox's name, which the account lists."""
    zones, domain = clouds.zones, clouds.config.address.domain
    zone = choose_zone(zones.list(None) if zones else (), domain).zone_id
    assumed.append(f"{domain} is in the zone {zone}, which the account has listed")
    return zone
