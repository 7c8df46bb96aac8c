"""A domain that is lost: retired without its DNS, once somebody has decided that it is."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from facts_of import replace
from ruled import ids
from surveys import NOW, OLD, ZONE, placed, survey

from mtasts.config import Dns, Override, Waiver
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import Body, PhaseEntered, Proof, StageEntered
from mtasts.ledger.history import Ledger
from mtasts.ledger.phases import Phase
from mtasts.ledger.stages import Stage
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode
from mtasts.rollout.decision import decide, verdict
from mtasts.rollout.handover import HandedOutRecord, RecordLookup
from mtasts.rollout.lost import NEXT_PHASES, published_body
from mtasts.zones import HostedZone, ZoneError

if TYPE_CHECKING:
    from mtasts.rollout.facts import DomainFacts

DOMAIN = "example.gov"
DECIDED = Override(frozenset({Waiver.LOST_DOMAIN}), "sold", "the CISO", NOW.date())
NO_ZONE: dict[str, Any] = {"zone": ZoneError("no zone holds it")}
ELSEWHERE: dict[str, Any] = {
    "delegation": DnsAnswer(DOMAIN, "NS", DnsStatus.ANSWERED, ("ns.buyer.example",))
}
NOBODY: dict[str, Any] = {"delegation": DnsAnswer(DOMAIN, "NS", DnsStatus.NXDOMAIN)}


def found(
    *, retire: bool = True, override: Override | None = DECIDED, **changes: Any
) -> DomainFacts:
    """An enforced domain, as its stack file has it and DNS shows it."""
    first: DomainFacts = survey(ledger=changes.pop("ledger", placed(proven=True)))[0]
    mode: dict[str, Any] = {"mode": Mode.NONE, "max_age": 86_400} if retire else {}
    domain = replace(first.domain, retire=retire, override=override, **mode)
    return replace(first, domain=domain, **changes)


@pytest.mark.parametrize("gone", [NO_ZONE, ELSEWHERE, NOBODY], ids=["zone", "sold", "lapsed"])
def test_a_domain_that_retires_and_is_out_of_reach_is_held_until_somebody_calls_it_lost(
    gone: dict[str, Any],
) -> None:
    held = verdict(found(override=None, **gone), NOW)
    (reason,) = held.refusals
    assert f"if {DOMAIN} is not the agency's any more" in str(reason)
    assert "write in the domain's entry: override: {for: [lost-domain], " in str(reason)
    judged = verdict(found(**gone), NOW)
    assert (judged.proceeds, judged.is_lost) == (True, True)
    assert judged.retirement is not None
    assert (judged.retirement.phase, judged.retirement.is_new) == (Phase.RECORD_FREE, True)
    assert any("override of lost-domain until" in each.text for each in judged.warnings)


@pytest.mark.parametrize(
    "changes",
    [
        {**NO_ZONE, "retire": False},
        {**NO_ZONE, "override": replace(DECIDED, waives=frozenset({Waiver.ZONE_WAIT}))},
        {**NO_ZONE, "override": replace(DECIDED, expires=NOW.date() - dt.timedelta(days=1))},
        {**NO_ZONE, "zone": UndeterminedError("no answer")},
        {**NO_ZONE, "ledger": Ledger()},
        {**ELSEWHERE, "former": ZoneError("gone")},
    ],
    ids=["kept", "another-word", "expired", "not-known", "never-live", "moving"],
)
def test_what_is_not_sure_is_never_given_up(changes: dict[str, Any]) -> None:
    judged = verdict(found(**changes), NOW)
    assert (judged.proceeds, judged.is_lost, judged.retirement) == (False, False, None)


def test_a_domain_in_reach_retires_as_any_other_whatever_the_override_says() -> None:
    judged = verdict(found(), NOW)
    assert (judged.proceeds, judged.is_lost) == (True, False)
    assert judged.retirement is not None
    assert judged.retirement.phase is Phase.KEPT


def test_of_a_lost_domain_nothing_is_changed_but_what_its_retirement_takes_away() -> None:
    known, phases = placed(proven=True), []
    for _ in range(6):
        decision = decide((found(ledger=known, **NO_ZONE),), NOW, dns=Dns.ROUTE53)
        phase = decision.phase(DOMAIN)
        is_over = Phase.HOST_WITHDRAWN in phases
        phases.append(phase)
        # What a run writes down of it: no zone is taken for its own.
        assert decision.unsettled == (frozenset() if is_over else {DOMAIN})
        assert len(decision.declared) == (phase is not Phase.HOST_WITHDRAWN)
        for declared in decision.declared:
            assert (declared.body, declared.id, declared.zone) == (OLD, "old", ZONE)
            assert declared.parts == phase.parts
            assert declared.keep
            assert declared.is_lost
        entry = PhaseEntered(known.next_number, NOW, phase, 0)
        known = Ledger((*known.entries, entry)) if decision.retiring[DOMAIN].is_new else known
    assert phases == [
        Phase.RECORD_FREE,
        Phase.RECORD_WITHDRAWN,
        Phase.ADDRESSES_WITHDRAWN,
        *[Phase.HOST_WITHDRAWN] * 3,
    ]
    # It may stay in the file for as long as it likes, without an override too.
    assert verdict(found(ledger=known, override=None, **NO_ZONE), NOW).proceeds
    assert verdict(found(ledger=known, override=None, **ELSEWHERE), NOW).proceeds


@pytest.mark.parametrize("phase", Phase)
def test_each_phase_drops_protection_a_run_ahead(phase: Phase) -> None:
    before, after = phase.parts, NEXT_PHASES[phase].parts
    assert after.record.is_declared or not before.record.is_protected
    assert after.addresses.is_declared or not before.addresses.is_protected
    assert after.host.is_declared or not before.host.is_protected


def test_a_retirement_that_had_begun_goes_on_with_what_is_served() -> None:
    none = found().domain.policy.render()
    known = placed(proven=True)
    tried = Ledger((*known.entries, Body(known.next_number, NOW, none, 1, "none")))
    (declared,) = decide((found(ledger=tried, **NO_ZONE),), NOW, dns=Dns.ROUTE53).declared
    assert (declared.body, declared.id) == (none, "old")  # its proof failed, so no record names it
    assert declared.intended.is_recorded


def test_what_was_never_live_is_not_declared() -> None:
    assert published_body(Ledger()) is None
    assert published_body(placed(proven=False)) is None


CNAME = HandedOutRecord("_mta-sts.example.gov", "CNAME", "x.operator.example")
NOTHING = DnsAnswer(CNAME.owner, "CNAME", DnsStatus.NXDOMAIN)
THERE = DnsAnswer(CNAME.owner, "CNAME", DnsStatus.ANSWERED, ("x.operator.example",))
UNSEEN = DnsAnswer(CNAME.owner, "CNAME", DnsStatus.FAILED, reason="no answer")


@pytest.mark.parametrize(
    ("answer", "stage", "ends", "is_nowhere"),
    [
        (NOTHING, Stage.LIVE, False, True),
        (THERE, Stage.LIVE, False, False),
        (UNSEEN, Stage.LIVE, False, False),
        (NOTHING, Stage.ISSUED, False, False),
        (NOTHING, Stage.LIVE, True, False),  # that is how a retirement ends
    ],
    ids=["gone", "there", "not-seen", "not-live", "none-was-seen"],
)
def test_what_was_handed_out_and_is_nowhere_any_more_may_be_lost(
    answer: DnsAnswer, stage: Stage, *, ends: bool, is_nowhere: bool
) -> None:
    known = Ledger((*placed(proven=True).entries, StageEntered(4, NOW, stage)))
    if ends:
        body = Body(5, NOW, found().domain.policy.render(), 1, "none")
        known = Ledger((*known.entries, body, Proof(6, NOW, "none")))
    home = HostedZone("", DOMAIN, frozenset({"ns1.example.net"}))
    around: dict[str, Any] = {
        "agency_zone": home,
        "handed_out": (RecordLookup(CNAME, answer),),
        "ledger": known,
    }
    assert verdict(found(**around), NOW).is_lost is is_nowhere
    held = verdict(found(override=None, **around), NOW).refusals
    assert ("handover-nowhere" in ids(held)) is is_nowhere
