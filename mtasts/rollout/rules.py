"""The rules that decide whether a domain may be declared as configured; `RULES` is the table.

A rule takes facts and the time, and yields rulings. To learn why a domain is held, look up the
ruling's id in ``docs/rulings.md``, and then its rule here.
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
    """A parked domain has a null MX (RFC 7505); without one, senders try to deliver mail."""
    mx = found.mx
    if mx.status is DnsStatus.FAILED:
        text = f"could not find out whether {mx.name} has a null MX: {mx.reason}"
        yield refusal("parked-mx-unknown", text)
    elif mx.values != (_NULL_MX_RECORD,):
        shown = ", ".join(mx.values[:5]) or "no MX record"
        yield refusal(
            "parked-mx-live",
            f"{mx.name} is parked (mx: []), but DNS has {shown}",
            f"if the domain receives no mail, publish {mx.name} MX 0 . (RFC 7505); if it does, "
            "list its MX hosts under mx",
        )


def zone_is_known(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """The zone of the records is known, and the zone that they move from.

    For a domain whose retirement is complete, neither matters.
    """
    del now
    if isinstance(found.former, Exception):
        is_missing = isinstance(found.former, ZoneError)
        yield refusal(
            "former-zone-missing" if is_missing else "former-zone-unknown",
            f"the former zone of the records (mtasts:leavingDns): {found.former}",
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
    """The zone is delegated, so that senders see the records in it."""
    del now
    zone_facts = found.zone
    if not isinstance(zone_facts, ZoneFacts) or lost.is_over(found.domain, found.history):
        return
    if zone_facts.delegation.status is DnsStatus.FAILED:
        # The proof asks the zone's own servers before any record is written.
        yield warning(
            "zone-delegation-unknown",
            f"could not find out which name servers {zone_facts.zone.name} is delegated to: "
            f"{zone_facts.delegation.reason}",
        )
    elif why := delegation_problem(
        zone_facts.zone, zone_facts.delegation.values, former=found.former_zone
    ):
        refused = refusal("zone-not-delegated", why)
        yield lost.unless_lost(found.domain, found.history, refused)


def handover_is_published(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """A retiring domain needs its handed-out records in DNS; for others, missing ones are noted."""
    del now
    if lost.is_nowhere(found.domain, found.history, found.handed_out):
        nowhere = refusal(
            "handover-nowhere",
            "DNS has none of the records that were handed out, so mode none cannot be published",
            "have the agency publish them again (mtasts docs delegation)",
        )
        yield lost.unless_lost(found.domain, found.history, nowhere)
    if found.stage is not None and not found.domain.retire:
        yield from not_published(found.stage, found.handed_out)


def certificate_may_be_issued(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """CAA records allow a certificate for the policy host (RFC 8659)."""
    del now
    reasons = [forbids(found.caa, each) for each in found.placement.authorities]
    # One authority that may issue is enough.
    first = reasons[0] if all(reasons) else None
    if first is not None:
        # An issued certificate stays valid; CAA records matter again at its renewal.
        kind = Kind.REFUSAL if _needs_certificate(found) else Kind.WARNING
        yield Ruling("certificate-forbidden", kind, first)


def _needs_certificate(found: DomainFacts) -> bool:
    """Whether a certificate has still to be issued: for a new host, or at another cloud."""
    known = {each.zone_id for each in found.history.zones}
    zone = found.hosted_zone
    moves = found.placement.changes_host and zone is not None and zone.zone_id not in known
    return moves or found.history.last_proven is None


def ledger_is_known(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """The ledger can be read, and could be written where resources need an entry first."""
    del now
    if isinstance(found.ledger, Ledger):
        yield from (warning("ledger-objects-changed", each) for each in found.ledger.notes)
    else:
        yield ledger_refusal(found.ledger)
    if found.unwritten is not None:
        yield refusal("ledger-not-written", str(found.unwritten))


def ledger_refusal(problem: LedgerProblem) -> Ruling:
    """The refusal if a domain's ledger is broken or could not be read."""
    is_unknown = isinstance(problem, UndeterminedError)
    return refusal("ledger-unknown" if is_unknown else "ledger-broken", str(problem))


def host_is_free(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """No other resource serves the policy host, and no zone setting blocks senders there."""
    del now
    if isinstance(found.zone, ZoneFacts):
        yield from (
            each
            for each in found.zone.host_rulings
            if found.has_ledger or each.kind is not Kind.REFUSAL
        )


def records_are_ours(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """DNS has no foreign record: none in place of ours, and none of a new domain."""
    del now
    if not found.has_ledger or not isinstance(found.zone, ZoneFacts):
        return
    zone_facts = found.zone
    if found.history.last_body is None:
        yield from second_records(found.domain, zone_facts.sts, zone_facts.tlsrpt)
        yield from taken_names(zone_facts.preexisting, zone_facts.wildcard_probe)
    else:
        yield from foreign_records(found.domain, found.history, zone_facts.sts)


def mx_is_covered(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """A new id of an enforced policy is only published if the policy lists every MX host."""
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
    """The records and the policy host may be at the new place, and may leave the former one.

    An override passes the wait for a former zone or host. It does not pass a refusal because
    something would be lost or would exist twice.
    """
    zone_facts = found.zone
    if not isinstance(zone_facts, ZoneFacts) or not found.has_ledger:
        return
    move = found.move(zone_facts.zone, now)
    firm = list(firm_host_refusals(move))
    yield from firm
    last = move.ledger.last_zone
    is_kept = last is not None and last.dns(move.domain) is zone_facts.zone.dns(move.domain)
    is_waivable = is_kept and move.former_zone is None and not firm
    zone_waits = zone_refusals(move, zone_facts.preexisting, zone_facts.wildcard_probe)
    waits = [(Waiver.ZONE_WAIT, each) for each in zone_waits]
    waits += [(Waiver.HOST_WAIT, each) for each in (() if firm else host_refusals(move))]
    for waiver, each in waits:
        way = "if the former zone or host is lost for good"
        yield each.waivable(waiver, way=way) if is_waivable else each
    if move.former_zone is not None:
        yield from copied_below(move, zone_facts.preexisting, zone_facts.wildcard_probe)
        yield from progress_notes(move)


def way_back_helps(found: DomainFacts, now: dt.datetime) -> Iterator[Ruling]:
    """A note that says when a step back from enforce reaches senders."""
    del now
    last = found.history.last_proven
    if last is not None and enforces(last) and found.domain.mode is not Mode.ENFORCE:
        yield note(
            "enforce-way-back",
            "back from enforce: senders that look for a new id stop to enforce "
            f"{found.record_ttl_seconds} s after this run has written the STS record. Deferred "
            "mail arrives with their next try (mtasts docs emergencies)",
        )


RULES: tuple[Rule, ...] = (
    zone_is_known,
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
"""Every rule of a mail domain, in the order of its printed rulings."""
