"""The move of one domain to another zone or cloud (docs/moving.md).

Whoever looks for the policy asks the name servers that its resolver has heard of, and a resolver
may keep those for days after a registrar has named others. So both places have the domain until no
resolver queries the former zone, or leads to the former cloud.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mtasts.rollout.declaration import FormerZone

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Awaitable, Callable

    from mtasts.config import AgencyConfig, Hosting
    from mtasts.ledger.history import Ledger
    from mtasts.observations import DnsAnswer
    from mtasts.zones import HostedZone

# Two days: what registries give delegations at most, and Route 53 the NS records of its zones.
DELEGATION_SECONDS = 172_800


@dataclass(frozen=True, slots=True)
class Location:
    """Where a domain is: the cloud that serves its policy, and the zone that has its records."""

    hosting: Hosting
    zone: HostedZone


@dataclass(frozen=True, slots=True)
class MoveListener:
    """Callbacks of a switch of the policy host: right before it, and after it has failed."""

    before_switch: Callable[[], Awaitable[object]]
    switch_failed: Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Move:
    """One domain on its way to ``target``.

    ``former`` is where it is as well while it moves: at another cloud, in another zone, or both;
    None where the config keeps it at ``target`` alone. ``delegation`` are the name servers that DNS
    has for the zone, None where nobody asked.
    """

    domain: str
    ledger: Ledger
    target: Location
    former: Location | None
    delegation: DnsAnswer | None
    now: dt.datetime

    @classmethod
    def of(
        cls,
        domain: str,
        ledger: Ledger,
        target: Location,
        *,
        leaving: Hosting | None,
        former_zone: HostedZone | None,
        delegation: DnsAnswer | None,
        now: dt.datetime,
    ) -> Move:
        """The move that the config asks for.

        ``leaving`` is the former cloud; one that is about to be left is still the target.
        """
        former = Location(leaving or target.hosting, former_zone or target.zone)
        if former == target:
            return cls(domain, ledger, target, None, delegation, now)
        return cls(domain, ledger, target, former, delegation, now)

    @classmethod
    def recorded(
        cls, domain: str, ledger: Ledger, config: AgencyConfig, now: dt.datetime
    ) -> Move | None:
        """The same by the ledger alone; None until a run has written to the target's zone."""
        zone = ledger.last_zone
        if zone is None or zone.dns(domain) is not config.dns:
            return None
        former = (each for each in ledger.zones if each.dns(domain) is config.leaving_dns)
        return cls.of(
            domain,
            ledger,
            Location(config.hosting, zone),
            leaving=config.leaving,
            former_zone=next(former, None),
            delegation=None,
            now=now,
        )

    @property
    def ended(self) -> Move:
        """The same once the config names the target alone."""
        return replace(self, former=None)

    @property
    def former_zone(self) -> HostedZone | None:
        """The zone that the records move from; None where they stay in theirs."""
        if self.former is None or self.former.zone.zone_id == self.target.zone.zone_id:
            return None
        return self.former.zone

    @property
    def changes_host(self) -> bool:
        """Whether the policy host is at another cloud as well."""
        return self.former is not None and self.former.hosting is not self.target.hosting

    @property
    def leads_to_former_zone(self) -> bool:
        """Whether DNS leads to the former zone, or may, since nobody told."""
        return self.former_zone is not None and leads_to_former(self.former_zone, self.delegation)

    @property
    def leads_to_target_zone(self) -> bool | None:
        """Whether DNS leads to the new zone; None where nobody told."""
        if self.delegation is None or not self.delegation.settled:
            return None
        return bool(self.target.zone.name_servers & frozenset(self.delegation.values))

    @property
    def declared_former_zone(self) -> FormerZone | None:
        """The former zone as it is declared: whether DNS leads there, and whether it is queried."""
        zone = self.former_zone
        if zone is None:
            return None
        known = self.ledger.delegated
        has_settled = (
            known is not None and known.zone_id != zone.zone_id and self.now >= known.settled_at
        )
        is_led_to = self.leads_to_former_zone
        return FormerZone(zone, is_led_to, is_queried=is_led_to or not has_settled)

    @property
    def former_host_may_get_requests(self) -> bool:
        """Whether a sender may come to the former host, by the records of the target's zone."""
        host_target = self.ledger.host_target(self.target.zone.zone_id)
        if host_target is None or not self.has_switched:
            return True
        return self.ledger.has_moved(host_target.zone_id) and self.now < host_target.settled_at

    @property
    def has_switched(self) -> bool:
        """Whether the policy host leads to the target's cloud, by the records of its zone."""
        host_target = self.ledger.host_target(self.target.zone.zone_id)
        return host_target is not None and host_target.hosting == self.target.hosting

    @property
    def was_followed(self) -> bool:
        """Whether DNS was seen to lead to the target's zone alone."""
        known = self.ledger.delegated
        return known is not None and known.zone_id == self.target.zone.zone_id

    @property
    def keeps_former_host(self) -> bool:
        """Whether the former zone goes on to lead to the host that it leads to now."""
        if self.former is None or self.former_zone is None:
            return True
        host_target = self.ledger.host_target(self.former_zone.zone_id)
        return host_target is None or host_target.hosting == self.former.hosting

    @property
    def is_first_write(self) -> bool:
        """Whether nothing of the domain was ever written to the target's zone."""
        return self.target.zone.zone_id not in {each.zone_id for each in self.ledger.zones}


def leads_to_former(former: HostedZone, delegation: DnsAnswer | None) -> bool:
    """Whether DNS leads to the former zone, or may, since nobody told."""
    if delegation is None or not delegation.settled:
        return True
    return bool(former.name_servers & frozenset(delegation.values))
