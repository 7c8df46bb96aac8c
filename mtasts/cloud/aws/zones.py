"""The public hosted zones that an account holds, as values; nothing is created or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.errors import UndeterminedError
from mtasts.names import DomainNameError, parse_domain
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.cloud.aws.account import Account


class Route53Zones:
    """`mtasts.run.account_zones.Zones` of the stack's account and the roles it may take; blocks."""

    def __init__(self, account: Account) -> None:
        """List nothing yet."""
        self._account = account

    def list(self, role: str | None) -> tuple[HostedZone, ...]:
        """Every public zone that the role sees; raises `UndeterminedError`."""
        return public_zones(self._account.in_role(role))

    def complete(self, role: str | None, zone: HostedZone) -> HostedZone:
        """The zone with its name servers; raises `UndeterminedError`."""
        return with_name_servers(self._account.in_role(role), zone)


def public_zones(account: Account) -> tuple[HostedZone, ...]:
    """Every public zone, without its name servers (`with_name_servers` adds them); blocks.

    Raises:
        UndeterminedError: Route 53 did not list them.
    """
    from botocore.exceptions import (  # a quarter of a second
        BotoCoreError,
        ClientError,
    )

    try:
        return tuple(_list(account))
    except (BotoCoreError, ClientError) as error:
        raise UndeterminedError(f"the hosted zones of the account: {error}") from error


def _list(account: Account) -> Iterator[HostedZone]:
    for page in account.client("route53").get_paginator("list_hosted_zones").paginate():
        for zone in page["HostedZones"]:
            if zone.get("Config", {}).get("PrivateZone"):
                continue
            try:
                name = parse_domain(zone["Name"])
            except DomainNameError:  # a zone like _domainkey.example.gov holds no mail domain
                continue
            yield HostedZone(zone["Id"].rpartition("/")[2], name)


def with_name_servers(account: Account, zone: HostedZone) -> HostedZone:
    """The zone with the name servers Route 53 gave it; blocks, raises `UndeterminedError`."""
    from botocore.exceptions import (  # as above
        BotoCoreError,
        ClientError,
    )

    try:
        found = account.client("route53").get_hosted_zone(Id=zone.zone_id)
    except (BotoCoreError, ClientError) as error:
        raise UndeterminedError(f"the name servers of the zone {zone.name}: {error}") from error
    servers = frozenset(parse_domain(name) for name in found["DelegationSet"]["NameServers"])
    return HostedZone(zone.zone_id, zone.name, servers)
