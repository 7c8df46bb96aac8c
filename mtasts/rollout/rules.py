"""The rules by which a domain may be declared as its config asks, or may not: `RULES` is the table.

A rule takes facts and the time, and gives rulings. To see why a domain is held, look the id up in
``docs/rulings.md``, and its rule here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from mtasts.config import Waiver
from mtasts.errors import UndeterminedError
from mtasts.ledger.history import Ledger, enforces
from mtasts.observations import DnsStatus
from mtasts.policy import Mode
from mtasts.promotion import gates
from mtasts.rollout import lost
from mtasts.rollout.caa import forbids
from mtasts.rollout.facts import DomainFacts, ZoneFacts
from mtasts.rollout.handover import HandoverError, not_published
from mtasts.rollout.move_rules import (
    copied_below,
    firm_host_refusals,
    host_refusals,
    progress_notes,
    zone_refusals,
)
from mtasts.rollout.mx_safety import mx_refusals
from mtasts.rollout.preflight import second_records, taken_names
from mtasts.rollout.published import foreign_records, is_published
from mtasts.ruling_catalogue import Kind
from mtasts.rulings import Ruling, note, refusal, warning
from mtasts.zones import ZoneError, delegation_problem

if TYPE_CHECKING:
    import datetime as dt

    from mtasts.rollout.facts import LedgerProblem, ParkedFacts, ZoneProblem

Rule: TypeAlias = Callable[[DomainFacts, "dt.datetime"], Iterator[Ruling]]

_NULL_MX_RECORD = "0 ."


def parked_rulings(found: ParkedFacts) -> Iterator[Ruling]:
    """A parked domain says that it takes no mail (RFC 7505), or senders go on trying."""
    mx = found.mx
    if mx.status is DnsStatus.FAILED:
        text = f"could not find out whether {mx.name} has a null MX: {mx.reason}"
        yield refusal("parked-mx-unknown", text)
    elif mx.values != (_NULL_MX_RECORD,):
        shown = ", ".join(mx.values[:5]) or "no MX record"
        yield refusal(
            "parked-mx-live",
            f"{mx.name} is parked (mx: []), but DNS has {shown}",
            f"publish {mx.name} MX 0 . (RFC 7505), or list its hosts under mx",
        )


def zone_is_there(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """There is one zone for the records, and the one that they move from is known.

    Of a domain that is retired to the end it does not matter any more.
    """
    del now
    if isinstance(found.former, Exception):
        is_missing = isinstance(found.former, ZoneError)
        yield refusal(
            "former-zone-missing" if is_missing else "former-zone-unknown",
            f"the zone that the records move from: {found.former}",
        )
    elif isinstance(found.zone, Exception) and not lost.is_over(found.domain, found.history):
        yield _zone_refusal(found, found.zone)


def _zone_refusal(found: DomainFacts, problem: ZoneProblem) -> Ruling:
    if isinstance(problem, ZoneError):
        missing = refusal("zone-missing", str(problem))
        return lost.unless_lost(found.domain, found.history, missing)
    is_broken = isinstance(problem, HandoverError)
    return refusal("handover-broken" if is_broken else "zone-unknown", str(problem))


def zone_is_delegated(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """DNS leads to the zone, so that what is written there is seen."""
    del now
    at = found.zone
    if not isinstance(at, ZoneFacts) or lost.is_over(found.domain, found.history):
        return
    if at.delegation.status is DnsStatus.FAILED:
        # The proof asks the zone's own servers before any record is written.
        yield warning(
            "zone-delegation-unknown",
            f"could not find out who answers for {at.zone.name}: {at.delegation.reason}",
        )
    elif why := delegation_problem(at.zone, at.delegation.values, former=found.former_zone):
        refused = refusal("zone-not-delegated", why)
        yield lost.unless_lost(found.domain, found.history, refused)


def handover_is_published(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """DNS has what was handed out, of a domain that is to retire; of others that is told."""
    del now
    if lost.is_nowhere(found.domain, found.history, found.handed_out):
        nowhere = refusal(
            "handover-nowhere",
            "DNS has nothing any more of what was handed out, so mode none cannot be published",
            "have it published again (mtasts docs delegation)",
        )
        yield lost.unless_lost(found.domain, found.history, nowhere)
    if found.stage is not None and not found.domain.retire:
        yield from not_published(found.stage, found.handed_out)


def certificate_may_be_issued(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """A certificate is to be had for the policy host (RFC 8659)."""
    del now
    reasons = [forbids(found.caa, each) for each in found.placement.authorities]
    first = reasons[0] if all(reasons) else None
    if first is not None:
        # Once it is issued, nothing stands in the way but its renewal.
        kind = Kind.REFUSAL if _needs_certificate(found) else Kind.WARNING
        yield Ruling("certificate-forbidden", kind, first)


def _needs_certificate(found: DomainFacts) -> bool:
    """Whether its host is still to get one: it is new, or about to be at another cloud too."""
    known = {each.zone_id for each in found.history.zones}
    zone = found.hosted_zone
    moves = found.placement.changes_host and zone is not None and zone.zone_id not in known
    return moves or found.history.last_proven is None


def ledger_is_known(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """The ledger can be read, and took what has to stand there before it is declared."""
    del now
    if isinstance(found.ledger, Ledger):
        yield from (warning("ledger-objects-changed", each) for each in found.ledger.notes)
    else:
        yield ledger_refusal(found.ledger)
    if found.unwritten is not None:
        yield refusal("ledger-not-written", str(found.unwritten))


def ledger_refusal(problem: LedgerProblem) -> Ruling:
    """Why nothing can be said of what a domain has published."""
    is_unknown = isinstance(problem, UndeterminedError)
    return refusal("ledger-unknown" if is_unknown else "ledger-broken", str(problem))


def host_is_free(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """Nothing else serves the policy host, and no setting of its zone would hit it."""
    del now
    if isinstance(found.zone, ZoneFacts):
        yield from (
            each
            for each in found.zone.host_rulings
            if found.has_ledger or each.kind is not Kind.REFUSAL
        )


def records_are_ours(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """DNS has no record in place of ours, nor beside those of a new domain."""
    del now
    if not found.has_ledger or not isinstance(found.zone, ZoneFacts):
        return
    at = found.zone
    if found.history.last_body is None:
        yield from second_records(found.domain, at.sts, at.tlsrpt)
        yield from taken_names(at.preexisting, at.wildcard_probe)
    else:
        yield from foreign_records(found.domain, found.history, at.sts)


def mx_is_covered(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """No new id of an enforced policy misses an MX."""
    domain, ledger = found.domain, found.history
    if found.has_ledger and not is_published(found.intended, ledger, found.sts):
        yield from mx_refusals(domain.name, domain.policy, ledger, found.mx, now)


def promotion_has_evidence(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """A promotion to enforce passes its gates."""
    if found.has_ledger and found.is_promotion:
        ledger, is_local = found.history, found.placement.is_local
        yield from gates.unmet(
            found.domain, found.mx, found.evidence, now, ledger=ledger, is_local=is_local
        )
        yield from gates.left_out(found.evidence, ledger=ledger, is_local=is_local)


def move_is_safe(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """Records and host may be where they are to be, and may go from where they were.

    An override lets a zone or a host go before its time; what would be lost or doubled stays
    refused.
    """
    at = found.zone
    if not isinstance(at, ZoneFacts) or not found.has_ledger:
        return
    move = found.move(at.zone, now)
    firm = list(firm_host_refusals(move))
    yield from firm
    last = move.ledger.last_zone
    is_kept = last is not None and last.dns(move.domain) is at.zone.dns(move.domain)
    is_waivable = is_kept and move.former_zone is None and not firm
    zone_waits = zone_refusals(move, at.preexisting, at.wildcard_probe)
    waits = [(Waiver.ZONE_WAIT, each) for each in zone_waits]
    waits += [(Waiver.HOST_WAIT, each) for each in (() if firm else host_refusals(move))]
    for waiver, each in waits:
        way = "if what is left is lost for good"
        yield each.waivable(waiver, way=way) if is_waivable else each
    if move.former_zone is not None:
        yield from copied_below(move, at.preexisting, at.wildcard_probe)
        yield from progress_notes(move)


def way_back_helps(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """How soon a step back from enforce helps: whoever is waiting for it wants to know."""
    del now
    last = found.history.last_proven
    if last is not None and enforces(last) and found.domain.mode is not Mode.ENFORCE:
        yield note(
            "enforce-way-back",
            "back from enforce: senders that look for the id refuse nothing any more "
            f"{found.record_ttl_seconds} s after this run has written the "
            "record; mail that was deferred comes with their next try (mtasts docs emergencies)",
        )


RULES: tuple[Rule, ...] = (
    zone_is_there,
    zone_is_delegated,
    handover_is_published,
    certificate_may_be_issued,
    ledger_is_known,
    host_is_free,
    records_are_ours,
    mx_is_covered,
    promotion_has_evidence,
    move_is_safe,
    way_back_helps,
)
"""Every rule of a mail domain, in the order in which its rulings are told."""
