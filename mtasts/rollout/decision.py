"""What one run declares of a stack's domains, and what it holds, from what was found out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from mtasts.config import Hosting, Waiver
from mtasts.ledger.history import Ledger, enforces
from mtasts.ledger.phases import Phase
from mtasts.names import POLICY_LABEL, STS_LABEL
from mtasts.promotion import waivers
from mtasts.rollout import handover, lost
from mtasts.rollout.declaration import Declaration
from mtasts.rollout.emergency import fresh_id, is_live, way_back
from mtasts.rollout.facts import DomainFacts, ParkedFacts
from mtasts.rollout.published import held_as
from mtasts.rollout.retirement import DnsState, progress
from mtasts.rollout.rules import RULES, parked_rulings
from mtasts.ruling_catalogue import Kind
from mtasts.rulings import note, of_kind

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mtasts.cloud_catalogue import Dns
    from mtasts.ledger.history import Intended
    from mtasts.ledger.phases import Parts
    from mtasts.rollout.facts import Facts
    from mtasts.rollout.retirement import Progress
    from mtasts.rollout.vanished import Remembered
    from mtasts.rulings import Ruling
    from mtasts.zones import HostedZone


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one domain: it may proceed unless one of the ``rulings`` is a refusal.

    A warning is about a failed look-up that a later step repeats, or about a refusal that an
    override passed. Notes say what the run does next. ``retirement`` is the retirement's progress,
    None without one. The retirement of a domain that ``is_lost`` does not wait for DNS.
    """

    rulings: tuple[Ruling, ...]
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
        """What the run does next."""
        return of_kind(Kind.NOTE, self.rulings)

    @property
    def proceeds(self) -> bool:
        """Whether the domain is declared as its config asks."""
        return not self.refusals


def verdict(found: Facts, now: dt.datetime) -> Verdict:
    """The rulings of all rules on a domain; refusals that an override passes become warnings."""
    if isinstance(found, ParkedFacts):
        return Verdict(tuple(parked_rulings(found)))
    rulings = [each for rule in RULES for each in rule(found, now)]
    waivable = [each for each in rulings if each.waivers]
    judged = waivers.judge(found.domain.override, waivable, now)
    rulings = [*(each for each in rulings if not each.waivers), *judged.unmet, *judged.notes]
    if of_kind(Kind.REFUSAL, rulings):
        return Verdict(tuple(rulings))
    # Past this line nothing holds the domain: a retirement never advances while it is held.
    is_lost = any(Waiver.LOST_DOMAIN in each.waivers for each in waivable)
    retirement = progress(
        found.history,
        dns_state(found),
        retire=found.domain.retire,
        ttl_seconds=found.domain.ttl_seconds,
        now=now,
        is_lost=is_lost,
    )
    if retirement is not None:
        rulings += [retirement.ruling, *to_remove(found, retirement.phase.parts)]
    return Verdict(tuple(rulings), retirement, is_lost)


def dns_state(found: DomainFacts) -> DnsState:
    """What DNS has of the domain.

    A CNAME that was handed out and is still there counts as present, whatever its target is now:
    the agency has to remove it before the retirement goes on.
    """
    lingering = {
        each.record.owner
        for each in found.handed_out
        if each.record.type == "CNAME" and (each.has_records or not each.answer.settled)
    }
    sts = None if f"{STS_LABEL}.{found.name}" in lingering else found.sts
    has_no_cname = f"{POLICY_LABEL}.{found.name}" not in lingering
    return DnsState(sts, found.host_addresses if has_no_cname else (), tuple(sorted(lingering)))


def to_remove(found: DomainFacts, parts: Parts) -> Iterator[Ruling]:
    """Records that the agency still has to remove in this phase; ``parts`` are the phase's."""
    if found.handover is None:
        return
    names = {
        each.record.owner
        for each in found.handover.records
        if each.has_records and handover.is_withdrawn(found.name, parts, each.record)
    }
    if not parts.record.is_declared and found.live_id is not None:
        names.add(f"{STS_LABEL}.{found.name}")
    if not parts.addresses.is_declared and any(each.values for each in found.host_addresses):
        names.add(f"{POLICY_LABEL}.{found.name}")
    if names:
        text = f"have the agency remove its records at {', '.join(sorted(names))}"
        yield note("retirement-agency-removes", text)


