"""What one run declares of a stack's domains, and what it holds, from what was found out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.config import Hosting
from mtasts.rollout.declaration import Declaration, declare
from mtasts.rollout.ledger import Intended, enforces
from mtasts.rollout.moving import is_left_as_it_is, left_host_is_asked, left_zone
from mtasts.rollout.phases import Phase
from mtasts.rollout.published import held_as
from mtasts.rollout.verdicts import Surroundings, verdict
from mtasts.rollout.zones import Keeper

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from mtasts.config import Dns
    from mtasts.rollout.retirement import Progress
    from mtasts.rollout.zones import HostedZone


@dataclass(frozen=True, slots=True)
class Decision:
    """What a run declares; ``held`` are the domains that stay as they are, with every reason.

    ``retiring`` is how far each retirement comes in this run. ``warnings`` and ``notes`` are to be
    told, each with its domain.
    """

    declared: tuple[Declaration, ...]
    held: Mapping[str, tuple[str, ...]]
    retiring: Mapping[str, Progress]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def phase(self, domain: str) -> Phase:
        """How far the retirement of a domain comes in this run."""
        return self.retiring[domain].phase if domain in self.retiring else Phase.KEPT


def decide(domains: Iterable[Surroundings], now: dt.datetime, *, dns: Dns) -> Decision:
    """What is declared, and what is told of it.

    A held domain is declared as it was, where that is known; otherwise it is left out, and since
    the run fails in the end, nothing of it is deleted. ``dns`` says whose zones are written to.
    """
    declared: list[Declaration] = []
    held: dict[str, tuple[str, ...]] = {}
    retiring: dict[str, Progress] = {}
    warnings: list[str] = []
    notes: list[str] = []
    for found in domains:
        domain, ledger = found.domain, found.ledger
        judged = verdict(found, now)
        warnings += (f"{domain.name}: {warning}" for warning in judged.warnings)
        notes += (f"{domain.name}: {note}" for note in judged.notes)
        intended: Intended | None = None
        phase = ledger.last_phase.phase if ledger.last_phase else Phase.KEPT
        if not judged.proceeds:
            held[domain.name] = judged.refusals
            intended = held_as(ledger, found.sts)
        elif not domain.parked:
            intended = found.intended
        if judged.retirement is not None:
            retiring[domain.name] = judged.retirement
            phase = judged.retirement.phase
        # A held domain stays in the zone where it is, whatever a look-up would choose now.
        zone = found.zone if judged.proceeds else _held_in(found, dns)
        if intended is not None and zone is not None and phase.parts.host:
            keep = is_relied_on(found) or enforces(intended)
            parts = phase.parts if keep else phase.parts.unprotected
            if goes_away(found.hosting, found.leaving):
                parts = parts.leaving
            if found.stage is not None:
                parts = parts.at(found.stage)
            declared.append(
                declare(
                    domain,
                    zone,
                    intended,
                    parts=parts,
                    keep=keep,
                    home=found.home,
                    former=left_zone(found.former_zone, ledger, found.delegated, now),
                    left_host_is_asked=left_host_is_asked(ledger, zone, found.hosting, now),
                    phase=phase,
                )
            )
    return Decision(tuple(declared), held, retiring, tuple(warnings), tuple(notes))


def _held_in(found: Surroundings, dns: Dns) -> HostedZone | None:
    """Where a held domain was last; None where only another cloud could declare it there."""
    last = found.ledger.last_zone
    pointed = found.ledger.pointed(last.zone_id) if last else None
    if is_elsewhere(found) or (pointed is not None and pointed.hosting != found.hosting):
        return None
    former, hosting, leaving = found.former_zone, found.hosting, found.leaving
    if former is not None and not is_left_as_it_is(found.ledger, former, hosting, leaving):
        return None
    if last is not None and last.keeper(found.domain.name) is not Keeper(dns):
        return None
    return last or found.zone


def is_elsewhere(found: Surroundings) -> bool:
    """Whether the ledger that counts is the other cloud's."""
    return found.cloud != found.hosting


def goes_away(hosting: Hosting, leaving: Hosting | None) -> bool:
    """Whether the host is about to leave AWS within its zone.

    Protection is dropped in a run of its own, ahead of the one that needs it gone. A Worker keeps
    it until DNS no longer leads to its zone.
    """
    return leaving is hosting is Hosting.AWS


def is_relied_on(found: Surroundings) -> bool:
    """Whether senders may refuse mail by what was published; so it counts while nobody knows."""
    return found.ledger_problem is not None or found.ledger.has_enforced


def describe_held(held: Mapping[str, tuple[str, ...]]) -> str:
    """One line that says it all, then each domain with its reasons."""
    lines = [f"held, and left as they are: {', '.join(held)}"]
    lines += [f"  {name}: {reason}" for name, reasons in held.items() for reason in reasons]
    return "\n".join(lines)
