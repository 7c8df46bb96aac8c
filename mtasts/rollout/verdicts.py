"""Whether a policy domain may be declared as its config asks, and if not, every reason why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.config import Hosting, Waiver
from mtasts.errors import UndeterminedError
from mtasts.ledger.history import Ledger, enforces, intend
from mtasts.observations import DnsStatus
from mtasts.policy import Mode
from mtasts.promotion import gates, waivers
from mtasts.rollout import handover, lost
from mtasts.rollout.caa import AMAZON, forbids
from mtasts.rollout.declaration import POLICY_LABEL, STS_LABEL
from mtasts.rollout.handover import next_stage
from mtasts.rollout.move_rules import (
    Location,
    Move,
    copied_below,
    firm_host_refusals,
    host_refusals,
    progress_notes,
    zone_refusals,
)
from mtasts.rollout.mx_safety import mx_refusals
from mtasts.rollout.preflight import second_records, taken_names
from mtasts.rollout.published import foreign_records, is_published, live_id
from mtasts.rollout.retirement import Seen, progress
from mtasts.ruling_catalogue import Kind
from mtasts.rulings import note, of_kind, refusal, warning
from mtasts.zones import ZoneError, delegation_problem

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from mtasts.config import DomainConfig
    from mtasts.ledger.emergency_notes import Note
    from mtasts.ledger.entries import LedgerError
    from mtasts.ledger.history import Intended
    from mtasts.ledger.phases import Parts
    from mtasts.ledger.stages import Stage
    from mtasts.observations import DnsAnswer
    from mtasts.promotion.evidence import Evidence, EvidenceError
    from mtasts.rollout.caa import Authority
    from mtasts.rollout.handover import HandoverError, Looked
    from mtasts.rollout.retirement import Progress
    from mtasts.rulings import Ruling
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
    ``former_problem`` says why that is not known, and ``sts`` and ``tlsrpt`` are its.
    ``preexisting`` is what ``zone`` has where nothing of the domain was written yet, at the names
    that would be, and ``wildcard_probe`` what it has at a random name. ``hosting`` and
    ``leaving`` are the config's. ``unwritten`` says why what has to stand in the ledger before it
    is declared does not. ``noted`` is what went out in an emergency, oldest first; ``ledger`` has
    it, as a run is about to write it down. Of a parked domain, ``mx`` is all that is looked up.
    ``is_local`` says that this is a local cloud.
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
    host_taken: Ruling | None = None
    hints: tuple[Ruling, ...] = ()
    home: HostedZone | None = None
    looked: tuple[Looked, ...] = ()
    former_zone: HostedZone | None = None
    former_problem: ZoneError | UndeterminedError | None = None
    preexisting: tuple[DnsAnswer, ...] = ()
    wildcard_probe: tuple[DnsAnswer, ...] = ()
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

    def move(self, zone: HostedZone, now: dt.datetime) -> Move:
        """Its way to ``zone`` and to the config's cloud."""
        return Move.of(
            self.domain.name,
            self.ledger,
            Location(self.hosting, zone),
            leaving=self.leaving,
            former_zone=self.former_zone,
            delegation=self.delegated,
            now=now,
        )

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
    """The verdict on one domain: it may proceed unless one of the ``rulings`` is a refusal.

    Warnings name what could not be found out and does no harm, since a later step looks again, and
    what somebody has decided to go past. Notes say what comes of it. ``retirement`` is where that
    of the domain stands, if it has one. Where it ``is_lost``, that waits for no DNS.
    """

    rulings: tuple[Ruling, ...] = ()
    retirement: Progress | None = None
    is_lost: bool = False

    @property
    def refusals(self) -> tuple[Ruling, ...]:
        """Every reason against it."""
        return of_kind(Kind.REFUSAL, self.rulings)

    @property
    def warnings(self) -> tuple[Ruling, ...]:
        """What somebody should look at."""
        return of_kind(Kind.WARNING, self.rulings)

    @property
    def notes(self) -> tuple[Ruling, ...]:
        """What comes of it."""
        return of_kind(Kind.NOTE, self.rulings)

    @property
    def proceeds(self) -> bool:
        """Whether the domain is declared as its config asks."""
        return not self.refusals


