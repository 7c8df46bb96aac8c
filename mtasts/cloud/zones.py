"""The public hosted zones that an account holds, as values; nothing is created or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.errors import UndeterminedError
from mtasts.names import DomainNameError, parse_domain
from mtasts.rollout.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.cloud.aws import Account


def public_zones(account: Account) -> tuple[HostedZone, ...]:
    """Every public zone, without its name servers (`with_name_servers` adds them); blocks.

    Raises:
        UndeterminedError: Route 53 did not list them.
    """
    from botocore.exceptions import (  # noqa: PLC0415 - a quarter of a second
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
    from botocore.exceptions import (  # noqa: PLC0415 - as above
        BotoCoreError,
        ClientError,
    )

    try:
        found = account.client("route53").get_hosted_zone(Id=zone.zone_id)
    except (BotoCoreError, ClientError) as error:
        raise UndeterminedError(f"the name servers of the zone {zone.name}: {error}") from error
    servers = frozenset(parse_domain(name) for name in found["DelegationSet"]["NameServers"])
    return HostedZone(zone.zone_id, zone.name, servers)
