"""The rules of a `mtasts.rollout.move.Move`: why a run refuses it, and what it tells of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mtasts.clock import minute
from mtasts.config import Hosting
from mtasts.observations import DnsStatus
from mtasts.records import Outcome, select_sts, select_tlsrpt
from mtasts.rollout.move import DELEGATION_SECONDS
from mtasts.rollout.preflight import has_own_records
from mtasts.rulings import refusal, warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mtasts.ledger.history import Ledger
    from mtasts.observations import DnsAnswer
    from mtasts.rollout.move import Move
    from mtasts.rulings import Ruling
    from mtasts.zones import HostedZone

_SHOWN_MAX = 5


def zone_refusals(
    move: Move,
    preexisting: Iterable[DnsAnswer] = (),
    wildcard_probe: Iterable[DnsAnswer] = (),
) -> Iterator[Ruling]:
    """Why the records may not be in the target's zone, or no longer in the former one.

    ``preexisting`` is what the target's own servers have at the names that are to be written,
    ``wildcard_probe`` what they have at a random name.
    """
    last, zone, former = move.ledger.last_zone, move.target.zone, move.former_zone
    if last is None or move.ledger.last_proven is None:
        return
    if former is not None:
        if former.name != zone.name:
            yield refusal(
                "move-zone-names-differ",
                f"the records move from the zone {former.name} to {zone.name}",
                "give both zones one name, so that a change of name servers leads from one to the "
                "other",
            )
        elif move.is_first_write:
            yield from _in_the_way(zone, preexisting, tuple(wildcard_probe))
        return
    before, after = last.dns(move.domain), zone.dns(move.domain)
    if before is not after:
        yield refusal(
            "move-zone-at-once",
            f"the records of {move.domain} are in the zone {last.name} (dns {before}), and this "
            "run would delete them while resolvers still query that zone",
            _way(before, after),
        )
        return
    others = [each for each in move.ledger.zones if each.dns(move.domain) is not after]
    if others:
        yield from _former_zone_too_early(move, others)


def _former_zone_too_early(move: Move, others: Sequence[HostedZone]) -> Iterator[Ruling]:
    """Why resolvers may query one of the ``others``, which the records were in before."""
    ledger, former = move.ledger, next(iter(others))
    host_target = ledger.host_target(former.zone_id)
    hosting = Hosting(ledger.hosting or Hosting.AWS)
    cloud = (host_target.hosting if host_target is not None else None) or hosting
    back = f"put back {_leaving_keys(hosting, cloud, former, move.domain)}"
    servers = ", ".join(sorted(move.target.zone.name_servers))
    named = f"{back}, and have the registrar name {servers} alone"
    seen = ledger.delegated
    queried = frozenset(move.delegation.values) if move.delegation is not None else frozenset()
    if queried & frozenset(server for each in others for server in each.name_servers):
        yield refusal("former-zone-led-to", "DNS leads to the former zone still", named)
    elif seen is None:
        yield refusal(
            "former-zone-since-unknown",
            "since when DNS leads to this zone alone is not known",
            f"{back} for two days",
        )
    elif seen.zone_id in {each.zone_id for each in others}:
        text = f"DNS led to the former zone ({seen.zone_id}) when that was last looked at"
        yield refusal("former-zone-led-to", text, named)
    elif move.now < seen.settled_at:
        yield refusal(
            "former-zone-cached",
            f"until {minute(seen.settled_at)} resolvers may query the former zone",
            f"{back} until then",
            until=seen.settled_at,
        )


def firm_host_refusals(move: Move) -> Iterator[Ruling]:
    """Why the domain may not be at its target's cloud, whatever anybody decides."""
    ledger, hosting, former = move.ledger, move.target.hosting, move.former_zone
    if ledger.last_proven is None:
        return
    host_target = ledger.host_target(move.target.zone.zone_id)
    if ledger.hosting not in {None, hosting} and not move.changes_host:
        yield refusal(
            "move-host-at-once",
            f"{move.domain} is at {ledger.hosting}, by its ledger, and this run would delete it "
            "there while senders still use it",
            f"write mtasts:leaving: {ledger.hosting} beside mtasts:hosting: {hosting} "
            "(mtasts docs moving)",
        )
    elif former is not None:
        former_target = ledger.host_target(former.zone_id)
        if former_target is not None and not move.keeps_former_host:
            yield refusal(
                "former-zone-other-host",
                f"in the former zone of {move.domain}, {former.name} ({former.zone_id}), its host "
                f"is at {former_target.hosting}",
                "write "
                f"{_leaving_keys(hosting, former_target.hosting or hosting, former, move.domain)}",
            )
        elif hosting is Hosting.CLOUDFLARE and ledger.hosting != hosting:
            yield from _worker_without_zone(move)
    elif (
        move.changes_host
        and hosting is Hosting.AWS
        and (host_target is None or host_target.hosting != hosting)
    ):
        yield refusal(
            "move-host-needs-zone",
            "a Worker's custom domain has records of its own, which Cloudflare deletes before "
            "another can stand in their zone, so senders would find no host meanwhile",
            "write mtasts:dns: route53: the zone moves along, and both answer meanwhile",
        )
    elif move.changes_host and hosting is Hosting.CLOUDFLARE and _is_protected_at_aws(ledger):
        yield refusal(
            "move-host-protected",
            f"the host of {move.domain} is protected still",
            "write mtasts:hosting: aws beside mtasts:leaving: aws, and run once, before it moves "
            "(mtasts docs moving)",
        )


