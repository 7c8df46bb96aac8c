"""The status of stacks and domains as rows, sorted for a reader."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from mtasts.findings import for_stack
from mtasts.ruling_catalogue import Kind
from mtasts.rulings import of_kind

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from mtasts.config import Override
    from mtasts.ledger.entries import Proof
    from mtasts.ledger.phases import Phase
    from mtasts.ledger.stages import Stage
    from mtasts.rulings import Ruling


class Standing(StrEnum):
    """The status of a stack or domain, the worst last.

    ``waiting`` ends at a date, without anybody's help. ``due`` needs somebody to do something.
    ``held`` does, too: a run would be refused, or leave the domain as it is. ``not known`` is
    neither good nor bad.
    """

    GOOD = "good"
    WAITING = "waiting"
    UNKNOWN = "not known"
    DUE = "due"
    HELD = "held"

    @property
    def needs_person(self) -> bool:
        """Whether a person must act before anything changes."""
        return self in (Standing.DUE, Standing.HELD)

    @property
    def rank(self) -> int:
        """Its position in the order, from 0 (good)."""
        return list(Standing).index(self)


def gravest(found: Iterable[Standing]) -> Standing:
    """The worst of ``found``; good if it is empty."""
    return max(found, key=lambda each: each.rank, default=Standing.GOOD)


@dataclass(frozen=True, slots=True)
class Claim:
    """One reason why the status is not good, and the commands of the next step.

    Before ``until`` the commands change nothing, or the reason holds; None without such a date.
    ``id`` is the id of the ruling behind the claim, empty without one.
    """

    standing: Standing
    text: str
    until: dt.datetime | None = None
    run: tuple[str, ...] = ()
    id: str = ""

    @classmethod
    def of(
        cls,
        standing: Standing,
        found: Ruling,
        until: dt.datetime | None = None,
        run: tuple[str, ...] = (),
    ) -> Claim:
        """The claim that a ruling makes."""
        return cls(standing, str(found), until, run, found.id)


@dataclass(frozen=True, slots=True)
class EvidenceSeen:
    """The evidence file of a domain: when it was collected, or the ``problem`` with it.

    ``unmet`` are the unmet conditions of enforce, of a domain that could be promoted.
    """

    collected: dt.datetime | None = None
    problem: str = ""
    unmet: tuple[Ruling, ...] | None = None


@dataclass(frozen=True, slots=True)
class DomainStatus:
    """One domain: the policy that senders find, since when, and what somebody has to do.

    ``mode`` is the served policy's, ``invalid`` if senders would reject it; or ``new``, ``parked``
    or ``retired``; empty if it is not known. ``id`` is the one in the STS record. Senders may hold
    a policy from before the adoption until ``adopted_until``. ``run`` is the next step without
    claims.
    """

    name: str
    mode: str = ""
    since: dt.datetime | None = None
    id: str = ""
    proof: Proof | None = None
    evidence: EvidenceSeen = EvidenceSeen()
    phase: Phase | None = None
    stage: Stage | None = None
    moves: bool = False
    adopted_until: dt.datetime | None = None
    override: Override | None = None
    claims: tuple[Claim, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    run: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[Ruling, ...]:
        """The warnings of a run."""
        return of_kind(Kind.WARNING, self.rulings)

    @property
    def notes(self) -> tuple[Ruling, ...]:
        """The notes of a run."""
        return of_kind(Kind.NOTE, self.rulings)

    def unclaimed(self, kind: Kind) -> tuple[str, ...]:
        """The texts of the rulings of a kind that no claim has."""
        claimed = {(each.id, each.text) for each in self.claims}
        return tuple(
            str(each) for each in of_kind(kind, self.rulings) if (each.id, str(each)) not in claimed
        )

    @property
    def standing(self) -> Standing:
        """The gravest of its claims."""
        return gravest(each.standing for each in self.claims)

    @property
    def next(self) -> Claim:
        """The next step: that of its first gravest claim."""
        return _leading(self.claims, self.standing, self.run)


@dataclass(frozen=True, slots=True)
class StackStatus:
    """One stack; ``claims`` are about it as a whole.

    ``is_refused`` says that its file has mistakes, so that nothing was looked up.
    """

    stack: str
    file: str
    agency: str = ""
    hosting: str = ""
    dns: str = ""
    domains: tuple[DomainStatus, ...] = ()
    claims: tuple[Claim, ...] = ()
    warnings: tuple[Ruling, ...] = ()
    run: tuple[str, ...] = ()
    is_refused: bool = False

    @property
    def named(self) -> StackStatus:
        """The same, with the stack's name in place of STACK in every text."""

        def rulings(found: tuple[Ruling, ...]) -> tuple[Ruling, ...]:
            return tuple(each.for_stack(self.stack) for each in found)

        def claims(found: tuple[Claim, ...]) -> tuple[Claim, ...]:
            return tuple(replace(each, text=for_stack(each.text, self.stack)) for each in found)

        domains = (
            replace(each, claims=claims(each.claims), rulings=rulings(each.rulings))
            for each in self.domains
        )
        return replace(
            self,
            domains=tuple(domains),
            claims=claims(self.claims),
            warnings=rulings(self.warnings),
        )

    @property
    def standing(self) -> Standing:
        """The gravest of its own claims."""
        return gravest(each.standing for each in self.claims)

    @property
    def next(self) -> Claim:
        """Its own next step, as a domain's."""
        return _leading(self.claims, self.standing, self.run)


@dataclass(frozen=True, slots=True)
class Overview:
    """All requested stacks, sorted by name, with their status ``at`` that time."""

    at: dt.datetime
    stacks: tuple[StackStatus, ...]

    @property
    def standing(self) -> Standing:
        """The worst status of all stacks."""
        domains = gravest(row.standing for each in self.stacks for row in each.domains)
        return gravest((domains, *(each.standing for each in self.stacks)))

    @property
    def is_refused(self) -> bool:
        """Whether a stack file cannot be used as it stands."""
        return any(each.is_refused for each in self.stacks)

    @property
    def counts(self) -> dict[Standing, int]:
        """The number of domains by status; a stack without known domains counts as one."""
        found = dict.fromkeys(reversed(Standing), 0)
        for stack in self.stacks:
            rows: tuple[DomainStatus | StackStatus, ...] = stack.domains or (stack,)
            for each in rows:
                found[each.standing] += 1
        return found


def _leading(claims: tuple[Claim, ...], standing: Standing, run: tuple[str, ...]) -> Claim:
    found = (each for each in claims if each.standing is standing)
    return next(found, Claim(Standing.GOOD, "", run=run))
