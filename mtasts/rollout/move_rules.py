"""Records that move from one zone to another: both have them until no resolver asks the former.

Whoever looks for the policy asks the name servers that its resolver has heard of, and a resolver
may keep those for days after a registrar has named others (docs/moving.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.clock import minute
from mtasts.config import Hosting
from mtasts.observations import DnsStatus
from mtasts.records import Outcome, select_sts, select_tlsrpt
from mtasts.rollout.declaration import FormerZone
from mtasts.rollout.preflight import stands

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    from mtasts.ledger.history import Ledger
    from mtasts.observations import DnsAnswer
    from mtasts.zones import HostedZone

# Two days: what registries give delegations at most, and Route 53 the NS records of its zones.
DELEGATION_SECONDS = 172_800
_SHOWN_MAX = 5


def leads_to_former(former: HostedZone, delegated: DnsAnswer | None) -> bool:
    """Whether DNS leads to the former zone still, or may, since nobody told."""
    if delegated is None or not delegated.settled:
        return True
    return bool(former.name_servers & frozenset(delegated.values))


def left_zone(
    former: HostedZone | None, ledger: Ledger, delegated: DnsAnswer | None, now: dt.datetime
) -> FormerZone | None:
    """The former zone as it is declared: whether DNS leads there, and whether it may be asked."""
    if former is None:
        return None
    is_led_to = leads_to_former(former, delegated)
    known = ledger.delegated
    has_settled = known is not None and known.zone_id != former.zone_id and now >= known.settled_at
    return FormerZone(former, is_led_to, is_asked=is_led_to or not has_settled)


def move_refusals(
    domain: str,
    ledger: Ledger,
    zone: HostedZone,
    *,
    former: HostedZone | None,
    there: Iterable[DnsAnswer],
    beside: Iterable[DnsAnswer] = (),
    delegated: DnsAnswer | None,
    now: dt.datetime,
) -> Iterator[str]:
    """Why the records of ``domain`` may not be in ``zone``, or no longer in the former one.

    ``former`` is None where they are to be in ``zone`` alone; ``there`` is what its own servers
    have at the names that are to be written, ``beside`` at one that nobody wrote, ``delegated`` the
    name servers that DNS has.
    """
    last = ledger.last_zone
    if last is None or ledger.last_proven is None:
        return
    if former is not None:
        if former.name != zone.name:
            yield (
                f"the records move from the zone {former.name} to {zone.name}: give both zones one "
                "name, so that a change of name servers leads from one to the other"
            )
        elif _is_new(zone, ledger):
            yield from _in_the_way(zone, there, beside)
        return
    before, after = last.keeper(domain), zone.keeper(domain)
    if before is not after:
        yield (
            f"the records of {domain} are in the zone {last.name} (dns {before}), and would go "
            f"from there at once: {_way(before, after)}"
        )
        return
    others = [each for each in ledger.zones if each.keeper(domain) is not after]
    if others:
        yield from _too_early(domain, ledger, zone, others, delegated=delegated, now=now)


def _too_early(
    domain: str,
    ledger: Ledger,
    zone: HostedZone,
    others: Sequence[HostedZone],
    *,
    delegated: DnsAnswer | None,
    now: dt.datetime,
) -> Iterator[str]:
    """Why resolvers may ask one of the ``others``, which the records were in before."""
    left = next(iter(others))
    at = ledger.pointed(left.zone_id)
    hosting = Hosting(ledger.hosting or Hosting.AWS)
    back = f"put back {_leaving_zone(hosting, at.hosting if at else hosting, left, domain)}"
    named = f"have the registrar name {', '.join(sorted(zone.name_servers))} alone"
    seen = ledger.delegated
    asked = frozenset(delegated.values) if delegated is not None else frozenset()
    if asked & frozenset(server for each in others for server in each.name_servers):
        yield f"DNS leads to the former zone still: {back}, and {named}"
    elif seen is None:
        yield f"since when DNS leads to this zone alone is not known: {back} for two days"
    elif seen.zone_id in {each.zone_id for each in others}:
        yield (
            f"DNS led to the former zone ({seen.zone_id}) when that was last looked at: {back}, "
            f"and {named}"
        )
    elif now < seen.settled_at:
        yield (
            f"until {minute(seen.settled_at)} resolvers may ask the former zone: {back} until then"
        )


def firm_host_refusals(
    domain: str,
    ledger: Ledger,
    zone: HostedZone,
    *,
    hosting: Hosting,
    leaving: Hosting | None,
    former: HostedZone | None,
    delegated: DnsAnswer | None,
) -> Iterator[str]:
    """Why ``domain`` may not be at the cloud ``hosting``, whatever anybody decides.

    ``leaving`` is the cloud that it leaves, or is about to; ``former`` the zone that it leaves.
    """
    if ledger.last_proven is None:
        return
    leaves = leaving not in {None, hosting}
    here = ledger.pointed(zone.zone_id)
    if ledger.hosting not in {None, hosting} and not leaves:
        yield (
            f"{domain} is at {ledger.hosting}, by its ledger, and would go from there at once: "
            f"write mtasts:leaving: {ledger.hosting} beside mtasts:hosting: {hosting} "
            "(docs/moving.md)"
        )
    elif former is not None:
        there = ledger.pointed(former.zone_id)
        if there is not None and not is_left_as_it_is(ledger, former, hosting, leaving):
            yield (
                f"in the zone that {domain} leaves, {former.name} ({former.zone_id}), its host is "
                f"at {there.hosting}: write {_leaving_zone(hosting, there.hosting, former, domain)}"
            )
        elif hosting is Hosting.CLOUDFLARE and ledger.hosting != hosting:
            yield from _not_led_to(zone, delegated)
    elif leaves and hosting is Hosting.AWS and (here is None or here.hosting != hosting):
        yield (
            "a Worker's custom domain has records of its own, which Cloudflare deletes before "
            "another can stand in their zone: senders would find no host meanwhile. Write "
            "mtasts:dns: route53: the zone moves along, and both answer meanwhile"
        )
    elif (
        leaves
        and hosting is Hosting.CLOUDFLARE
        and ledger.hosting == Hosting.AWS
        and ledger.has_enforced
        and not ledger.is_freed
    ):
        yield (
            f"the host of {domain} is protected still: write mtasts:hosting: aws beside "
            "mtasts:leaving: aws, and run once, before it moves (docs/moving.md)"
        )


def is_left_as_it_is(
    ledger: Ledger, former: HostedZone, hosting: Hosting, leaving: Hosting | None
) -> bool:
    """Whether the zone that is left goes on to lead to the host that it leads to."""
    there = ledger.pointed(former.zone_id)
    return there is None or there.hosting == (leaving or hosting)


def _not_led_to(zone: HostedZone, delegated: DnsAnswer | None) -> Iterator[str]:
    if delegated is None or not delegated.settled:
        yield f"could not find out whether DNS leads to the zone {zone.name} ({zone.zone_id})"
    elif not frozenset(delegated.values) & zone.name_servers:
        yield (
            "Cloudflare has no certificate for a Worker before DNS leads to its zone: move the "
            "zone first, with hosting aws, and then hosting"
        )


def _leaving_zone(hosting: Hosting, cloud: str, former: HostedZone, domain: str) -> str:
    """The keys by which the zone ``former`` is left, whose host is at ``cloud``."""
    keeper = former.keeper(domain)
    if cloud == hosting:
        return f"mtasts:leavingDns: {keeper}"
    if hosting is Hosting.AWS:
        return "mtasts:leaving: cloudflare"
    return f"mtasts:leaving: aws and mtasts:leavingDns: {keeper}"


def host_refusals(
    domain: str,
    ledger: Ledger,
    zone: HostedZone,
    *,
    hosting: Hosting,
    leaving: Hosting | None,
    now: dt.datetime,
) -> Iterator[str]:
    """Why the host before may not go yet."""
    pointed = ledger.pointed(zone.zone_id)
    if leaving not in {None, hosting} or pointed is None:
        return
    if ledger.last_phase is not None and not ledger.last_phase.phase.parts.addresses:
        return  # its name leads nowhere any more
    back = f"put back mtasts:leaving: {hosting.other}"
    if pointed.hosting != hosting:
        yield f"mta-sts.{domain} leads to {pointed.hosting} still: {back} until it does not"
    elif ledger.has_moved(zone.zone_id) and now < pointed.settled_at:
        yield (
            f"until {minute(pointed.settled_at)} resolvers may have the address that "
            f"mta-sts.{domain} led to before it went to {hosting}: {back} until then"
        )


def left_host_is_asked(
    ledger: Ledger, zone: HostedZone, hosting: Hosting, now: dt.datetime
) -> bool:
    """Whether a sender may come to the host that is left, by the records of ``zone``."""
    pointed = ledger.pointed(zone.zone_id)
    if pointed is None or pointed.hosting != hosting:
        return True
    return ledger.has_moved(zone.zone_id) and now < pointed.settled_at


def _way(before: str, after: str) -> str:
    if {before, after} == {"route53", "cloudflare"}:
        return (
            f"add mtasts:leavingDns: {before} (mtasts:leaving: cloudflare, where a Worker serves) "
            "until resolvers ask the new zone (docs/moving.md)"
        )
    return (
        f"records move between route53 and cloudflare only; write mtasts:dns: {before} again, or "
        "retire the domain first (docs/retirement.md)"
    )


def _is_new(zone: HostedZone, ledger: Ledger) -> bool:
    """Whether nothing of the domain was ever written to a zone."""
    return zone.zone_id not in {each.zone_id for each in ledger.zones}


def _in_the_way(
    zone: HostedZone, there: Iterable[DnsAnswer], beside: Iterable[DnsAnswer]
) -> Iterator[str]:
    """What was copied along with the zone: ours would stand beside it, or be refused."""
    beside = tuple(beside)
    for answer in there:
        if not answer.settled:
            yield (
                f"could not find out whether the zone {zone.name} ({zone.zone_id}) has "
                f"{answer.name} already: {answer.reason}"
            )
        elif stands(answer, beside) or _is_ours(answer):
            yield (
                f"the zone {zone.name} ({zone.zone_id}) has {answer.name} {answer.type} already: "
                "remove it there before DNS leads to that zone; it is made anew"
            )


def copied_below(
    ledger: Ledger, zone: HostedZone, there: Iterable[DnsAnswer], beside: Iterable[DnsAnswer]
) -> Iterator[str]:
    """A hint of names below the policy host in a zone that records move to.

    A name that has no records but exists has others below it (RFC 8020 section 2).
    """
    kinds = {each.type for each in beside}
    hosts = [each for each in there if each.type in kinds]
    empty = bool(hosts) and all(each.status is DnsStatus.NO_DATA for each in hosts)
    if _is_new(zone, ledger) and empty and all(e.status is DnsStatus.NXDOMAIN for e in beside):
        yield (
            f"the zone {zone.name} ({zone.zone_id}) has something below {hosts[0].name}: if it is "
            "a copied CNAME of the certificate, remove it there, since it is made anew"
        )


def _is_ours(answer: DnsAnswer) -> bool:
    """Whether a text is of the kind that is to be written; others may stand beside it."""
    found = (select_sts(answer.strings), select_tlsrpt(answer.strings))
    return any(each.outcome is not Outcome.NONE for each in found)


def move_note(zone: HostedZone, former: HostedZone, delegated: DnsAnswer, ledger: Ledger) -> str:
    """Where a move stands, and what comes next."""
    servers = ", ".join(sorted(zone.name_servers)[:_SHOWN_MAX])
    seen = frozenset(delegated.values)
    if not seen & zone.name_servers:
        return (
            f"moving: DNS leads to the former zone ({former.zone_id}) still. Once this run has "
            f"gone through, have the registrar of {zone.name} name {servers}"
        )
    if seen & former.name_servers:
        return (
            f"moving: DNS leads to both zones. Have the registrar of {zone.name} name {servers} "
            "alone"
        )
    known = ledger.delegated
    if known is None or known.zone_id != zone.zone_id:
        until = "for two days from this run on"
    else:
        until = f"until {minute(known.settled_at)}"
    return (
        f"moving: DNS leads to the new zone; the former one stays {until}, since resolvers may ask "
        "it. Then remove mtasts:leavingDns and mtasts:leaving, whichever there is"
    )
