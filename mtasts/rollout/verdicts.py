"""Whether a policy domain may be declared as its config asks, and if not, every reason why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtasts.config import Hosting, Waiver
from mtasts.ledger.history import Ledger, enforces, intend
from mtasts.ledger.stages import Stage
from mtasts.observations import DnsStatus
from mtasts.policy import Mode
from mtasts.promotion import gates, waivers
from mtasts.promotion.waivers import Condition
from mtasts.rollout import handover, lost
from mtasts.rollout.caa import AMAZON, forbids
from mtasts.rollout.declaration import POLICY_LABEL, STS_LABEL
from mtasts.rollout.handover import next_stage
from mtasts.rollout.move_rules import (
    copied_below,
    firm_host_refusals,
    host_refusals,
    move_note,
    move_refusals,
)
from mtasts.rollout.mx_safety import mx_refusals
from mtasts.rollout.preflight import second_records, taken_names
from mtasts.rollout.published import is_published, live_id, stranger_records
from mtasts.rollout.retirement import Seen, progress
from mtasts.zones import ZoneError, delegation_problem

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from mtasts.config import DomainConfig
    from mtasts.errors import UndeterminedError
    from mtasts.ledger.emergency_notes import Note
    from mtasts.ledger.entries import LedgerError
    from mtasts.ledger.history import Intended
    from mtasts.ledger.phases import Parts
    from mtasts.observations import DnsAnswer
    from mtasts.promotion.evidence import Evidence, EvidenceError
    from mtasts.rollout.caa import Authority
    from mtasts.rollout.handover import HandoverError, Looked
    from mtasts.rollout.retirement import Progress
    from mtasts.zones import HostedZone

_NULL_MX_RECORD = "0 ."
_NEW = Ledger()
_LOST = Waiver.LOST_DOMAIN


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was found out about one policy domain.

    ``zone`` is where its records belong, or ``zone_problem`` says why there is none;
    ``delegated`` is the NS look-up of that zone, ``caa`` those of the policy host, closest
    first. ``ledger`` is what was published before, or ``ledger_problem`` says why that is not
    known; ``sts`` are the TXT records of ``_mta-sts`` at the zone's own servers. ``evidence``
    is what a promotion rests on, if there is a file; ``addresses`` are the policy host's, at
    the zone's own servers, of a domain that is to retire. ``authorities`` are those of the
    cloud, ``tlsrpt`` is as ``sts``, ``host_taken`` says who else has a new policy host, and
    ``home`` and ``looked`` are the agency's own zone and what it has of what was handed out to
    it, ``hints`` what is doubtful. While the records move, ``former_zone`` has them as well, or
    ``former_problem`` says why that is not known, and ``sts`` and ``tlsrpt`` are its. ``there`` is
    what ``zone`` has where nothing of the domain was written yet, at the names that would be, and
    ``beside`` what at a name that nobody wrote. ``hosting`` and ``leaving`` are the config's.
    ``unwritten`` says why what has to stand in the ledger before it is declared does not.
    ``noted`` is what went out in an emergency, oldest first; ``ledger`` has it, as a run is about
    to write it down. Of a parked domain, ``mx`` is all that is looked up. ``is_local``
    says that this is a local cloud.
    """

    domain: DomainConfig
    mx: DnsAnswer
    zone: HostedZone | None = None
    zone_problem: ZoneError | UndeterminedError | HandoverError | None = None
    delegated: DnsAnswer | None = None
    caa: tuple[DnsAnswer, ...] = ()
    ledger: Ledger = _NEW
    ledger_problem: LedgerError | UndeterminedError | None = None
    sts: DnsAnswer | None = None
    evidence: Evidence | EvidenceError | None = None
    addresses: tuple[DnsAnswer, ...] = ()
    authorities: tuple[Authority, ...] = (AMAZON,)
    tlsrpt: DnsAnswer | None = None
    host_taken: str | None = None
    hints: tuple[str, ...] = ()
    home: HostedZone | None = None
    looked: tuple[Looked, ...] = ()
    former_zone: HostedZone | None = None
    former_problem: ZoneError | UndeterminedError | None = None
    there: tuple[DnsAnswer, ...] = ()
    beside: tuple[DnsAnswer, ...] = ()
    hosting: Hosting = Hosting.AWS
    leaving: Hosting | None = None
    is_local: bool = False
    noted: tuple[Note, ...] = ()
    unwritten: LedgerError | UndeterminedError | None = None

    @property
    def leaves_host(self) -> bool:
        """Whether the domain is at another cloud as well, for those who have not heard."""
        return self.leaving not in {None, self.hosting}

    @property
    def cloud(self) -> str:
        """Where the domain is, by its ledger: where it leaves from, if that does not tell."""
        left = self.leaving if self.leaves_host and self.ledger.last_body else None
        return self.ledger.hosting or left or self.hosting

    @property
    def live_id(self) -> str | None:
        """The id in the STS record that DNS has, if there is a usable one."""
        return live_id(self.sts)

    @property
    def intended(self) -> Intended:
        """The body and the id that the config asks for; not of a parked domain."""
        domain = self.domain
        return intend(self.ledger, domain.policy, domain.reroll, live_id=self.live_id)

    @property
    def is_promotion(self) -> bool:
        """Whether gates are to be judged: senders refuse nothing yet, and are to.

        What was handed out stays with whoever publishes it: so there an older id of ours says
        nothing, and the ledger's word counts.
        """
        live = self.live_id
        if live is not None and self.home is not None and self.ledger.has_id(live):
            live = None
        return gates.is_promotion(self.domain, self.ledger, live)

    @property
    def stage(self) -> Stage | None:
        """The stage of this run, where somebody else publishes the records."""
        if self.home is None:
            return None
        return next_stage(self.domain.name, self.ledger.stage, self.looked)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one domain: it may proceed unless there are ``refusals``.

    ``warnings`` name what could not be found out and does no harm, since a later step looks again,
    and what somebody has decided to go past. ``notes`` say what comes of it. ``retirement`` is
    where that of the domain stands, if it has one. Where it ``is_lost``, that waits for no DNS.
    """

    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    retirement: Progress | None = None
    is_lost: bool = False

    @property
    def proceeds(self) -> bool:
        """Whether the domain is declared as its config asks."""
        return not self.refusals


@dataclass(frozen=True, slots=True)
class _Reasons:
    """What is against a domain, or told of it: ``waivable`` is what an override may let past."""

    refusals: list[str] = field(default_factory=list)
    waivable: list[Condition] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def unless_lost(self, found: Surroundings, why: str) -> None:
        """Refuse for a DNS that is out of reach, unless the domain may be given up for lost."""
        reason = lost.out_of_reach(found.domain, found.ledger, why)
        if isinstance(reason, str):
            self.refusals.append(reason)
        else:
            self.waivable.append(reason)


def verdict(found: Surroundings, now: dt.datetime) -> Verdict:
    """Every reason against declaring the domain as configured."""
    if found.domain.parked:
        return Verdict(tuple(_parked(found.mx)))
    reasons = _Reasons(warnings=[*found.hints])
    _placed(found, reasons)
    if found.ledger_problem is not None:
        reasons.refusals.append(str(found.ledger_problem))
    else:
        reasons.refusals.extend(_history(found, now))
        theirs = stranger_records(found.domain, found.ledger, found.sts)
        reasons.refusals.extend(theirs.refusals)
        reasons.waivable.extend(theirs.unmet)
        reasons.warnings.extend(theirs.told)
        if found.is_promotion:
            known, is_local = found.ledger, found.is_local
            reasons.waivable.extend(
                gates.unmet(
                    found.domain, found.mx, found.evidence, now, ledger=known, is_local=is_local
                )
            )
            reasons.warnings.extend(gates.left_out(found.evidence, ledger=known, is_local=is_local))
        _moving(found, now, reasons)
    if found.unwritten is not None:
        reasons.refusals.append(str(found.unwritten))
    judged = waivers.judge(found.domain.override, reasons.waivable, now)
    refusals = (*reasons.refusals, *judged.unmet)
    is_lost = not refusals and any(_LOST in each.waivers for each in reasons.waivable)
    retirement = None if refusals else _retirement(found, now, is_lost=is_lost)
    handed = _handed(found)
    is_live = found.stage is Stage.LIVE
    warnings = (*reasons.warnings, *judged.notes, *(handed if is_live else ()))
    notes = [
        *_rollback(found),
        *([retirement.note] if retirement else []),
        *(_to_remove(found, retirement.phase.parts) if retirement else []),
        *([] if is_live else handed),
    ]
    return Verdict(refusals, warnings, tuple(notes), retirement, is_lost)


def _placed(found: Surroundings, reasons: _Reasons) -> None:
    """Whether there is a zone that DNS leads to, and a certificate to be had for the host."""
    is_over = lost.is_over(found.domain, found.ledger)
    if isinstance(found.zone_problem, ZoneError) and not is_over:
        reasons.unless_lost(found, str(found.zone_problem))
    elif found.zone_problem is not None and not is_over:
        reasons.refusals.append(str(found.zone_problem))
    forbidden = _forbidden(found)
    if forbidden and _needs_certificate(found):
        reasons.refusals.append(forbidden)
    elif forbidden:  # its certificate is issued, so nothing stands in the way but the renewal
        reasons.warnings.append(forbidden)
    if lost.is_nowhere(found.domain, found.ledger, found.looked):
        reasons.unless_lost(
            found,
            "DNS has nothing any more of what was handed out, so mode none cannot be published: "
            "have it published again (docs/delegation.md)",
        )
    if found.zone is not None and found.delegated is not None and not is_over:
        if found.delegated.status is DnsStatus.FAILED:
            # The proof asks the zone's own servers before any record is written.
            reasons.warnings.append(
                f"could not find out who answers for {found.zone.name}: {found.delegated.reason}"
            )
        elif problem := delegation_problem(
            found.zone, found.delegated.values, former=found.former_zone
        ):
            reasons.unless_lost(found, problem)
    if found.former_problem is not None:
        reasons.refusals.append(f"where the records are until now: {found.former_problem}")


def _moving(found: Surroundings, now: dt.datetime, reasons: _Reasons) -> None:
    """What is against the records' being where they are to be, and where their move stands."""
    zone, former = found.zone, found.former_zone
    if zone is None or found.former_problem is not None:
        return
    name, ledger = found.domain.name, found.ledger
    hosting, leaving = found.hosting, found.leaving
    firm = list(
        firm_host_refusals(
            name,
            ledger,
            zone,
            hosting=hosting,
            leaving=leaving,
            former=former,
            delegated=found.delegated,
        )
    )
    reasons.refusals.extend(firm)
    zone_waits = move_refusals(
        name,
        ledger,
        zone,
        former=former,
        there=found.there,
        beside=found.beside,
        delegated=found.delegated,
        now=now,
    )
    waits = [(Waiver.ZONE_WAIT, each) for each in zone_waits]
    if not firm:
        host_waits = host_refusals(name, ledger, zone, hosting=hosting, leaving=leaving, now=now)
        waits += [(Waiver.HOST_WAIT, each) for each in host_waits]
    # An override lets a zone or a host go before its time; what would be lost or doubled stays
    # refused.
    last = ledger.last_zone
    stays = former is None and last is not None and last.keeper(name) is zone.keeper(name)
    if firm or not stays:
        reasons.refusals.extend(text for _, text in waits)
    else:
        reasons.waivable.extend(
            Condition(text, frozenset({waiver}), way="if what is left is lost for good")
            for waiver, text in waits
        )
    if former is None:
        return
    reasons.warnings.extend(copied_below(ledger, zone, found.there, found.beside))
    if found.delegated is not None and found.delegated.settled:
        reasons.warnings.append(move_note(zone, former, found.delegated, found.ledger))


