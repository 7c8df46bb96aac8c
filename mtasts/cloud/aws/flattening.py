"""Replaces the CNAME of a policy host by address records, in one step.

A name with a CNAME has no other records (RFC 1034 section 3.6.2), so the first run could not create
its address records. Route 53 applies a change batch as a whole, so senders always find either the
CNAME or the addresses.
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
# The addresses belong to another provider, which may change them: resolvers must ask often.
_TTL_SECONDS = 60


def address_conflict(owner: str, zone: HostedZone, account: Account) -> bool:
    """Whether ``owner`` has a CNAME, so that address records cannot be created; blocks.

    Raises:
        UndeterminedError: Route 53 refused or did not answer.
    """
    inputs = {"zoneId": zone.zone_id, "name": owner, "type": "CNAME"}
    return find_existing(account, _RECORD, inputs) is not None


def flatten(owner: str, zone: HostedZone, account: Account, addresses: Iterable[str]) -> None:
    """Replace the CNAME at ``owner`` by A and AAAA records; blocks.

    ``account`` must be allowed to write to the zone.

    Raises:
        UndeterminedError: Route 53 refused or did not answer.
    """
    from botocore.exceptions import (  # late: takes 0.25 s
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
