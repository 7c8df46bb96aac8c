"""A policy host's CNAME, replaced in one step by the addresses that it leads to.

Addresses and a CNAME cannot stand at one name (RFC 1034 section 3.6.2), so the first run could not
write its own. Route 53 applies a batch as a whole: no sender meets a moment without either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.cloud.existing import find_existing
from mtasts.errors import UndeterminedError
from mtasts.rollout.declaration import POLICY_LABEL

if TYPE_CHECKING:
    from mtasts.cloud.aws import Account
    from mtasts.rollout.verdicts import Surroundings

_RECORD = "aws:route53/record:Record"
_TTL_SECONDS = 60


def address_conflict(found: Surroundings, account: Account) -> bool:
    """Whether a CNAME stands where the policy host's addresses belong; blocks."""
    owner, zone_id, writer = _place(found, account)
    inputs = {"zoneId": zone_id, "name": owner, "type": "CNAME"}
    return find_existing(writer, _RECORD, inputs) is not None


def flatten(found: Surroundings, account: Account) -> None:
    """Replace the CNAME by the addresses in ``found``; blocks.

    Raises:
        UndeterminedError: Route 53 did not do so, or there is no address to put there.
    """
    from botocore.exceptions import (  # noqa: PLC0415 - a quarter of a second
        BotoCoreError,
        ClientError,
    )

    owner, zone_id, writer = _place(found, account)
    new = [answer for answer in found.addresses if answer.values]
    if not new:
        raise UndeterminedError(f"{owner} leads to no address now, so it is left as it is")
    client = writer.client("route53")
    try:
        old = client.list_resource_record_sets(
            HostedZoneId=zone_id, StartRecordName=owner, StartRecordType="CNAME", MaxItems="1"
        )["ResourceRecordSets"][0]
        changes = [{"Action": "DELETE", "ResourceRecordSet": old}]
        changes += [
            {
                "Action": "CREATE",
                "ResourceRecordSet": {
                    "Name": owner,
                    "Type": answer.type,
                    "TTL": _TTL_SECONDS,
                    "ResourceRecords": [{"Value": value} for value in answer.values],
                },
            }
            for answer in new
        ]
        client.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
    except (BotoCoreError, ClientError) as error:
        raise UndeterminedError(f"the CNAME {owner}: {error}") from error


def _place(found: Surroundings, account: Account) -> tuple[str, str, Account]:
    """The policy host's name, its zone, and the account that may write there."""
    role = found.domain.dns_role_arn
    zone = found.zone
    if zone is None:
        raise UndeterminedError(f"{found.domain.name} has no zone")
    owner = f"{POLICY_LABEL}.{found.domain.name}"
    return owner, zone.zone_id, account if role is None else account.in_role(role)
