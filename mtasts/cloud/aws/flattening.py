"""A policy host's CNAME, replaced in one step by the addresses that it leads to.

Addresses and a CNAME cannot stand at one name (RFC 1034 section 3.6.2), so the first run could not
write its own. Route 53 applies a batch as a whole: no sender meets a moment without either.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from mtasts.cloud.aws.existing import find_existing
from mtasts.errors import UndeterminedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtasts.cloud.aws.account import Account
    from mtasts.zones import HostedZone

_RECORD = "aws:route53/record:Record"
_TTL_SECONDS = 60


def address_conflict(owner: str, zone: HostedZone, account: Account) -> bool:
    """Whether a CNAME stands at ``owner``, where addresses belong; blocks."""
    inputs = {"zoneId": zone.zone_id, "name": owner, "type": "CNAME"}
    return find_existing(account, _RECORD, inputs) is not None


def flatten(owner: str, zone: HostedZone, account: Account, addresses: Iterable[str]) -> None:
    """Replace the CNAME at ``owner`` by ``addresses``; ``account`` may write to the zone. Blocks.

    Raises:
        UndeterminedError: Route 53 did not do so.
    """
    from botocore.exceptions import (  # a quarter of a second
        BotoCoreError,
        ClientError,
    )

    found: dict[str, list[str]] = {}
    for address in addresses:
        family = "A" if ipaddress.ip_address(address).version == 4 else "AAAA"
        found.setdefault(family, []).append(address)
    client = account.client("route53")
    try:
        old = client.list_resource_record_sets(
            HostedZoneId=zone.zone_id,
            StartRecordName=owner,
            StartRecordType="CNAME",
            MaxItems="1",
        )["ResourceRecordSets"][0]
        changes = [{"Action": "DELETE", "ResourceRecordSet": old}]
        changes += [
            {
                "Action": "CREATE",
                "ResourceRecordSet": {
                    "Name": owner,
                    "Type": type_,
                    "TTL": _TTL_SECONDS,
                    "ResourceRecords": [{"Value": value} for value in values],
                },
            }
            for type_, values in found.items()
        ]
        client.change_resource_record_sets(
            HostedZoneId=zone.zone_id, ChangeBatch={"Changes": changes}
        )
    except (BotoCoreError, ClientError) as error:
        raise UndeterminedError(f"the CNAME {owner}: {error}") from error
