"""Where every domain of a stack stands, and what somebody has to do, from what a run would decide.

Nothing is judged here anew. What is held comes from `mtasts.rollout.decision`, what a run would
change for senders from `mtasts.rollout.outlook`, what enforce lacks from `mtasts.promotion.gates`,
and the step of a move from `mtasts.rollout.next_move`: the rulings of ``preview`` and ``up``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mtasts.errors import UndeterminedError, UsageError
from mtasts.ledger.entries import Body, LedgerError, Proof
from mtasts.ledger.phases import Phase
from mtasts.observations import DnsStatus
from mtasts.policy import Mode
from mtasts.promotion import gates, waivers
from mtasts.promotion.evidence import Evidence
from mtasts.rollout import handover
from mtasts.rollout.decision import Decision, decide
from mtasts.rollout.facts import DomainFacts, ZoneFacts, mail_domains
from mtasts.rollout.next_move import check_goal, commands, goal_of, next_step
from mtasts.rollout.outlook import Outlook, outlooks
from mtasts.rollout.stack_rulings import describe_end, ledgers_unknown
from mtasts.rollout.vanished import describe_vanished
from mtasts.status.release import released_at
from mtasts.status.rows import (
    Claim,
    DomainStatus,
    EvidenceSeen,
    StackStatus,
    Standing,
    gravest,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mtasts.config import AgencyConfig, DomainConfig, Override
    from mtasts.errors import MtaStsError
    from mtasts.ledger.history import Ledger
    from mtasts.promotion.evidence import EvidenceError
    from mtasts.rollout.facts import Facts
    from mtasts.rollout.vanished import Remembered
    from mtasts.rulings import Ruling

    KnownEvidence = Evidence | EvidenceError | None

# How long before its last day an override is told of: time to mend, or to have it approved anew.
SOON = dt.timedelta(days=7)


def stack_status(
    stack: str,
    config: AgencyConfig,
    domains: Sequence[Facts],
    now: dt.datetime,
    *,
    remembered: Sequence[Remembered] = (),
    unsure: LedgerError | UndeterminedError | None = None,
    warnings: tuple[Ruling, ...] = (),
    evidence: Mapping[str, KnownEvidence],
) -> StackStatus:
    """How a stack stands by what was found out about it.

    ``remembered`` are the domains that only their ledgers tell of, ``unsure`` is why they are not
    all known, ``evidence`` what lies in the repository for each domain.
    """
    decision = decide(domains, now, dns=config.dns)
    ahead = {each.name: each for each in outlooks(domains, decision, remembered)}
    view = _View(stack, decision, now)
    gone = {each.name: view.vanished(each) for each in remembered if each.is_relied_on}
    rows = [
        view.domain(index, each, ahead.get(each.name), evidence.get(each.name))
        for index, each in enumerate(domains)
        if each.name not in gone
    ]
    refused = describe_vanished(
        remembered,
        domains,
        file=config.file,
        stack=stack,
        is_emergency=any(each.domain.emergency for each in domains),
    )
    claims = [
        *([_lost(refused, stack, remembered)] if refused is not None else []),
        *([_unsure(unsure, stack)] if unsure is not None else []),
        *_move(stack, config, domains, now),
    ]
    ended = describe_end(domains, decision, stack) is not None
    return replace(
        _stack(stack, config),
        domains=(*rows, *gone.values()),
        claims=tuple(claims),
        warnings=warnings,
        run=(f"pulumi destroy -s {stack}",) if ended else (),
    )


def unasked_status(
    stack: str,
    config: AgencyConfig,
    error: MtaStsError,
    now: dt.datetime,
    *,
    evidence: Mapping[str, KnownEvidence],
) -> StackStatus:
    """A stack that nothing could be found out about; what its file says is shown all the same."""
    rows = (
        DomainStatus(
            each.name,
            evidence=_evidence(evidence.get(each.name)),
            override=each.override,
            mode="parked" if each.parked else "",
            claims=(
                Claim(Standing.UNKNOWN, ""),
                *_override(each.override, index, stack, now),
            ),
        )
        for index, each in enumerate(config.domains)
    )
    claim = Claim(Standing.UNKNOWN, str(error), run=(f"mtasts status {stack}",))
    return replace(_stack(stack, config), domains=tuple(rows), claims=(claim,))


def refused_status(stack: str, file: str, text: str, run: tuple[str, ...]) -> StackStatus:
    """A stack whose file cannot be used as it stands."""
    return StackStatus(stack, file, claims=(Claim(Standing.HELD, text, run=run),), is_refused=True)


def _stack(stack: str, config: AgencyConfig) -> StackStatus:
    return StackStatus(stack, config.file, config.agency, str(config.hosting), str(config.dns))


def _lost(found: Ruling, stack: str, remembered: Iterable[Remembered]) -> Claim:
    """What a ruling says of the domains that the stack file has lost, in its first line."""
    standing = gravest(_loss(each) for each in remembered if each.is_relied_on)
    first, *_ = found.text.splitlines()
    return Claim(standing, first, run=(f"mtasts preview {stack}",), id=found.id)


def _loss(found: Remembered) -> Standing:
    is_unknown = isinstance(found.problem, UndeterminedError)
    return Standing.UNKNOWN if is_unknown else Standing.HELD


def _unsure(error: LedgerError | UndeterminedError, stack: str) -> Claim:
    standing = Standing.UNKNOWN if isinstance(error, UndeterminedError) else Standing.HELD
    return Claim.of(standing, ledgers_unknown(error), run=(f"mtasts status {stack}",))


def _move(
    stack: str, config: AgencyConfig, domains: Sequence[Facts], now: dt.datetime
) -> Iterator[Claim]:
    """The step of a move that is due, or the date until which there is none."""
    goal, step = goal_of(config), None
    ledgers = {e.name: e.history for e in mail_domains(domains) if e.history.last_proven}
    try:
        if goal is not None:
            check_goal(config, goal)
            step = next_step(config, ledgers, goal, now)
    except UsageError as error:
        yield Claim(Standing.HELD, f"the move: {error}", run=(f"mtasts move {stack}",))
    if goal is None or step is None:
        return
    text = f"moves to hosting {goal.hosting}, dns {goal.dns}: {step.why}"
    if step.before:
        text += f": first {step.before}"
    standing = Standing.DUE if step.not_before is None else Standing.WAITING
    run = tuple(" ".join(each) for each in commands(stack, step)) or (f"mtasts move {stack}",)
    yield Claim(standing, text, step.not_before, run)


def _evidence(found: KnownEvidence) -> EvidenceSeen:
    if isinstance(found, Evidence):
        return EvidenceSeen(found.collected)
    return EvidenceSeen(problem=str(found) if found is not None else "")


def _override(
    override: Override | None, index: int, stack: str, now: dt.datetime
) -> Iterator[Claim]:
    """What is to be done about an override that ends soon, or lets nothing past any more."""
    if override is None or (override.begins is not None and now.date() < override.begins):
        return
    if void := waivers.why_void(override, now):
        path = f"'mtasts:domains[{index}].override'"
        run = (f"pulumi config rm --path {path} -s {stack}",)
        yield Claim.of(Standing.DUE, void, run=run)
    elif override.expires - now.date() <= SOON:
        text = (
            f"the override of {', '.join(sorted(override.waives))} ends on {override.expires}: "
            "remove it, or have it approved anew, before it does"
        )
        yield Claim(Standing.DUE, text, run=(f"mtasts preview {stack}",))


@dataclass(frozen=True, slots=True)
class _View:
    """What one run would decide of a stack, as rows."""

    stack: str
    decision: Decision
    now: dt.datetime

    @property
    def _up(self) -> tuple[str, ...]:
        return (f"pulumi up -s {self.stack}",)

    @property
    def _preview(self) -> tuple[str, ...]:
        return (f"mtasts preview {self.stack}",)

    def vanished(self, found: Remembered) -> DomainStatus:
        """A domain that the stack file has lost, and whose senders may refuse mail."""
        text = "the stack file no longer has it as a mail domain"
        if found.problem is not None:
            text += f", and its ledger is not known: {found.problem}"
        row = self._served(DomainStatus(found.name), found.ledger, None)
        return replace(row, claims=(Claim(_loss(found), text, run=self._preview),))

    def domain(
        self, index: int, found: Facts, ahead: Outlook | None, evidence: KnownEvidence
    ) -> DomainStatus:
        """A domain that the stack file lists; ``index`` is its place there."""
        domain = found.domain
        row = DomainStatus(
            domain.name,
            override=domain.override,
            rulings=self.decision.of(found.name).rulings,
        )
        if not isinstance(found, DomainFacts):
            held = tuple(self._held(found))
            return replace(row, mode="parked", claims=held)
        if found.has_ledger:
            named = ahead.before.id if ahead is not None else ""
            row = self._served(row, found.history, named)
        if domain.retire and row.phase is None:
            row = replace(row, phase=Phase.KEPT)
        row = replace(
            row,
            evidence=_evidence(evidence),
            stage=found.stage,
            moves=found.former_zone is not None or found.placement.changes_host,
            claims=(
                *self._held(found),
                *self._changes(found, ahead),
                *self._emergency(found),
                *self._retires(domain),
                *self._handed(found),
                *_override(domain.override, index, self.stack, self.now),
                *_unseen(found),
            ),
        )
        if row.mode != Mode.TESTING or domain.mode is not Mode.TESTING:
            return row
        return self._promotion(row, index, found, evidence)

    def _served(self, row: DomainStatus, ledger: Ledger, named: str | None) -> DomainStatus:
        """``row`` with what senders find by the ledger, where the record names the id ``named``."""
        in_force = ledger.in_force_since(named or None)
        entered = ledger.last_phase
        phase = entered.phase if entered is not None else None
        proofs = (each for each in reversed(ledger.entries) if isinstance(each, Proof))
        row = replace(row, proof=next(proofs, None), phase=phase)
        if ledger.adopted is not None and ledger.adopted.held_until > self.now:
            row = replace(row, adopted_until=ledger.adopted.held_until)
        if entered is not None and phase is Phase.HOST_WITHDRAWN:
            return replace(row, mode="retired", since=entered.at)
        if not in_force:  # nothing was ever proven, or DNS names what nobody here knows
            return replace(row, mode="new" if ledger.last_proven is None else "")
        body = in_force[0]
        id_ = named if named is not None else body.id
        return replace(row, mode=_mode(body), since=_since(ledger, body), id=id_)

    def _held(self, found: Facts) -> Iterator[Claim]:
        refusals = self.decision.held.get(found.name, ())
        until = released_at(found, refusals)
        for each in refusals:
            standing = Standing.UNKNOWN if each.is_unknown else Standing.HELD
            yield Claim.of(standing, each, until, self._way(found, refusals, until))

    def _way(
        self, found: Facts, refusals: Sequence[Ruling], until: dt.datetime | None
    ) -> tuple[str, ...]:
        """The command that brings a held domain on."""
        if not isinstance(found, DomainFacts):
            return self._preview
        if isinstance(found.ledger, LedgerError):
            return (f"mtasts ledger verify {self.stack} --domain {found.name}",)
        if until is not None:
            return self._up
        if found.has_ledger and found.is_promotion:
            unmet = {each.id for each in self._unmet(found, found.evidence)}
            if unmet.issuperset(each.id for each in refusals):
                return (f"mtasts gate check {found.name}",)
        return self._preview

    def _unmet(self, found: DomainFacts, evidence: KnownEvidence) -> tuple[Ruling, ...]:
        """What keeps a domain from being enforced, as ``mtasts gate check`` judges it."""
        asked = replace(found.domain, mode=Mode.ENFORCE)
        ledger, is_local = found.history, found.placement.is_local
        return tuple(
            gates.unmet(asked, found.mx, evidence, self.now, ledger=ledger, is_local=is_local)
        )

    def _emergency(self, found: DomainFacts) -> Iterator[Claim]:
        if not found.domain.emergency:
            return
        gone_past = self.decision.emergencies.get(found.name, ())
        text = "an emergency is declared: mode testing goes out whatever holds the domain"
        text += "".join(f"; gone past: {each}" for each in gone_past)
        yield Claim(Standing.DUE, text, run=self._preview)

    def _changes(self, found: DomainFacts, ahead: Outlook | None) -> Iterator[Claim]:
        """That a run would change something for senders, or for what is remembered of them."""
        if found.name in self.decision.held or ahead is None:
            return
        last = found.history.last_body
        is_new = last is None and found.has_ledger
        if is_new and found.domain.retire:
            return
        if ahead.is_changed:
            gist = ahead.effects(self.now)[0]
            text = "nothing is published yet" if is_new else f"not out yet: {gist}"
            drifted = found.intended.is_recorded and last and found.history.is_proven(last)
            retires = found.name in self.decision.retiring
            refresh = " --refresh" if drifted and not retires else ""
            run = (f"pulumi up{refresh} -s {self.stack}",)
            yield Claim(Standing.DUE, text, run=run)
        elif found.noted:
            text = "what went out in an emergency is not in the ledger yet"
            yield Claim(Standing.DUE, text, run=self._up)
        elif found.stage is not found.history.stage:
            text = f"the next run comes to the stage {found.stage}"
            yield Claim(Standing.DUE, text, run=self._up)

    def _retires(self, domain: DomainConfig) -> Iterator[Claim]:
        found = self.decision.retiring.get(domain.name)
        if found is None or (found.phase is Phase.HOST_WITHDRAWN and not found.is_new):
            return
        if found.is_waiting:
            yield Claim.of(Standing.WAITING, found.ruling, found.ruling.until, self._up)
        else:
            yield Claim.of(Standing.DUE, found.ruling, run=self._up)

    def _handed(self, found: DomainFacts) -> Iterator[Claim]:
        """What the agency has yet to publish of what was handed out."""
        if found.domain.retire:
            return
        run = (f"pulumi stack output domains --json -s {self.stack}",)
        absent = handover.absence(found.stage)
        for each in found.handed_out:
            if missing := handover.missing(each, absent):
                standing = Standing.UNKNOWN if missing.is_unknown else Standing.DUE
                yield Claim.of(standing, missing, run=run)

    def _promotion(
        self, row: DomainStatus, index: int, found: DomainFacts, evidence: KnownEvidence
    ) -> DomainStatus:
        """``row`` with what enforce lacks."""
        conditions = self._unmet(found, evidence)
        unmet = waivers.judge(found.domain.override, conditions, self.now).unmet
        path = f"'mtasts:domains[{index}].mode'"
        promote = (f"pulumi config set --path {path} enforce -s {self.stack}", *self._preview)
        return replace(
            row,
            evidence=replace(row.evidence, unmet=unmet),
            run=(f"mtasts gate check {row.name}",) if unmet else promote,
        )


def _unseen(found: DomainFacts) -> Iterator[Claim]:
    """Look-ups without an answer that hold nothing up, and without which nothing is good."""
    at = found.zone
    for each in (at.sts, at.delegation) if isinstance(at, ZoneFacts) else ():
        if each.status is DnsStatus.FAILED:
            what = f"could not find out what DNS has at {each.name} {each.type}: {each.reason}"
            yield Claim(Standing.UNKNOWN, what)


def _mode(body: Body) -> str:
    return str(body.policy.mode) if body.policy is not None else "invalid"


def _since(ledger: Ledger, body: Body) -> dt.datetime | None:
    """Since when a policy of that mode was served without another between."""
    since = None
    for each in reversed(ledger.bodies):
        if each.number > body.number or not ledger.is_proven(each):
            continue
        if _mode(each) != _mode(body):
            break
        since = ledger.proven_at(each)
    return since