def verdict(found: Surroundings, now: dt.datetime) -> Verdict:
    """Every reason against declaring the domain as configured."""
    if found.domain.parked:
        return Verdict(tuple(_parked(found.mx)))
    rulings = [each for rule in RULES for each in rule(found, now)]
    waivable = [each for each in rulings if each.waivers]
    judged = waivers.judge(found.domain.override, waivable, now)
    rulings = [*(each for each in rulings if not each.waivers), *judged.unmet, *judged.notes]
    if of_kind(Kind.REFUSAL, rulings):
        return Verdict((*rulings, *_not_published(found)))
    is_lost = any(_LOST in each.waivers for each in waivable)
    retirement = _retirement(found, now, is_lost=is_lost)
    rulings += _not_published(found)
    if retirement is not None:
        rulings += [retirement.ruling, *_to_remove(found, retirement.phase.parts)]
    return Verdict(tuple(rulings), retirement, is_lost)


def _hints(found: Surroundings, now: dt.datetime) -> Iterator[Ruling]:
    """What the survey was in doubt about."""
    del now
    yield from found.hints


def _unwritten(found: Surroundings, now: dt.datetime) -> Iterator[Ruling]:
    """Nothing is declared that has to stand in a ledger first and does not."""
    del now
    if found.unwritten is not None:
        yield refusal("ledger-not-written", str(found.unwritten))


def _zone(found: Surroundings, now: dt.datetime) -> Iterator[Ruling]:
    """Whether there is a zone that DNS leads to."""
    del now
    domain, ledger, problem = found.domain, found.ledger, found.zone_problem
    is_over = lost.is_over(domain, ledger)
    if isinstance(problem, ZoneError) and not is_over:
        yield lost.unless_lost(domain, ledger, refusal("zone-missing", str(problem)))
    elif isinstance(problem, handover.HandoverError) and not is_over:
        yield refusal("handover-broken", str(problem))
    elif problem is not None and not is_over:
        yield refusal("zone-unknown", str(problem))
    if lost.is_nowhere(domain, ledger, found.looked):
        nowhere = refusal(
            "handover-nowhere",
            "DNS has nothing any more of what was handed out, so mode none cannot be published",
            "have it published again (docs/delegation.md)",
        )
        yield lost.unless_lost(domain, ledger, nowhere)
    if found.zone is not None and found.delegated is not None and not is_over:
        if found.delegated.status is DnsStatus.FAILED:
            # The proof asks the zone's own servers before any record is written.
            yield warning(
                "zone-delegation-unknown",
                f"could not find out who answers for {found.zone.name}: {found.delegated.reason}",
            )
        elif why := delegation_problem(
            found.zone, found.delegated.values, former=found.former_zone
        ):
            yield lost.unless_lost(domain, ledger, refusal("zone-not-delegated", why))
    if found.former_problem is not None:
        is_missing = isinstance(found.former_problem, ZoneError)
        yield refusal(
            "former-zone-missing" if is_missing else "former-zone-unknown",
            f"the zone that the records move from: {found.former_problem}",
        )


def _certificate(found: Surroundings, now: dt.datetime) -> Iterator[Ruling]:
    """Whether a certificate is to be had for the policy host."""
    del now
    if why := _forbidden(found):
        # Once it is issued, nothing stands in the way but its renewal.
        kind = Kind.REFUSAL if _needs_certificate(found) else Kind.WARNING
        yield warning("certificate-forbidden", why).as_kind(kind)


