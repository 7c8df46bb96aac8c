"""The look-ups for an inbox before anything is placed: account, zone, MX records and rules."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.errors import UndeterminedError, UsageError
from mtasts.threads import in_thread
from mtasts.zones import choose_zone, delegation_problem

if TYPE_CHECKING:
    from mtasts.cloud.interface import Receiver, Receiving
    from mtasts.cloud.of_inbox import InboxClouds
    from mtasts.config.hosts import Mailbox
    from mtasts.probe.dns import Resolver
    from mtasts.zones import HostedZone


@dataclass(frozen=True, slots=True)
class InboxSurvey:
    """The results of the look-ups; ``zone`` is None with dns manual."""

    account_id: str
    zone: HostedZone | None
    receiving: Receiving
    warnings: tuple[str, ...]


async def survey_inbox(clouds: InboxClouds, resolver: Resolver) -> InboxSurvey:
    """Look up the account, the zone and MX records of the inbox, and how the cloud receives mail.

    Raises:
        UsageError: the inbox's name receives its mail at another host, or the cloud does not
            receive mail for it.
        ZoneError: no zone of the account holds the name.
        WrongAccountError: the credentials are another account's.
        UndeterminedError: a look-up failed.
    """
    address = clouds.config.address
    receiver = clouds.receiver
    account_id = await in_thread(receiver.identify)
    zone, mail = await asyncio.gather(
        _zone(clouds, resolver), resolver.lookup(address.domain, "MX")
    )
    if not mail.settled:
        raise UndeterminedError(f"the MX records of {address.domain}: {mail.reason}")
    hosts = {host for _, host in mail.exchanges}
    _require_no_other_mail(receiver, address, hosts)
    receiving = await in_thread(receiver.look, clouds.slug, address, zone, hosts)
    return InboxSurvey(account_id, zone, receiving, receiving.warnings(clouds.slug, address))


def _require_no_other_mail(receiver: Receiver, address: Mailbox, hosts: set[str]) -> None:
    """Refuse a name that receives its mail at another host: our MX record would take it away.

    Raises:
        UsageError: the name receives its mail at another host, or has a null MX record.
    """
    other_hosts = sorted(each for each in hosts if not receiver.has_mail_host(each))
    if not other_hosts:
        return
    found = f"receives its mail at {', '.join(other_hosts)}"
    if other_hosts == ["."]:
        found = "has a null MX record, by which it receives no mail (RFC 7505)"
    raise UsageError(
        f"{address.domain} {found}: give the inbox an address in a domain of its own, such "
        f"as {address.local}@tlsrpt.{address.domain}"
    )


async def _zone(clouds: InboxClouds, resolver: Resolver) -> HostedZone | None:
    """The zone that holds the inbox's name; DNS must delegate to this zone.

    Raises:
        ZoneError: no zone of the account holds the name.
        UsageError: DNS delegates to another zone.
        UndeterminedError: the zones or the delegation could not be looked up.
    """
    zones, config = clouds.zones, clouds.config
    if zones is None:
        return None
    listed = await in_thread(zones.list, None)
    chosen = choose_zone(listed, config.address.domain, config.zone_id)
    zone = await in_thread(zones.complete, None, chosen)
    seen = await resolver.delegation(zone.name)
    if not seen.settled:
        raise UndeterminedError(f"the delegation of {zone.name}: {seen.reason}")
    if problem := delegation_problem(zone, seen.values):
        raise UsageError(problem)
    return zone
