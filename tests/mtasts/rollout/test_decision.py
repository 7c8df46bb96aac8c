"""What a run declares and what it holds, from values."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from facts_of import facts, replace
from hypothesis import given
from hypothesis import strategies as st
from ruled import ids
from surveys import NOW, OLD, ZONE, config, ledger, placed, survey

from mtasts.config import Dns, Hosting, Override, Waiver
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import (
    Body,
    Entry,
    Hosted,
    HostTarget,
    LedgerError,
    PhaseEntered,
    Proof,
    ZoneSeen,
)
from mtasts.ledger.history import Ledger, intend
from mtasts.ledger.phases import Phase
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode
from mtasts.rollout.decision import decide, is_relied_on
from mtasts.rollout.facts import DomainFacts, ZoneFacts
from mtasts.rollout.stack_rulings import describe_held
from mtasts.rulings import refusal
from mtasts.zones import HostedZone


def test_domains_with_a_zone_are_declared_and_parked_ones_are_not() -> None:
    decision = decide(survey(), NOW, dns=Dns.ROUTE53)
    assert [each.domain for each in decision.declared] == ["example.gov", "b.example.gov"]
    assert decision.held == {}
    assert not any(each.parts.record.is_protected for each in decision.declared)


def test_a_new_domain_that_is_held_is_left_out_and_stops_no_other() -> None:
    decision = decide(survey("example.gov"), NOW, dns=Dns.ROUTE53)
    assert [each.domain for each in decision.declared] == ["b.example.gov"]
    assert ids(decision.held["example.gov"]) == ["zone-not-delegated"]


def test_a_published_domain_that_is_held_is_declared_as_it_was() -> None:
    decision = decide(survey("example.gov", ledger=ledger(proven=True)), NOW, dns=Dns.ROUTE53)
    assert list(decision.held) == ["example.gov"]
    first, second = decision.declared
    assert (first.domain, first.body, first.id) == ("example.gov", OLD, "old")
    assert (second.domain, second.intended.revision) == ("b.example.gov", 1)


def test_a_rollout_that_stopped_half_way_is_held_as_it_stands() -> None:
    decision = decide(survey("example.gov", ledger=ledger(proven=False)), NOW, dns=Dns.ROUTE53)
    assert list(decision.held) == ["example.gov"]
    assert [each.domain for each in decision.declared] == ["b.example.gov"]


@pytest.mark.parametrize(
    ("changes", "relied_on"),
    [
        ({}, False),
        ({"ledger": ledger(proven=True)}, True),
        ({"ledger": ledger(proven=False)}, True),
        ({"ledger": LedgerError("gone")}, True),
    ],
    ids=["new", "enforced", "perhaps-enforced", "unknown"],
)
def test_what_senders_may_rely_on_is_protected(changes: dict[str, Any], relied_on: bool) -> None:
    found, *_ = survey()
    assert is_relied_on(replace(found, **changes)) is relied_on


@pytest.mark.parametrize(("problems", "protected"), [((), [True, False]), (("example.gov",), [])])
def test_protection_comes_with_enforce_and_not_with_a_promotion_that_is_held(
    problems: tuple[str, ...], protected: list[bool]
) -> None:
    around = survey(*problems)
    first, *others = around
    override = Override(frozenset({Waiver.EVIDENCE}), "a test", "nobody", NOW.date())
    promoted = replace(first.domain, mode=Mode.ENFORCE, override=override)
    enforced = replace(first, domain=promoted)
    decision = decide((enforced, *others), NOW, dns=Dns.ROUTE53)
    assert [
        each.parts.record.is_protected for each in decision.declared if problems == ()
    ] == protected
    assert not any(each.parts.record.is_protected for each in decision.declared if problems)


STATUS = st.sampled_from(DnsStatus)
HOSTS = st.lists(st.sampled_from(["10 old.example.gov", "20 other.example.gov", "0 ."]), max_size=2)


def answers(name: str, type_: str, values: st.SearchStrategy[list[str]]) -> Any:
    return st.builds(
        lambda status, found: DnsAnswer(
            name, type_, status, tuple(found) if status is DnsStatus.ANSWERED else ()
        ),
        STATUS,
        values,
    )


SERVERS = st.lists(st.sampled_from(["ns1.example.net", "elsewhere.example"]), max_size=2)
STS = st.sampled_from([b"v=STSv1; id=old;", b"v=STSv1; id=foreign;", b"v=spf1 -all"])


@given(
    mode=st.sampled_from(Mode),
    mx=answers("example.gov", "MX", HOSTS),
    delegated=answers("example.gov", "NS", SERVERS),
    caa=answers("mta-sts.example.gov", "CAA", st.lists(st.just('0 issue ";"'), max_size=1)),
    status=STATUS,
    text=STS,
    known=st.sampled_from([ledger(proven=True), ledger(proven=False), placed(proven=True)]),
    problem=st.sampled_from([None, LedgerError("gone"), UndeterminedError("no answer")]),
    has_zone=st.booleans(),
)
def test_whatever_is_observed_a_published_domain_is_declared_or_the_run_fails(
    **around: Any,
) -> None:
    first, *_ = config().domains
    problem, has_zone = around["problem"], around["has_zone"]
    strings = ((around["text"],),) if around["status"] is DnsStatus.ANSWERED else ()
    found = facts(
        replace(first, mode=around["mode"]),
        around["mx"],
        ZONE if has_zone else UndeterminedError("zones"),
        delegation=around["delegated"],
        caa=(around["caa"],),
        ledger=problem or around["known"],
        sts=DnsAnswer("_mta-sts.example.gov", "TXT", around["status"], strings=strings),
    )
    decision = decide((found,), NOW, dns=Dns.ROUTE53)
    # A program that fails deletes nothing, so what is left out stays; and it is never unprotected.
    assert decision.declared or decision.held
    known = found.history
    # What DNS does not name is not published by holding it: its MX may have moved meanwhile.
    is_published = found.sts is None or not found.sts.settled or found.live_id == "old"
    if known.last_zone is not None and known.last_body == known.last_proven:
        assert bool(decision.declared) is (is_published or not decision.held)
    assert all(each.parts.record.is_protected for each in decision.declared)
    assert is_relied_on(found)
    for each in decision.declared:
        if decision.held:
            assert (each.body, each.id) == (OLD, "old")


def test_a_held_domain_stays_in_the_zone_where_it_is() -> None:
    around = survey("example.gov", ledger=placed(proven=True))
    first, *others = around
    closer = HostedZone("Z2", "example.gov", frozenset({"ns9.example.net"}))
    decision = decide((replace(first, zone=closer), *others), NOW, dns=Dns.ROUTE53)
    assert list(decision.held) == ["example.gov"]
    assert decision.declared[0].zone == ZONE


def test_a_held_domain_stays_at_the_cloud_where_it_is() -> None:
    known = Ledger((*placed(proven=True).entries, Hosted(4, NOW, "cloudflare")))
    first, second, *_ = survey(ledger=placed(proven=True))
    decision = decide((replace(first, ledger=known), second), NOW, dns=Dns.ROUTE53)
    assert list(decision.held) == ["example.gov"]
    assert "write mtasts:leaving: cloudflare" in str(decision.held["example.gov"][0])
    assert [each.domain for each in decision.declared] == ["b.example.gov"]


def test_a_held_domain_is_in_no_zone_with_another_host_than_it_has_there() -> None:
    theirs = HostedZone("a" * 32, "example.gov", frozenset({"ada.example"}))
    entries = (*ledger(proven=True).entries, ZoneSeen(3, NOW, theirs), ZoneSeen(4, NOW, ZONE))
    both = (HostTarget(5, NOW, theirs.zone_id, "cloudflare", 0), HostTarget(6, NOW, "Z1", "aws", 0))
    known = Ledger((*entries, *both, Hosted(7, NOW, "aws")))
    first, *_ = survey(ledger=known)
    found = replace(first, former=theirs)
    decision = decide((found,), NOW, dns=Dns.ROUTE53)
    assert "write mtasts:leaving: cloudflare" in str(decision.held["example.gov"][0])
    assert decision.declared == ()
    right = replace(found, leaving=Hosting.CLOUDFLARE)
    decision = decide((right,), NOW, dns=Dns.ROUTE53)
    assert [each.domain for each in decision.declared] == ["example.gov"]


def test_a_domain_at_cloudflare_whose_zone_is_not_found_is_declared_as_it_was() -> None:
    theirs = HostedZone("a" * 32, "example.gov", frozenset({"ada.example"}))
    entries = (*ledger(proven=True).entries, ZoneSeen(3, NOW, theirs))
    known = Ledger((*entries, Hosted(4, NOW, "cloudflare")))
    first, *_ = survey(ledger=known)
    lost = replace(first, zone=UndeterminedError("no answer"))
    found = replace(lost, hosting=Hosting.CLOUDFLARE)
    decision = decide((found,), NOW, dns=Dns.CLOUDFLARE)
    assert list(decision.held) == ["example.gov"]
    assert [(each.zone, each.id) for each in decision.declared] == [(theirs, "old")]


@pytest.mark.parametrize(
    ("leaving", "protects"),
    [(None, True), (Hosting.AWS, False), (Hosting.CLOUDFLARE, True)],
)
def test_protection_goes_ahead_of_a_host_that_leaves_its_zone(
    leaving: Hosting | None, *, protects: bool
) -> None:
    known = placed(proven=True)
    pointed = Ledger((*known.entries, HostTarget(4, NOW, "Z1", "aws", 0)))
    around = survey(ledger=pointed)
    domains = tuple(replace(each, leaving=leaving) for each in around)
    decision = decide(domains, NOW, dns=Dns.ROUTE53)
    assert {each.parts.host.is_protected for each in decision.declared} == {protects}
    assert {each.parts.go_over for each in decision.declared} == {not protects}
    assert {each.former_host_may_get_requests for each in decision.declared} == {False}


def test_the_first_line_on_held_domains_says_it_all() -> None:
    no_zone = refusal("zone-missing", "no zone")
    forbidden = refusal("certificate-forbidden", "CAA forbids it", "add a record")
    text = describe_held({"a.example": (no_zone, forbidden), "b.example": (no_zone,)})
    assert list(text) == [
        "held, and left as they are: a.example, b.example",
        "  a.example: [zone-missing] no zone",
        "  a.example: [certificate-forbidden] CAA forbids it: add a record",
        "  b.example: [zone-missing] no zone",
    ]
    last = describe_held({"b.example": (no_zone,)}, has_others=True)[-1]
    assert last == "  change the other domains all the same: pulumi up --skip-preview -s STACK"


def retiring(*more: Entry) -> tuple[DomainFacts, ...]:
    """One domain that is to retire, a year after it was enforced."""
    (first, *_), around = config().domains, survey()
    leaving = replace(first, retire=True, mode=Mode.NONE, max_age=86_400)
    history: tuple[Entry, ...] = (
        Body(1, NOW - dt.timedelta(days=400), OLD, 0, "old"),
        Proof(2, NOW - dt.timedelta(days=400), "old"),
    )
    none = intend(Ledger(history), leaving.policy)
    at = NOW - dt.timedelta(days=300)
    history = (*history, none.entry(3, at), Proof(4, at, none.id))
    found = replace(around[0], domain=leaving, ledger=Ledger((*history, *more)))
    return (found,)


def test_a_retirement_declares_what_its_phase_says() -> None:
    decision = decide(retiring(), NOW, dns=Dns.ROUTE53)
    (only,) = decision.declared
    assert only.parts == Phase.RECORD_FREE.parts
    assert only.keep
    assert decision.retiring["example.gov"].is_new
    assert decision.phase("example.gov") is Phase.RECORD_FREE
    assert decision.phase("other.gov") is Phase.KEPT
    decision = decide(retiring(PhaseEntered(5, NOW, Phase.HOST_WITHDRAWN)), NOW, dns=Dns.ROUTE53)
    assert decision.declared == ()
    assert decision.held == {}


def test_a_domain_that_is_held_stays_in_its_phase() -> None:
    around = retiring(PhaseEntered(5, NOW, Phase.RECORD_GONE))
    (found,) = around
    assert isinstance(found.zone, ZoneFacts)
    elsewhere = replace(found.zone.delegation, values=("elsewhere.example",))
    decision = decide((replace(found, delegation=elsewhere),), NOW, dns=Dns.ROUTE53)
    (only,) = decision.declared
    assert list(decision.held) == ["example.gov"]
    assert only.parts == Phase.RECORD_GONE.parts


def test_a_domain_whose_records_are_handed_out_is_declared_stage_by_stage() -> None:
    (first, *_) = survey()
    found = replace(first, agency_zone=ZONE)
    (declared,) = decide((found,), NOW, dns=Dns.MANUAL).declared
    assert (declared.parts.record.is_declared, declared.parts.certificate) == (False, False)


def test_a_held_domain_is_in_no_zone_of_another_keeper() -> None:
    theirs = HostedZone("a" * 32, "example.gov", frozenset({"ada.example"}))
    known = Ledger((*ledger(proven=True).entries, ZoneSeen(3, NOW, theirs)))
    (first, *_) = survey("example.gov", ledger=known)
    decision = decide((first,), NOW, dns=Dns.ROUTE53)
    assert (list(decision.held), decision.declared) == (["example.gov"], ())


def test_what_is_told_of_a_domain_has_its_name_and_its_id() -> None:
    first, *_ = survey(ledger=placed(proven=True))
    silent = replace(first, delegation=DnsAnswer("example.gov", "NS", DnsStatus.FAILED))
    decision = decide((silent,), NOW, dns=Dns.ROUTE53)
    (warned,), (noted,) = decision.warnings, decision.notes
    assert warned.startswith(
        "example.gov: [zone-delegation-unknown] could not find out which name servers"
    )
    assert noted.startswith("example.gov: [enforce-way-back] back from enforce: ")