def _history(found: Surroundings, now: dt.datetime) -> Iterator[Ruling]:
    """What the ledger, or its absence beside a live record, says against it."""
    del now
    if isinstance(found.ledger_problem, UndeterminedError):
        yield refusal("ledger-unknown", str(found.ledger_problem))
    elif found.ledger_problem is not None:
        yield refusal("ledger-broken", str(found.ledger_problem))
    elif found.ledger.last_body is None:
        yield from second_records(found.domain, found.sts, found.tlsrpt)
        yield from taken_names(found.preexisting, found.wildcard_probe)
    else:
        yield from foreign_records(found.domain, found.ledger, found.sts)
    if found.host_taken is not None and found.ledger_problem is None:
        yield found.host_taken


def _mx(found: Surroundings, now: dt.datetime) -> Iterator[Ruling]:
    """No new id of an enforced policy misses an MX."""
    domain, ledger = found.domain, found.ledger
    if found.ledger_problem is None and not is_published(found.intended, ledger, found.sts):
        yield from mx_refusals(domain.name, domain.policy, ledger, found.mx, now)


def _gates(found: Surroundings, now: dt.datetime) -> Iterator[Ruling]:
    """What a promotion to enforce lacks."""
    if found.ledger_problem is None and found.is_promotion:
        known, is_local = found.ledger, found.is_local
        yield from gates.unmet(
            found.domain, found.mx, found.evidence, now, ledger=known, is_local=is_local
        )
        yield from gates.left_out(found.evidence, ledger=known, is_local=is_local)


def _moving(found: Surroundings, now: dt.datetime) -> Iterator[Ruling]:
    """Whether the records may be where they are to be, and where their move stands.

    An override lets a zone or a host go before its time; what would be lost or doubled stays
    refused.
    """
    zone = found.zone
    if zone is None or found.former_problem is not None or found.ledger_problem is not None:
        return
    move = found.move(zone, now)
    preexisting, probe = found.preexisting, found.wildcard_probe
    firm = list(firm_host_refusals(move))
    yield from firm
    last = found.ledger.last_zone
    stays = last is not None and last.keeper(move.domain) is zone.keeper(move.domain)
    is_waivable = stays and move.former_zone is None and not firm
    waits = [(Waiver.ZONE_WAIT, each) for each in zone_refusals(move, preexisting, probe)]
    waits += [(Waiver.HOST_WAIT, each) for each in (() if firm else host_refusals(move))]
    for waiver, each in waits:
        way = "if what is left is lost for good"
        yield each.waivable(waiver, way=way) if is_waivable else each
    if move.former_zone is not None:
        yield from copied_below(move, preexisting, probe)
        yield from progress_notes(move)


def _rollback(found: Surroundings, now: dt.datetime) -> Iterator[Ruling]:
    """How soon the way back helps: whoever is waiting for it wants to know."""
    del now
    last = found.ledger.last_proven
    if last is not None and enforces(last) and found.domain.mode is not Mode.ENFORCE:
        ttl = found.sts.ttl_seconds if found.sts and found.live_id else found.domain.ttl_seconds
        yield note(
            "enforce-way-back",
            f"back from enforce: senders that look for the id refuse nothing any more {ttl} s "
            "after this run has written the record; mail that was deferred comes with their next "
            "try (docs/emergencies.md)",
        )


Rule = Callable[[Surroundings, "dt.datetime"], Iterable["Ruling"]]
RULES: tuple[Rule, ...] = (
    _hints,
    _zone,
    _certificate,
    _history,
    _mx,
    _gates,
    _moving,
    _unwritten,
    _rollback,
)
"""Every rule, in the order in which their rulings are told."""


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


def _not_published(found: Surroundings) -> tuple[Ruling, ...]:
    """What of the records that somebody else publishes is missing, wrong or gone."""
    stage = found.stage
    if stage is None or found.domain.retire:
        return ()
    return tuple(handover.not_published(stage, found.looked))


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


def _to_remove(found: Surroundings, parts: Parts) -> Iterator[Ruling]:
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
        text = f"have the agency remove what it has at {', '.join(sorted(names))}"
        yield note("retirement-agency-removes", text)


def _parked(mx: DnsAnswer) -> Iterator[Ruling]:
    """A parked domain says that it takes no mail (RFC 7505), or senders go on trying."""
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