class Outcome(StrEnum):
    """What a run does with a domain.

    ``held`` leaves the domain as it was last proven. ``emergency`` publishes mode testing although
    refusals would hold the domain. Of a ``lost`` domain, only the removals of its retirement are
    made.
    """

    AS_CONFIGURED = "as configured"
    HELD = "held"
    EMERGENCY = "emergency"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class DomainDecision:
    """What a run does with one domain, and why.

    ``declaration`` is None if nothing of the domain is declared: it is parked or retired, or it is
    held and its former state is not known. ``retirement`` is its progress in this run, None
    without a retirement.
    """

    name: str
    outcome: Outcome
    rulings: tuple[Ruling, ...]
    declaration: Declaration | None
    retirement: Progress | None

    @property
    def refusals(self) -> tuple[Ruling, ...]:
        """Every reason against declaring it as its config asks."""
        return of_kind(Kind.REFUSAL, self.rulings)

    @property
    def warnings(self) -> Iterator[str]:
        """One line for each warning, and for each refusal that the emergency passes."""
        for each in of_kind(Kind.WARNING, self.rulings):
            yield f"{self.name}: {each.line}"
        if self.outcome is Outcome.EMERGENCY:
            for each in self.refusals:
                yield f"EMERGENCY: {self.name}: overridden by the emergency: {each.line}"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a run does with every domain of the stack file, in its order."""

    domains: tuple[DomainDecision, ...]

    def of(self, domain: str) -> DomainDecision:
        """The decision on one domain."""
        return next(each for each in self.domains if each.name == domain)

    @property
    def declared(self) -> tuple[Declaration, ...]:
        """What is declared."""
        found = (each.declaration for each in self.domains)
        return tuple(each for each in found if each is not None)

    def _refusals_by_domain(self, outcome: Outcome) -> dict[str, tuple[Ruling, ...]]:
        return {each.name: each.refusals for each in self.domains if each.outcome is outcome}

    @property
    def held(self) -> Mapping[str, tuple[Ruling, ...]]:
        """The domains that are held, with every refusal."""
        return self._refusals_by_domain(Outcome.HELD)

    @property
    def emergencies(self) -> Mapping[str, tuple[Ruling, ...]]:
        """The domains with a published emergency, with every refusal that it passes."""
        return self._refusals_by_domain(Outcome.EMERGENCY)

    @property
    def unsettled(self) -> frozenset[str]:
        """The domains of which this run records only what is served: held, emergency or lost."""
        return frozenset(
            each.name for each in self.domains if each.outcome is not Outcome.AS_CONFIGURED
        )

    @property
    def retiring(self) -> Mapping[str, Progress]:
        """The progress of each retirement in this run."""
        return {e.name: e.retirement for e in self.domains if e.retirement is not None}

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of all domains, each line with its domain."""
        return tuple(line for each in self.domains for line in each.warnings)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of all domains, each line with its domain."""
        return tuple(
            f"{each.name}: {one.line}"
            for each in self.domains
            for one in of_kind(Kind.NOTE, each.rulings)
        )

    def phase(self, domain: str) -> Phase:
        """The phase of a domain's retirement in this run; `Phase.KEPT` without one."""
        return self.retiring[domain].phase if domain in self.retiring else Phase.KEPT


def decide(
    domains: Iterable[Facts],
    now: dt.datetime,
    *,
    dns: Dns,
    new_id: Callable[[], str] = fresh_id,
) -> Decision:
    """What a run declares of each domain, and its rulings.

    A held domain is declared as it was, if that is known. Otherwise it is left out; nothing of it
    is deleted, because the run ends with an error before the engine deletes anything. ``dns`` is
    the DNS provider of the stack; ``new_id`` makes the policy id of an emergency.
    """
    return Decision(tuple(_decide(each, now, dns, new_id) for each in domains))


def _decide(found: Facts, now: dt.datetime, dns: Dns, new_id: Callable[[], str]) -> DomainDecision:
    judged = verdict(found, now)
    outcome = Outcome.AS_CONFIGURED if judged.proceeds else Outcome.HELD
    if isinstance(found, ParkedFacts):
        return DomainDecision(found.name, outcome, judged.rulings, None, None)
    ledger = found.history
    intended: Intended | None
    # A held domain stays in the zone where it is, whatever a look-up would choose now.
    zone = found.hosted_zone if judged.proceeds else _held_in(found, dns, now)
    if not judged.proceeds and found.domain.emergency and is_live(found) and zone is not None:
        outcome, intended = Outcome.EMERGENCY, way_back(found, new_id)
    elif not judged.proceeds:
        intended = held_as(ledger, found.sts)
    elif judged.is_lost:
        outcome = Outcome.LOST
        zone, intended = ledger.last_zone or zone, lost.published_body(ledger)
    else:
        intended = found.intended
    last = judged.retirement or ledger.last_phase
    phase = last.phase if last is not None else Phase.KEPT
    declaration = None
    if intended is not None and zone is not None and phase.parts.host.is_declared:
        declaration = _declare(found, zone, intended, phase, now)
        declaration = replace(
            declaration,
            is_noted=outcome is Outcome.EMERGENCY and takes_nothing(found),
            is_lost=judged.is_lost,
        )
    return DomainDecision(found.name, outcome, judged.rulings, declaration, judged.retirement)


