"""The DNS zone for a policy domain's records. Zones are looked up, never created or deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.cloud_catalogue import DEFAULT_CLOUD, Dns, dns_of_zone
from mtasts.errors import MtaStsError

if TYPE_CHECKING:
    from collections.abc import Iterable


class ZoneError(MtaStsError):
    """No zone of the account can carry the domain's records; its records cannot be declared."""


@dataclass(frozen=True, slots=True)
class HostedZone:
    """A public hosted zone: name and name servers as A-labels without trailing dots.

    ``zone_id`` is empty where the zone is in no account that is known here.
    """

    zone_id: str
    name: str
    name_servers: frozenset[str] = frozenset()

    def holds(self, domain: str) -> bool:
        """Whether ``domain`` is the zone's name or below it."""
        return domain == self.name or domain.endswith(f".{self.name}")

    def dns(self, domain: str) -> Dns:
        """Who answers for the records of ``domain`` that are in this zone."""
        if not self.zone_id:
            return Dns.MANUAL
        if not self.holds(domain):  # the operator's, below which the agency's CNAMEs lead
            return Dns.DELEGATED
        return dns_of_zone(self.zone_id) or DEFAULT_CLOUD.row.dns


def choose_zone(zones: Iterable[HostedZone], domain: str, zone_id: str | None = None) -> HostedZone:
    """The zone named by ``zone_id``, otherwise the one with the longest match.

    Raises:
        ZoneError: none matches, or several of the same name do; the message names the fix.
    """
    zones = tuple(zones)
    if zone_id is not None:
        named = [zone for zone in zones if zone.zone_id == zone_id]
        if not named:
            raise ZoneError(f"zoneId {zone_id} is no public hosted zone of this account")
        if not named[0].holds(domain):
            raise ZoneError(f"zoneId {zone_id} is the zone {named[0].name}, not one of {domain}")
        return named[0]
    matches = sorted(
        (zone for zone in zones if zone.holds(domain)),
        key=lambda zone: len(zone.name),
        reverse=True,
    )
    if not matches:
        raise ZoneError(
            f"no public hosted zone of this account holds {domain}: "
            "create and delegate one, or set zoneId or dnsRoleArn for the domain"
        )
    longest = [zone for zone in matches if zone.name == matches[0].name]
    if len(longest) > 1:
        ids = ", ".join(sorted(zone.zone_id for zone in longest))
        raise ZoneError(
            f"{len(longest)} public zones are named {longest[0].name} ({ids}): set zoneId"
        )
    return longest[0]


def delegation_problem(
    zone: HostedZone, delegated: Iterable[str], *, former: HostedZone | None = None
) -> str | None:
    """Why resolvers would not see records in ``zone``; None if they do.

    ``delegated`` are the name servers that DNS gives for the zone; while records move, they may be
    those of the ``former`` one.
    """
    seen = frozenset(delegated)
    if seen & zone.name_servers or (former is not None and seen & former.name_servers):
        return None
    return (
        f"the zone {zone.name} ({zone.zone_id}) is not the delegated one: DNS answers from "
        f"{', '.join(sorted(seen)) or 'no name server'}, the zone has "
        f"{', '.join(sorted(zone.name_servers))}; delegate it, or set zoneId to the live zone"
    )
