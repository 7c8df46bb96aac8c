"""What one run declares of a stack's domains, and what it holds, from what was found out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mtasts.config import Hosting
from mtasts.ledger.history import Intended, enforces
from mtasts.ledger.phases import Phase
from mtasts.rollout import lost
from mtasts.rollout.declaration import Declaration, declare
from mtasts.rollout.emergency import fresh_id, is_live, way_back
from mtasts.rollout.published import held_as
from mtasts.rollout.verdicts import Surroundings, Verdict, verdict
from mtasts.rulings import note, refusal
from mtasts.zones import Keeper

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mtasts.config import Dns
    from mtasts.errors import MtaStsError
    from mtasts.rollout.retirement import Progress
    from mtasts.rollout.vanished import Remembered
    from mtasts.rulings import Ruling
    from mtasts.zones import HostedZone


@dataclass(frozen=True, slots=True)
class Decision:
    """What a run declares; ``held`` are the domains that stay as they are, with every reason.

    ``retiring`` is how far each retirement comes in this run. ``emergencies`` are the domains whose
    way back goes out past every reason that would hold them. Of those that are ``lost`` nothing is
    changed but what their retirement takes away. ``verdicts`` are all rulings, by domain.
    """

    declared: tuple[Declaration, ...]
    held: Mapping[str, tuple[Ruling, ...]]
    retiring: Mapping[str, Progress]
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    emergencies: Mapping[str, tuple[Ruling, ...]] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Lines to warn of, each with its domain."""
        return tuple(
            line
            for name, judged in self.verdicts.items()
            for line in (
                *(f"{name}: {each.line}" for each in judged.warnings),
                *(
                    f"EMERGENCY: {name}: gone past: {each.line}"
                    for each in self.emergencies.get(name, ())
                ),
            )
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines to tell, each with its domain."""
        return tuple(
            f"{name}: {each.line}"
            for name, judged in self.verdicts.items()
            for each in judged.notes
        )

    @property
    def unsettled(self) -> frozenset[str]:
        """The domains of which nothing but what is served is written down in this run."""
        return frozenset((*self.held, *self.emergencies, *self.lost))

    def phase(self, domain: str) -> Phase:
        """How far the retirement of a domain comes in this run."""
        return self.retiring[domain].phase if domain in self.retiring else Phase.KEPT


def decide(
    domains: Iterable[Surroundings],
    now: dt.datetime,
    *,
    dns: Dns,
    new_id: Callable[[], str] = fresh_id,
) -> Decision:
    """What is declared, and what is told of it.

    A held domain is declared as it was, where that is known; otherwise it is left out, and since
    the run fails in the end, nothing of it is deleted. ``dns`` says whose zones are written to,
    ``new_id`` makes the policy id of an emergency.
    """
    emergencies: dict[str, tuple[Ruling, ...]] = {}
    declared: list[Declaration] = []
    held: dict[str, tuple[Ruling, ...]] = {}
    retiring: dict[str, Progress] = {}
    given_up: set[str] = set()
    verdicts: dict[str, Verdict] = {}
    for found in domains:
        domain, ledger = found.domain, found.ledger
        judged = verdict(found, now)
        verdicts[domain.name] = judged
        intended: Intended | None = None
        phase = ledger.last_phase.phase if ledger.last_phase else Phase.KEPT
        # A held domain stays in the zone where it is, whatever a look-up would choose now.
        zone = found.zone if judged.proceeds else _held_in(found, dns, now)
        if not judged.proceeds and domain.emergency and is_live(found) and zone is not None:
            emergencies[domain.name] = judged.refusals
            intended = way_back(found, new_id)
        elif not judged.proceeds:
            held[domain.name] = judged.refusals
            intended = held_as(ledger, found.sts)
        elif judged.is_lost:
            given_up.add(domain.name)
            zone, intended = ledger.last_zone or zone, lost.as_it_is(ledger)
        elif not domain.parked:
            intended = found.intended
        if judged.retirement is not None:
            retiring[domain.name] = judged.retirement
            phase = judged.retirement.phase
        if intended is not None and zone is not None and phase.parts.host:
            keep = is_relied_on(found) or enforces(intended)
            parts = phase.parts if keep else phase.parts.unprotected
            if goes_away(found.hosting, found.leaving):
                # What retires is withdrawn by the engine, and goes over to nobody.
                parts = replace(parts.leaving, go_over=phase is Phase.KEPT)
            # Where the ledger does not tell of a stage, the domain is live, or soon all is lost.
            stage = found.ledger.stage if found.unwritten is not None else found.stage
            if stage is not None and found.ledger_problem is None:
                parts = parts.at(stage)
            declared.append(
                declare(
                    domain,
                    zone,
                    intended,
                    parts=parts,
                    keep=keep,
                    home=found.home,
                    former=found.move(zone, now).declared_former_zone,
                    left_host_is_asked=found.move(zone, now).former_host_may_get_requests,
                    phase=phase,
                    is_noted=domain.name in emergencies and takes_nothing(found),
                    is_lost=judged.is_lost,
                )
            )
    return Decision(tuple(declared), held, retiring, verdicts, emergencies, frozenset(given_up))


def _held_in(found: Surroundings, dns: Dns, now: dt.datetime) -> HostedZone | None:
    """Where a held domain was last; None where only another cloud could declare it there."""
    last = found.ledger.last_zone
    pointed = found.ledger.pointed(last.zone_id) if last else None
    if is_elsewhere(found) or (pointed is not None and pointed.hosting != found.hosting):
        return None
    zone = last or found.zone
    if zone is not None and not found.move(zone, now).keeps_former_host:
        return None
    if last is not None and last.keeper(found.domain.name) is not Keeper(dns):
        return None
    return zone


def is_elsewhere(found: Surroundings) -> bool:
    """Whether the authoritative ledger copy is at the other cloud."""
    return found.cloud != found.hosting


def goes_away(hosting: Hosting, leaving: Hosting | None) -> bool:
    """Whether the host is about to leave AWS within its zone.

    Protection is dropped in a run of its own, ahead of the one that needs it gone. A Worker keeps
    it until DNS no longer leads to its zone.
    """
    return leaving is hosting is Hosting.AWS


@dataclass(frozen=True, slots=True)
class Shared:
    """What becomes of the bucket that all domains of a stack share.

    The engine may not delete it while it is to ``protect``: senders may rely on what it serves.
    With ``keep`` it stays in the account for ever, with every ledger in it.
    """

    protect: bool
    keep: bool


def shared(
    domains: Iterable[Surroundings],
    remembered: Sequence[Remembered],
    decision: Decision,
    *,
    is_sure: bool,
    goes_away: bool,
) -> Shared:
    """What becomes of the bucket; ``is_sure`` says that no ledger is left out.

    Neither falls with the stack file: the ledgers decide, of domains that are listed or not.
    """
    # Of a domain that is left out, too: its ledger lies in the bucket.
    names = {found.domain.name for found in domains if is_relied_on(found)}
    names.update(each.domain for each in decision.declared if each.keep)
    serves = any(decision.phase(name).parts.host for name in names)
    return Shared(
        protect=not goes_away
        and (not is_sure or serves or any(each.is_relied_on for each in remembered)),
        keep=not is_sure or bool(names) or any(each.has_enforced for each in remembered),
    )


def takes_nothing(found: Surroundings) -> bool:
    """Whether the ledger cannot be read, or was not written to when it should."""
    return found.ledger_problem is not None or found.unwritten is not None


def is_relied_on(found: Surroundings) -> bool:
    """Whether senders may refuse mail by what was published; so it counts while nobody knows."""
    return found.ledger_problem is not None or found.ledger.has_enforced


def describe_end(domains: Iterable[Surroundings], decision: Decision, stack: str) -> Ruling | None:
    """What is left to do once every domain that the file lists is retired; None before that."""
    names = [found.domain.name for found in domains if not found.domain.parked]
    if not names or any(decision.phase(name).parts.host for name in names):
        return None
    return note(
        "stack-retired",
        f"every domain of {stack} is retired. Once this run has ended, pulumi destroy -s {stack} "
        "removes what is left of the stack. The bucket stays in the account, with every ledger, "
        "its versions, its policy and its settings: it is the record of what senders were told "
        "(docs/retirement.md)",
    )


def ledgers_unknown(error: MtaStsError) -> Ruling:
    """That it is not known which domains have a ledger."""
    return refusal(
        "ledgers-unknown",
        f"held, and nothing is deleted: could not find out which domains have a ledger: {error}",
    )


def describe_held(
    held: Mapping[str, tuple[Ruling, ...]], unsure: MtaStsError | None = None
) -> tuple[str, ...]:
    """Lines: one that says it all, then each domain with its reasons; none where none is held.

    ``unsure`` is why it is not known which domains have a ledger.
    """
    lines = [f"held, and left as they are: {', '.join(held)}"] if held else []
    lines += [f"  {name}: {reason.line}" for name, reasons in held.items() for reason in reasons]
    if unsure is not None:
        lines.append(ledgers_unknown(unsure).line)
    return tuple(lines)
