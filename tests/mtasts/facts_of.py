"""Facts of a domain as a test names them: only what matters to it, the rest as of a quiet day."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar, cast

from mtasts.config import Hosting
from mtasts.ledger.history import Ledger
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.rollout.caa import AMAZON
from mtasts.rollout.facts import DomainFacts, HandoverFacts, ParkedFacts, Placement, ZoneFacts
from mtasts.zones import ZoneError

if TYPE_CHECKING:
    from mtasts.config import DomainConfig
    from mtasts.rollout.facts import Facts
    from mtasts.zones import HostedZone

T = TypeVar("T")
NO_ZONE = ZoneError("no zone")
AT_AWS = Placement(Hosting.AWS, leaving=None, authorities=(AMAZON,), is_local=False)
_PLACEMENT = {each.name for each in dataclasses.fields(Placement)}
_ZONE = {each.name for each in dataclasses.fields(ZoneFacts)} - {"zone"}


def zone_facts(zone: HostedZone, ledger: object = None, **more: Any) -> ZoneFacts:
    """A zone that DNS leads to; its STS record is that of the last policy that was proven."""
    last = ledger.last_proven if isinstance(ledger, Ledger) else None
    texts = ((f"v=STSv1; id={last.id};".encode(),),) if last is not None else ()
    status = DnsStatus.ANSWERED if texts else DnsStatus.NXDOMAIN
    quiet: dict[str, Any] = {
        "delegation": DnsAnswer(
            zone.name, "NS", DnsStatus.ANSWERED, tuple(sorted(zone.name_servers))
        ),
        "sts": DnsAnswer(f"_mta-sts.{zone.name}", "TXT", status, strings=texts, ttl_seconds=300),
        "tlsrpt": DnsAnswer(f"_smtp._tls.{zone.name}", "TXT", DnsStatus.NXDOMAIN),
        "host_addresses": (),
        "preexisting": (),
        "wildcard_probe": (),
        "host_rulings": (),
    }
    return ZoneFacts(
        zone, **(quiet | {key: each for key, each in more.items() if each is not None})
    )


def facts(domain: DomainConfig, mx: DnsAnswer, zone: object = NO_ZONE, **more: Any) -> DomainFacts:
    """What was found out about a mail domain; names of a zone's and a placement's facts go there.

    ``zone`` is a zone that is there, facts of one, or a problem. An ``agency_zone`` has what was
    ``handed_out``.
    """
    ledger = more.pop("ledger", Ledger())
    agency_zone, handed_out = more.pop("agency_zone", None), more.pop("handed_out", ())
    if agency_zone is not None:
        more["handover"] = HandoverFacts(agency_zone, handed_out)
    placed = {key: more.pop(key) for key in _PLACEMENT & more.keys()}
    at = {key: more.pop(key) for key in _ZONE & more.keys()}
    if isinstance(zone, ZoneFacts):
        zone = dataclasses.replace(zone, **at)
    elif not isinstance(zone, Exception):
        zone = zone_facts(cast("HostedZone", zone), ledger, **at)
    quiet: dict[str, Any] = {
        "placement": dataclasses.replace(AT_AWS, **placed),
        "caa": (),
        "noted": (),
        "former": None,
        "handover": None,
        "evidence": None,
        "unwritten": None,
    }
    return DomainFacts(domain, mx=mx, ledger=ledger, zone=cast("ZoneFacts", zone), **(quiet | more))


def around(domain: DomainConfig, mx: DnsAnswer, zone: object = NO_ZONE, **more: Any) -> Facts:
    """The same of any domain: of a parked one nothing but its MX is looked up."""
    return ParkedFacts(domain, mx) if domain.parked else facts(domain, mx, zone, **more)


def replace(found: T, **changes: Any) -> T:
    """As `dataclasses.replace`; of facts by the same names as `facts`."""
    if isinstance(found, ParkedFacts):
        changes = {key: each for key, each in changes.items() if key in {"domain", "mx"}}
    if not isinstance(found, DomainFacts):
        return cast("T", dataclasses.replace(cast("Any", found), **changes))
    if "ledger" in changes and isinstance(found.zone, ZoneFacts) and "sts" not in changes:
        # The record is that of the last proven policy, unless a test says something else.
        zone, was, made = found.zone, zone_facts(found.zone.zone, found.ledger), changes["ledger"]
        changes |= {"sts": zone_facts(zone.zone, made).sts} if zone.sts == was.sts else {}
    if changes.get("agency_zone", True) is None:
        changes = {key: each for key, each in changes.items() if key != "agency_zone"} | {
            "handover": None
        }
    kept: dict[str, Any] = {
        each.name: getattr(found, each.name) for each in dataclasses.fields(found)
    }
    placement = kept.pop("placement")
    kept |= {key: getattr(placement, key) for key in _PLACEMENT}
    if (
        "zone" in changes
        and isinstance(found.zone, ZoneFacts)
        and not isinstance(changes["zone"], Exception | ZoneFacts)
    ):
        changes["zone"] = dataclasses.replace(found.zone, zone=changes["zone"])
    return cast("T", facts(**(kept | changes)))
