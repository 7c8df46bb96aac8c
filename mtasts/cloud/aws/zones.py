"""Reads the public hosted zones of an account; nothing is created or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.errors import UndeterminedError
from mtasts.names import DomainNameError, parse_domain
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.cloud.aws.account import Account


class Route53Zones:
    """`mtasts.cloud.interface.Zones` for Route 53, in the stack's account or a role's; blocks."""

    def __init__(self, account: Account) -> None:
        """Read from ``account``; nothing is called yet."""
        self._account = account

    def list(self, role: str | None) -> tuple[HostedZone, ...]:
        """Every public zone of the role's account, or of the stack's own for None.

        Raises:
            UndeterminedError: Route 53 refused or did not answer.
        """
        return public_zones(self._account.in_role(role))

    def complete(self, role: str | None, zone: HostedZone) -> HostedZone:
        """The zone with its name servers.

        Raises:
            UndeterminedError: Route 53 refused or did not answer.
        """
        return with_name_servers(self._account.in_role(role), zone)


def public_zones(account: Account) -> tuple[HostedZone, ...]:
    """Every public zone, without its name servers (`with_name_servers` adds them); blocks.

    Raises:
        UndeterminedError: Route 53 refused or did not answer.
    """
    from botocore.exceptions import (  # late: takes 0.25 s
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
            except DomainNameError:  # such as _domainkey.example.gov, which is no mail domain
                continue
            yield HostedZone(zone["Id"].rpartition("/")[2], name)


def with_name_servers(account: Account, zone: HostedZone) -> HostedZone:
    """The zone with the name servers of its delegation set; blocks.

    Raises:
        UndeterminedError: Route 53 refused or did not answer.
    """
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
