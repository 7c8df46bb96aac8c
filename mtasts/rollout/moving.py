"""Records that move from one zone to another: both have them until no resolver asks the former.

Whoever looks for the policy asks the name servers that its resolver has heard of, and a resolver
may keep those for days after a registrar has named others (docs/moving.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.records import Outcome, select_sts, select_tlsrpt
from mtasts.rollout.dates import minute
from mtasts.rollout.declaration import FormerZone

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from mtasts.observations import DnsAnswer
    from mtasts.rollout.ledger import Ledger
    from mtasts.rollout.zones import HostedZone

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
    delegated: DnsAnswer | None,
    now: dt.datetime,
) -> Iterator[str]:
    """Why the records of ``domain`` may not be in ``zone``, or no longer in the former one.

    ``former`` is None where they are to be in ``zone`` alone; ``there`` is what its own servers
    have at the names that are to be written, ``delegated`` the name servers that DNS has.
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
        elif zone.zone_id not in {each.zone_id for each in ledger.zones}:
            yield from _in_the_way(zone, there)
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
    others: Iterable[HostedZone],
    *,
    delegated: DnsAnswer | None,
    now: dt.datetime,
) -> Iterator[str]:
    """Why resolvers may ask one of the ``others``, which the records were in before."""
    back = f"put back mtasts:leavingDns (or mtasts:leaving) for {domain}"
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


def host_refusals(domain: str, ledger: Ledger, *, leaves: bool, now: dt.datetime) -> Iterator[str]:
    """Why the host before may not go yet; ``leaves`` says that it stays for now."""
    moved = ledger.host_moved
    if moved is not None and not leaves and now < moved.settled_at:
        yield (
            f"until {minute(moved.settled_at)} resolvers may have the address that "
            f"mta-sts.{domain} led to before it went to {moved.hosting}: put back mtasts:leaving "
            "until then"
        )


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


def _in_the_way(zone: HostedZone, there: Iterable[DnsAnswer]) -> Iterator[str]:
    """What was copied along with the zone: ours would stand beside it, or be refused."""
    for answer in there:
        if not answer.settled:
            yield (
                f"could not find out whether the zone {zone.name} ({zone.zone_id}) has "
                f"{answer.name} already: {answer.reason}"
            )
        elif answer.values or _is_ours(answer):
            yield (
                f"the zone {zone.name} ({zone.zone_id}) has {answer.name} {answer.type} already: "
                "remove it there before DNS leads to that zone; it is made anew"
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
        "it. Then remove mtasts:leavingDns (or mtasts:leaving)"
    )