def _declare(
    found: DomainFacts, zone: HostedZone, intended: Intended, phase: Phase, now: dt.datetime
) -> Declaration:
    """The declaration of a domain with that policy, in that phase of a retirement."""
    placed, move = found.placement, found.move(zone, now)
    keep = is_relied_on(found) or enforces(intended)
    parts = phase.parts if keep else phase.parts.unprotected
    if frees_host(placed.hosting, placed.leaving):
        # A retiring domain has no new host: the engine deletes the host when its phase comes.
        parts = replace(parts.freed, go_over=phase is Phase.KEPT)
    # A run that cannot write the ledger must not enter a stage that the ledger would not have.
    stage = found.history.stage if found.unwritten is not None else found.stage
    if stage is not None and found.has_ledger:
        parts = parts.at(stage)
    return Declaration(
        found.domain,
        zone,
        intended,
        parts=parts,
        keep=keep,
        phase=phase,
        agency_zone=found.agency_zone,
        former=move.declared_former_zone,
        former_host_may_get_requests=move.former_host_may_get_requests,
        mx=found.mx,
    )


def _held_in(found: DomainFacts, dns: Dns, now: dt.datetime) -> HostedZone | None:
    """Where a held domain was last; None if the config's cloud cannot declare it there."""
    last = found.history.last_zone
    host_target = found.history.host_target(last.zone_id) if last else None
    if is_elsewhere(found) or (
        host_target is not None and host_target.hosting != found.placement.hosting
    ):
        return None
    zone = last or found.hosted_zone
    if zone is not None and not found.move(zone, now).keeps_former_host:
        return None
    if last is not None and last.dns(found.name) is not dns:
        return None
    return zone


def is_elsewhere(found: DomainFacts) -> bool:
    """Whether the authoritative ledger copy is at the other cloud."""
    return found.cloud != found.placement.hosting


def frees_host(hosting: Hosting, leaving: Hosting | None) -> bool:
    """Whether this run turns off the protection of hosts, which a later run moves.

    The engine refuses to delete what is protected in the state, so protection is turned off one
    run before the deletion. A Worker stays protected until DNS leads to another zone.
    """
    return leaving is hosting and hosting.row.unprotects_first


@dataclass(frozen=True, slots=True)
class Shared:
    """What happens to the bucket that all domains of a stack share.

    With ``protect`` the engine may not delete the bucket: senders may rely on a policy in it. With
    ``keep`` it stays in the account for ever, with every ledger.
    """

    protect: bool
    keep: bool


def shared(
    domains: Iterable[Facts],
    remembered: Sequence[Remembered],
    decision: Decision,
    *,
    is_sure: bool,
    frees_host: bool,
) -> Shared:
    """What happens to the bucket; ``is_sure`` says that every ledger of the bucket is known.

    The ledgers decide both, also those of domains that the stack file does not list.
    """
    # Also a domain that is not declared: its ledger is in the bucket.
    mail = (found for found in domains if isinstance(found, DomainFacts))
    names = {found.name for found in mail if is_relied_on(found)}
    names.update(each.domain for each in decision.declared if each.keep)
    serves = any(decision.phase(name).parts.host.is_declared for name in names)
    return Shared(
        protect=not frees_host
        and (not is_sure or serves or any(each.is_relied_on for each in remembered)),
        keep=not is_sure or bool(names) or any(each.has_enforced for each in remembered),
    )


def takes_nothing(found: DomainFacts) -> bool:
    """Whether the ledger could not be read, or could not be written when it had to be."""
    return not found.has_ledger or found.unwritten is not None


def is_relied_on(found: DomainFacts) -> bool:
    """Whether senders may enforce a policy of the domain; True if the ledger is not known."""
    return not isinstance(found.ledger, Ledger) or found.ledger.has_enforced