def _needs_certificate(found: Surroundings) -> bool:
    """Whether its host is still to get one: it is new, or about to be at another cloud too."""
    known = {each.zone_id for each in found.ledger.zones}
    moves = found.leaves_host and found.zone is not None and found.zone.zone_id not in known
    return moves or found.ledger.last_proven is None


def _forbidden(found: Surroundings) -> str | None:
    """Why none of the cloud's authorities may issue, or None."""
    reasons = [forbids(found.caa, each) for each in found.authorities]
    return reasons[0] if all(reasons) else None


def _retirement(found: Surroundings, now: dt.datetime, *, is_lost: bool) -> Progress | None:
    return progress(
        found.ledger,
        _seen(found),
        wanted=found.domain.retire,
        ttl_seconds=found.domain.ttl_seconds,
        now=now,
        is_lost=is_lost,
    )


def _handed(found: Surroundings) -> list[str]:
    """What of the records that somebody else publishes is missing, wrong or gone."""
    stage = found.stage
    if stage is None or found.domain.retire:
        return []
    return list(handover.notes(stage, found.looked))


def _seen(found: Surroundings) -> Seen:
    """What DNS has; a CNAME that still leads here counts as there, wherever it leads by now."""
    lingering = {
        each.record.owner
        for each in found.looked
        if each.record.type == "CNAME" and (each.is_there or not each.answer.settled)
    }
    name = found.domain.name
    sts = None if f"{STS_LABEL}.{name}" in lingering else found.sts
    gone = f"{POLICY_LABEL}.{name}" not in lingering
    return Seen(sts, found.addresses if gone else (), tuple(sorted(lingering)))