def _is_protected_at_aws(ledger: Ledger) -> bool:
    """Whether the engine would refuse to delete the host; a ledger without a cloud is at AWS."""
    is_at_aws = ledger.hosting in {None, Hosting.AWS}
    return is_at_aws and ledger.has_enforced and not ledger.is_freed


def _worker_without_zone(move: Move) -> Iterator[Ruling]:
    zone = move.target.zone
    if move.leads_to_target_zone is None:
        yield refusal(
            "move-zone-led-to-unknown",
            f"could not find out whether DNS leads to the zone {zone.name} ({zone.zone_id})",
        )
    elif not move.leads_to_target_zone:
        yield refusal(
            "move-zone-not-led-to",
            "Cloudflare has no certificate for a Worker before DNS leads to its zone",
            "move the zone first, with hosting aws, and then hosting",
        )


def _leaving_keys(hosting: Hosting, cloud: str, former: HostedZone, domain: str) -> str:
    """The config keys that keep the zone ``former``, whose host is at ``cloud``."""
    keeper = former.dns(domain)
    if cloud == hosting:
        return f"mtasts:leavingDns: {keeper}"
    if hosting is Hosting.AWS:
        return "mtasts:leaving: cloudflare"
    return f"mtasts:leaving: aws and mtasts:leavingDns: {keeper}"


def host_refusals(move: Move) -> Iterator[Ruling]:
    """Why the former host may not go yet."""
    ledger, hosting = move.ledger, move.target.hosting
    host_target = ledger.host_target(move.target.zone.zone_id)
    if move.changes_host or host_target is None:
        return
    if ledger.has_withdrawn_addresses:
        return
    back = f"put back mtasts:leaving: {hosting.other}"
    if host_target.hosting != hosting:
        yield refusal(
            "former-host-led-to",
            f"mta-sts.{move.domain} leads to {host_target.hosting} still",
            f"{back} until it does not",
        )
    elif ledger.has_moved(host_target.zone_id) and move.now < host_target.settled_at:
        yield refusal(
            "former-host-cached",
            f"until {minute(host_target.settled_at)} resolvers may have the address that "
            f"mta-sts.{move.domain} led to before it went to {hosting}",
            f"{back} until then",
            until=host_target.settled_at,
        )


