"""The status of every domain of a stack, and what somebody has to do, from what a run would decide.

This module judges nothing itself: status, ``preview`` and ``up`` have the same rulings. Held
domains come from `mtasts.rollout.decision`, changes for senders from `mtasts.rollout.outlook`,
unmet conditions of enforce from `mtasts.promotion.gates`, steps of a move from
`mtasts.rollout.next_move`. It is long because it has a short function for each of them.
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

# An override is reported a week before its last day, so that there is time to remove the cause, or
# to have it approved again.
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
    has_list: bool = True,
) -> StackStatus:
    """The status of a stack from the facts about it.

    ``remembered`` are domains that have a ledger and are not in the stack file, ``unsure`` is why
    not all of them are known, ``evidence`` is the evidence in the repository, by domain.
    ``has_list`` is false if the file has its domains as one JSON text, which ``pulumi config set
    --path`` would replace.
    """
    decision = decide(domains, now, dns=config.dns)
    ahead = {each.name: each for each in outlooks(domains, decision, remembered)}
    fails = unsure is not None or any(each.is_relied_on for each in remembered)
    view = _View(stack, decision, now, has_list, fails)
    vanished = {each.name: view.vanished(each) for each in remembered if each.is_relied_on}
    rows = [
        view.domain(index, each, ahead.get(each.name), evidence.get(each.name))
        for index, each in enumerate(domains)
        # A parked entry whose domain enforced is a row of `vanished`, and must not appear twice.
        if each.name not in vanished
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
        domains=(*rows, *vanished.values()),
        claims=tuple(claims),
        warnings=warnings,
        run=(f"pulumi destroy -s {stack}",) if ended else (),
    )


def undetermined_status(
    stack: str,
    config: AgencyConfig,
    error: MtaStsError,
    now: dt.datetime,
    *,
    evidence: Mapping[str, KnownEvidence],
    has_list: bool = True,
) -> StackStatus:
    """The status of a stack whose look-ups all failed: only what the stack file says.

    ``has_list`` is as for `stack_status`.
    """
    rows = (
        DomainStatus(
            each.name,
            evidence=_evidence(evidence.get(each.name)),
            override=each.override,
            mode="parked" if each.parked else "",
            claims=(
                Claim(Standing.UNKNOWN, ""),
                *_override(each.override, index, stack, now, has_list=has_list),
            ),
        )
        for index, each in enumerate(config.domains)
    )
    claim = Claim(Standing.UNKNOWN, str(error), run=(f"mtasts status {stack}",))
    return replace(_stack(stack, config), domains=tuple(rows), claims=(claim,))


def refused_status(stack: str, file: str, text: str, run: tuple[str, ...]) -> StackStatus:
    """The status of a stack whose file has mistakes."""
    return StackStatus(stack, file, claims=(Claim(Standing.HELD, text, run=run),), is_refused=True)


def _stack(stack: str, config: AgencyConfig) -> StackStatus:
    return StackStatus(stack, config.file, config.agency, str(config.hosting), str(config.dns))


def _lost(found: Ruling, stack: str, remembered: Iterable[Remembered]) -> Claim:
    """The claim about domains that left the stack file: the first line of the ruling."""
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
    """The claim about a move: the step that is due, or the date before which there is none."""
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
    text = f"the stack moves to hosting {goal.hosting}, dns {goal.dns}: {step.why}"
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
    override: Override | None, index: int, stack: str, now: dt.datetime, *, has_list: bool
) -> Iterator[Claim]:
    """The claim about an override that ends soon, or is void."""
    if override is None or (override.begins is not None and now.date() < override.begins):
        return
    if void := waivers.why_void(override, now):
        path = f"'mtasts:domains[{index}].override'"
        remove = f"pulumi config rm --path {path} -s {stack}"
        run = (remove if has_list else f"mtasts preview {stack}",)
        yield Claim.of(Standing.DUE, void, run=run)
    elif override.expires - now.date() <= SOON:
        text = (
            f"the override of {', '.join(sorted(override.waives))} ends on {override.expires}: "
            "before that day, remove it, or have it approved again with new dates"
        )
        yield Claim(Standing.DUE, text, run=(f"mtasts preview {stack}",))


@dataclass(frozen=True, slots=True)
class _View:
    """The decision of a run, as rows of the status."""

    stack: str
    decision: Decision
    now: dt.datetime
    has_list: bool
    preview_fails: bool

    def _up(self, name: str, options: str = "") -> tuple[str, ...]:
        """The run that changes the domain ``name``.

        If another domain is held, the preview fails, and the engine would stop after it. So it does
        in an emergency, and if ``preview_fails`` for a domain that the file no longer lists.
        """
        decision = self.decision
        is_other_held = any(each != name for each in decision.held)
        fails = self.preview_fails or is_other_held or decision.emergencies
        skip = " --skip-preview" if fails else ""
        return (f"pulumi up{options}{skip} -s {self.stack}",)

    @property
    def _preview(self) -> tuple[str, ...]:
        return (f"mtasts preview {self.stack}",)

    def vanished(self, found: Remembered) -> DomainStatus:
        """The row of a domain that left the stack file, and whose policy senders may enforce."""
        text = "the stack file no longer lists it as a mail domain"
        if found.problem is not None:
            text += f", and its ledger could not be read: {found.problem}"
        row = self._served(DomainStatus(found.name), found.ledger, None)
        return replace(row, claims=(Claim(_loss(found), text, run=self._preview),))

    def domain(
        self, index: int, found: Facts, ahead: Outlook | None, evidence: KnownEvidence
    ) -> DomainStatus:
        """The row of a domain in the stack file; ``index`` is its place in the list, from 0."""
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
                *_override(domain.override, index, self.stack, self.now, has_list=self.has_list),
                *_unseen(found),
            ),
        )
        if row.mode != Mode.TESTING or domain.mode is not Mode.TESTING:
            return row
        return self._promotion(row, index, found, evidence)

    def _served(self, row: DomainStatus, ledger: Ledger, named: str | None) -> DomainStatus:
        """``row``, with the policy that senders find by ledger and record id (``named``)."""
        in_force = ledger.in_force_since(named or None)
        entered = ledger.last_phase
        phase = entered.phase if entered is not None else None
        proofs = (each for each in reversed(ledger.entries) if isinstance(each, Proof))
        row = replace(row, proof=next(proofs, None), phase=phase)
        if ledger.adopted is not None and ledger.adopted.held_until > self.now:
            row = replace(row, adopted_until=ledger.adopted.held_until)
        if entered is not None and phase is Phase.HOST_WITHDRAWN:
            return replace(row, mode="retired", since=entered.at)
        if not in_force:  # nothing was ever proven, or DNS has an id that the ledger does not know
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
        """The next command for a held domain."""
        if not isinstance(found, DomainFacts):
            return self._preview
        if isinstance(found.ledger, LedgerError):
            return (f"mtasts ledger verify {self.stack} --domain {found.name}",)
        if until is not None:
            return self._up(found.name)
        if found.has_ledger and found.is_promotion:
            unmet = {each.id for each in self._unmet(found, found.evidence)}
            if unmet.issuperset(each.id for each in refusals):
                return (f"mtasts gate check {found.name}",)
        return self._preview

    def _unmet(self, found: DomainFacts, evidence: KnownEvidence) -> tuple[Ruling, ...]:
        """The unmet conditions of enforce, as ``mtasts gate check`` judges them."""
        enforced_domain = replace(found.domain, mode=Mode.ENFORCE)
        ledger, is_local = found.history, found.placement.is_local
        return tuple(
            gates.unmet(
                enforced_domain, found.mx, evidence, self.now, ledger=ledger, is_local=is_local
            )
        )

    def _emergency(self, found: DomainFacts) -> Iterator[Claim]:
        if not found.domain.emergency:
            return
        gone_past = self.decision.emergencies.get(found.name, ())
        text = "the domain is in an emergency: mode testing is published although refusals hold it"
        text += "".join(f"; overridden by the emergency: {each}" for each in gone_past)
        yield Claim(Standing.DUE, text, run=self._preview)

    def _changes(self, found: DomainFacts, ahead: Outlook | None) -> Iterator[Claim]:
        """The claim that a run is due: for senders, the ledger or the next stage."""
        if found.name in self.decision.held or ahead is None:
            return
        last = found.history.last_body
        is_new = last is None and found.has_ledger
        if is_new and found.domain.retire:
            return
        if ahead.is_changed:
            gist = ahead.effects(self.now)[0]
            text = "nothing is published yet" if is_new else f"not published yet: {gist}"
            drifted = found.intended.is_recorded and last and found.history.is_proven(last)
            retires = found.name in self.decision.retiring
            # The state still has the record as declared. Only a refresh sees that somebody changed
            # it.
            refresh = " --refresh" if drifted and not retires else ""
            yield Claim(Standing.DUE, text, run=self._up(found.name, refresh))
        elif found.noted:
            text = "a policy that was published in an emergency is not in the ledger yet"
            yield Claim(Standing.DUE, text, run=self._up(found.name))
        elif found.stage is not found.history.stage:
            text = f"the next run enters the stage {found.stage}"
            yield Claim(Standing.DUE, text, run=self._up(found.name))

    def _retires(self, domain: DomainConfig) -> Iterator[Claim]:
        found = self.decision.retiring.get(domain.name)
        if found is None or (found.phase is Phase.HOST_WITHDRAWN and not found.is_new):
            return
        run = self._up(domain.name)
        if found.is_waiting:
            yield Claim.of(Standing.WAITING, found.ruling, found.ruling.until, run)
        else:
            yield Claim.of(Standing.DUE, found.ruling, run=run)

    def _handed(self, found: DomainFacts) -> Iterator[Claim]:
        """The claims about handed-out records that the agency has not published."""
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
        """``row``, with the unmet conditions of enforce."""
        conditions = self._unmet(found, evidence)
        unmet = waivers.judge(found.domain.override, conditions, self.now).unmet
        path = f"'mtasts:domains[{index}].mode'"
        promote = (f"pulumi config set --path {path} enforce -s {self.stack}", *self._preview)
        return replace(
            row,
            evidence=replace(row.evidence, unmet=unmet),
            run=promote if self.has_list and not unmet else (f"mtasts gate check {row.name}",),
        )


def _unseen(found: DomainFacts) -> Iterator[Claim]:
    """The claims about failed look-ups that hold no run: without them, the status is not good."""
    zone_facts = found.zone
    for each in (
        (zone_facts.sts, zone_facts.delegation) if isinstance(zone_facts, ZoneFacts) else ()
    ):
        if each.status is DnsStatus.FAILED:
            what = f"could not find out what DNS has at {each.name} {each.type}: {each.reason}"
            yield Claim(Standing.UNKNOWN, what)


def _mode(body: Body) -> str:
    return str(body.policy.mode) if body.policy is not None else "invalid"


def _since(ledger: Ledger, body: Body) -> dt.datetime | None:
    """Since when the served policy has had the mode of ``body``, without another in between."""
    since = None
    for each in reversed(ledger.bodies):
        if each.number > body.number or not ledger.is_proven(each):
            continue
        if _mode(each) != _mode(body):
            break
        since = ledger.proven_at(each)
    return since