def _to_remove(found: Surroundings, parts: Parts) -> Iterator[str]:
    """What the agency has yet to remove, in a phase of a retirement that has ``parts``."""
    if found.home is None:
        return
    name = found.domain.name
    names = {
        each.record.owner
        for each in found.looked
        if each.is_there and handover.is_withdrawn(name, parts, each.record)
    }
    if not parts.record and found.live_id is not None:
        names.add(f"{STS_LABEL}.{name}")
    if not parts.addresses and any(each.values for each in found.addresses):
        names.add(f"{POLICY_LABEL}.{name}")
    if names:
        yield f"have the agency remove what it has at {', '.join(sorted(names))}"


def _rollback(found: Surroundings) -> Iterator[str]:
    """How soon the way back helps: whoever is waiting for it wants to know."""
    last = found.ledger.last_proven
    if last is not None and enforces(last) and found.domain.mode is not Mode.ENFORCE:
        ttl = found.sts.ttl_seconds if found.sts and found.live_id else found.domain.ttl_seconds
        yield (
            f"back from enforce: senders that look for the id refuse nothing any more {ttl} s "
            "after this run has written the record; mail that was deferred comes with their next "
            "try (docs/emergencies.md)"
        )


def _history(found: Surroundings, now: dt.datetime) -> Iterator[str]:
    """What the ledger, or its absence beside a live record, says against it."""
    name = found.domain.name
    if found.ledger.last_body is None:
        yield from second_records(found.domain, found.sts, found.tlsrpt)
        yield from taken_names(found.there, found.beside)
    if found.host_taken is not None:
        yield found.host_taken
    if not is_published(found.intended, found.ledger, found.sts):
        yield from mx_refusals(name, found.domain.policy, found.ledger, found.mx, now)


def _parked(mx: DnsAnswer) -> Iterator[str]:
    """A parked domain says that it takes no mail (RFC 7505), or senders go on trying."""
    if mx.status is DnsStatus.FAILED:
        yield f"could not find out whether {mx.name} has a null MX: {mx.reason}"
    elif mx.values != (_NULL_MX_RECORD,):
        shown = ", ".join(mx.values[:5]) or "no MX record"
        yield (
            f"{mx.name} is parked (mx: []), but DNS has {shown}: publish {mx.name} MX 0 . "
            "(RFC 7505), or list its hosts under mx"
        )