def _way(before: str, after: str) -> str:
    if {before, after} == {"route53", "cloudflare"}:
        return (
            f"add mtasts:leavingDns: {before} (mtasts:leaving: cloudflare, where a Worker serves) "
            "until resolvers query the new zone (mtasts docs moving)"
        )
    return (
        f"records move between route53 and cloudflare only; write mtasts:dns: {before} again, or "
        "retire the domain first (mtasts docs retirement)"
    )


def _in_the_way(
    zone: HostedZone, preexisting: Iterable[DnsAnswer], wildcard_probe: Sequence[DnsAnswer]
) -> Iterator[Ruling]:
    """What was copied along with the zone: a second record would stand beside it, or be refused."""
    for answer in preexisting:
        if not answer.settled:
            yield refusal(
                "move-zone-records-unknown",
                f"could not find out whether the zone {zone.name} ({zone.zone_id}) has "
                f"{answer.name} already: {answer.reason}",
            )
        elif has_own_records(answer, wildcard_probe) or _is_sts_or_tlsrpt(answer):
            yield refusal(
                "move-zone-has-records",
                f"the zone {zone.name} ({zone.zone_id}) has {answer.name} {answer.type} already",
                "remove it there before DNS leads to that zone; it is made anew",
            )


def copied_below(
    move: Move, preexisting: Iterable[DnsAnswer], wildcard_probe: Iterable[DnsAnswer]
) -> Iterator[Ruling]:
    """A hint of names below the policy host in a zone that records move to.

    A name that has no records but exists has others below it (RFC 8020 section 2).
    """
    zone, probe = move.target.zone, tuple(wildcard_probe)
    kinds = {each.type for each in probe}
    hosts = [each for each in preexisting if each.type in kinds]
    empty = bool(hosts) and all(each.status is DnsStatus.NO_DATA for each in hosts)
    if move.is_first_write and empty and all(e.status is DnsStatus.NXDOMAIN for e in probe):
        yield warning(
            "move-zone-copied-below",
            f"the zone {zone.name} ({zone.zone_id}) has something below {hosts[0].name}",
            "if it is a copied CNAME of the certificate, remove it there, since it is made anew",
        )


def _is_sts_or_tlsrpt(answer: DnsAnswer) -> bool:
    """Whether a text is of the kind that is to be written; others may stand beside it."""
    found = (select_sts(answer.strings), select_tlsrpt(answer.strings))
    return any(each.outcome is not Outcome.NONE for each in found)


def progress_notes(move: Move) -> Iterator[Ruling]:
    """Where a move between zones stands, and what comes next; nothing while DNS does not tell."""
    former, zone, known = move.former_zone, move.target.zone, move.ledger.delegated
    if former is None or move.leads_to_target_zone is None:
        return
    registrar = f"have the registrar of {zone.name} name"
    servers = ", ".join(sorted(zone.name_servers)[:_SHOWN_MAX])
    if not move.leads_to_target_zone:
        yield warning(
            "move-registrar-due",
            f"moving: DNS leads to the former zone ({former.zone_id}) still",
            f"once this run has gone through, {registrar} {servers}",
        )
    elif move.leads_to_former_zone:
        text = "moving: DNS leads to both zones"
        yield warning("move-registrar-both", text, f"{registrar} {servers} alone")
    else:
        is_dated = known is not None and known.zone_id == zone.zone_id
        settled = known.settled_at if known is not None and is_dated else None
        until = f"until {minute(settled)}" if settled else "for two days from this run on"
        in_two_days = move.now + dt.timedelta(seconds=DELEGATION_SECONDS)
        yield warning(
            "move-former-zone-kept",
            f"moving: DNS leads to the new zone; the former one stays {until}, since resolvers may "
            "query it",
            "then remove mtasts:leavingDns and mtasts:leaving, whichever there is",
            until=settled or in_two_days,
        )
