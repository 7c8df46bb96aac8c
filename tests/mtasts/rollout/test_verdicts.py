"""A verdict names every reason against a domain, and keeps what could not be found out apart."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import gate_evidence as gated
import pytest
from facts_of import facts, replace
from gate_evidence import EVIDENCE
from ruled import texts

from mtasts.config import DomainConfig, Hosting, Override, Waiver
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import Body, LedgerError, PhaseEntered, Proof, StageEntered
from mtasts.ledger.history import Ledger
from mtasts.ledger.phases import Phase
from mtasts.ledger.stages import Stage
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode, Policy
from mtasts.rollout import decision
from mtasts.rollout.caa import AMAZON, CLOUDFLARES
from mtasts.rollout.decision import Verdict, verdict
from mtasts.rollout.facts import ParkedFacts
from mtasts.rollout.handover import HandedOutRecord, RecordLookup
from mtasts.rulings import refusal, warning
from mtasts.zones import HostedZone, ZoneError

if TYPE_CHECKING:
    from mtasts.rollout.facts import DomainFacts, Facts

DOMAIN = DomainConfig(
    "example.gov", (MxPattern("mail.example.gov"),), Mode.TESTING, 604800, 300, ("mailto:a@b.gov",)
)
PARKED = DomainConfig("parked.gov", (), Mode.TESTING, 604800, 300, ("mailto:a@b.gov",))
ZONE = HostedZone("Z1", "example.gov", frozenset({"ns1.example.net"}))


def ns(*values: str, status: DnsStatus = DnsStatus.ANSWERED) -> DnsAnswer:
    return DnsAnswer("example.gov", "NS", status, values, reason="no answer")


def mx(*values: str, status: DnsStatus = DnsStatus.ANSWERED) -> DnsAnswer:
    return DnsAnswer("parked.gov", "MX", status, values, reason="no answer")


TAKEN = refusal("host-taken", "mta-sts.example.gov is taken")
HINT = warning("host-alias-elsewhere", "look there")
MX = DnsAnswer("example.gov", "MX", DnsStatus.ANSWERED, ("10 mail.example.gov",))
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def judged_of(found: Facts) -> Verdict:
    return verdict(found, NOW)


def test_a_domain_with_a_delegated_zone_proceeds() -> None:
    judged = judged_of(facts(DOMAIN, MX, zone=ZONE, delegation=ns("ns1.example.net")))
    assert judged.proceeds
    assert judged.warnings == ()


def test_every_reason_is_named_at_once() -> None:
    caa = DnsAnswer("mta-sts.example.gov", "CAA", DnsStatus.ANSWERED, ('0 issue ";"',))
    judged = judged_of(facts(DOMAIN, MX, zone=ZONE, delegation=ns("ns.elsewhere.net"), caa=(caa,)))
    assert not judged.proceeds
    assert len(judged.refusals) == 2


@pytest.mark.parametrize(
    "problem", [ZoneError("no zone holds it"), UndeterminedError("zones: no answer")]
)
def test_without_a_zone_the_domain_is_held(problem: ZoneError | UndeterminedError) -> None:
    judged = judged_of(facts(DOMAIN, MX, zone=problem))
    assert texts(judged.refusals) == (str(problem),)


def test_a_delegation_that_could_not_be_seen_is_a_warning() -> None:
    judged = judged_of(facts(DOMAIN, MX, zone=ZONE, delegation=ns(status=DnsStatus.FAILED)))
    assert judged.proceeds
    assert texts(judged.warnings) == (
        "could not find out which name servers example.gov is delegated to: no answer",
    )


def test_a_parked_domain_with_a_null_mx_proceeds() -> None:
    assert judged_of(ParkedFacts(PARKED, mx("0 ."))).proceeds


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(mx("10 mail.parked.gov"), "DNS has 10 mail.parked.gov", id="mail"),
        pytest.param(mx("0 .", "10 mail.parked.gov"), "DNS has 0 ., 10", id="both"),
        pytest.param(mx(status=DnsStatus.NO_DATA), "no MX record", id="implicit"),
        pytest.param(mx(status=DnsStatus.FAILED), "could not find out", id="failed"),
    ],
)
def test_a_parked_domain_without_one_is_held(answer: DnsAnswer, words: str) -> None:
    (reason,) = judged_of(ParkedFacts(PARKED, answer)).refusals
    assert words in str(reason)


def sts(*texts: bytes, status: DnsStatus = DnsStatus.ANSWERED) -> DnsAnswer:
    strings = tuple((text,) for text in texts)
    return DnsAnswer("_mta-sts.example.gov", "TXT", status, strings=strings, reason="no answer")


KNOWN = Ledger((Body(1, NOW, b"x", 0, "1"),))


@pytest.mark.parametrize(
    ("answer", "ledger", "says"),
    [
        pytest.param(sts(status=DnsStatus.NXDOMAIN), Ledger(), "", id="new"),
        pytest.param(sts(b"v=spf1 -all"), Ledger(), "", id="another-record"),
        pytest.param(sts(b"v=STSv1; id=1;"), Ledger(), "did not publish", id="by-hand"),
        pytest.param(sts(b"v=STSv1; id=;"), Ledger(), "did not publish", id="broken"),
        pytest.param(sts(status=DnsStatus.FAILED), Ledger(), "could not find out", id="failed"),
        pytest.param(sts(b"v=STSv1; id=1;"), KNOWN, "", id="our-own"),
        pytest.param(sts(status=DnsStatus.FAILED), KNOWN, "", id="known"),
    ],
)
def test_a_record_that_the_ledger_does_not_know_is_not_written_over(
    answer: DnsAnswer, ledger: Ledger, says: str
) -> None:
    found = facts(DOMAIN, MX, zone=ZONE, sts=answer, ledger=ledger)
    text = "".join(texts(judged_of(found).refusals))
    assert says in text
    assert bool(text) == bool(says)


@pytest.mark.parametrize("error", [LedgerError("gone"), UndeterminedError("no answer")])
def test_without_its_ledger_a_domain_is_held(error: LedgerError | UndeterminedError) -> None:
    found = facts(DOMAIN, MX, zone=ZONE, ledger=error, sts=sts(b"v=STSv1; id=1;"))
    assert texts(judged_of(found).refusals) == (str(error),)


def test_enforce_is_judged_by_the_live_mx() -> None:
    override = Override(frozenset({Waiver.EVIDENCE}), "a test", "nobody", NOW.date())
    domain = replace(DOMAIN, mode=Mode.ENFORCE, override=override)
    elsewhere = DnsAnswer("example.gov", "MX", DnsStatus.ANSWERED, ("10 other.example.gov",))
    assert judged_of(facts(domain, MX, zone=ZONE)).proceeds
    (reason,) = judged_of(facts(domain, elsewhere, zone=ZONE)).refusals
    assert "other.example.gov" in reason.text


def test_enforce_is_judged_by_its_evidence() -> None:
    domain = replace(DOMAIN, mode=Mode.ENFORCE)
    (reason,) = judged_of(facts(domain, MX, zone=ZONE)).refusals
    assert reason.id == "evidence-missing"


@pytest.mark.parametrize("is_local", [False, True])
def test_evidence_of_a_local_cloud_is_for_a_local_cloud(*, is_local: bool) -> None:
    assert EVIDENCE.vantage is not None
    vantage = replace(EVIDENCE.vantage, changed=("--ca lab.pem",))
    found = facts(
        replace(gated.DOMAIN, mode=Mode.ENFORCE),
        gated.MX,
        zone=ZONE,
        ledger=gated.TESTING,
        evidence=replace(EVIDENCE, vantage=vantage),
        is_local=is_local,
    )
    reasons = [each for each in verdict(found, gated.NOW).refusals if each.id == "evidence-vantage"]
    assert bool(reasons) is not is_local


def test_a_ca_that_is_forbidden_stops_no_domain_that_is_published() -> None:
    caa = DnsAnswer("mta-sts.example.gov", "CAA", DnsStatus.ANSWERED, ('0 issue ";"',))
    found = facts(DOMAIN, MX, zone=ZONE, caa=(caa,))
    assert not judged_of(found).proceeds
    testing = Policy(Mode.TESTING, 86400, DOMAIN.mx).render()
    ledger = Ledger((Body(1, NOW, testing, 0, "7"), Proof(2, NOW, "7")))
    judged = judged_of(replace(found, ledger=ledger))
    assert judged.proceeds
    assert len(judged.warnings) == 1


def test_the_way_back_from_enforce_says_how_soon_it_helps() -> None:
    enforced = Policy(Mode.ENFORCE, 86400, DOMAIN.mx).render()
    ledger = Ledger((Body(1, NOW, enforced, 0, "7"), Proof(2, NOW, "7")))
    found = facts(DOMAIN, mx(status=DnsStatus.FAILED), zone=ZONE, ledger=ledger)
    (note,) = judged_of(found).notes
    assert "stop to enforce 300 s after" in note.text
    live = replace(sts(b"v=STSv1; id=7;"), ttl_seconds=3600)
    (note,) = judged_of(replace(found, sts=live)).notes
    assert "stop to enforce 3600 s after" in note.text
    assert judged_of(found).proceeds


def test_an_override_is_told_in_every_run() -> None:
    override = Override(frozenset({Waiver.EVIDENCE}), "a test", "nobody", NOW.date())
    judged = judged_of(facts(replace(DOMAIN, override=override), MX, zone=ZONE))
    assert texts(judged.warnings) == ("override of evidence until 2026-01-01 by nobody: a test",)


@pytest.mark.parametrize(
    ("answer", "id_"), [(None, None), (sts(b"v=STSv1; id=7;"), "7"), (sts(b"x"), None)]
)
def test_the_live_id_is_that_of_a_usable_record(answer: DnsAnswer | None, id_: str | None) -> None:
    assert facts(DOMAIN, MX, ZONE, sts=answer or sts()).live_id == id_


def test_a_host_that_somebody_else_has_holds_a_new_domain_and_hints_do_not() -> None:
    new = facts(
        DOMAIN,
        MX,
        zone=ZONE,
        delegation=ns("ns1.example.net"),
        host_rulings=(TAKEN, HINT),
    )
    judged = judged_of(new)
    assert judged.refusals == (TAKEN,)
    assert judged.warnings == (HINT,)
    body = Body(1, NOW, DOMAIN.policy.render(), 0, "1")
    moves = replace(new, ledger=Ledger((body, Proof(2, NOW, "1"))), leaving=Hosting.CLOUDFLARE)
    assert TAKEN in judged_of(moves).refusals
    stands = DnsAnswer("mta-sts.example.gov", "A", DnsStatus.ANSWERED, ("192.0.2.1",))
    (found,) = judged_of(replace(new, host_rulings=(), preexisting=(stands,))).refusals
    assert "mta-sts.example.gov has records already (A)" in found.text


def test_one_authority_that_may_issue_is_enough() -> None:
    caa = DnsAnswer("example.gov", "CAA", DnsStatus.ANSWERED, ('0 issue "pki.goog"',))
    on_cloudflare = facts(
        DOMAIN,
        MX,
        zone=ZONE,
        delegation=ns("ns1.example.net"),
        caa=(caa,),
        authorities=CLOUDFLARES,
    )
    assert judged_of(on_cloudflare).proceeds
    assert not judged_of(replace(on_cloudflare, authorities=(AMAZON,))).proceeds


HANDED = HandedOutRecord("mta-sts.example.gov", "CNAME", "d1.cloudfront.net")
STS = HandedOutRecord("_mta-sts.example.gov", "CNAME", "_mta-sts.example.gov.op.example")
MISSING = DnsAnswer("x", "CNAME", DnsStatus.NXDOMAIN)
THERE = DnsAnswer("x", "CNAME", DnsStatus.ANSWERED, ("a.example",))


def handed(*answers: DnsAnswer, stage: Stage | None = None) -> DomainFacts:
    entries = (StageEntered(1, NOW, stage),) if stage else ()
    return facts(
        DOMAIN,
        MX,
        zone=ZONE,
        agency_zone=ZONE,
        ledger=Ledger(entries),
        handed_out=tuple(map(RecordLookup, (HANDED, STS), answers)),
    )


def test_what_an_agency_has_not_published_is_a_note_and_once_live_a_warning() -> None:
    waiting = judged_of(handed(MISSING, MISSING))
    assert waiting.proceeds
    assert [each.text[:11] for each in waiting.notes] == ["waiting for"] * 2
    assert waiting.warnings == ()
    gone = judged_of(handed(MISSING, MISSING, stage=Stage.LIVE))
    assert gone.proceeds
    assert [each.text[:4] for each in gone.warnings] == ["gone"] * 2
    assert judged_of(facts(DOMAIN, MX, zone=ZONE)).notes == ()


def test_a_retirement_does_not_take_a_cname_that_leads_nowhere_for_gone() -> None:
    none = DnsAnswer("x", "TXT", DnsStatus.NXDOMAIN)
    there = DnsAnswer("x", "CNAME", DnsStatus.ANSWERED, ("elsewhere.example",))
    unknown = DnsAnswer("x", "CNAME", DnsStatus.FAILED)
    for answer in (there, unknown):
        found = replace(handed(answer, answer, stage=Stage.LIVE), sts=none, host_addresses=(none,))
        dns_state = decision.dns_state(found)
        assert (dns_state.sts, dns_state.addresses) == (None, ())
        assert set(dns_state.remaining) == {HANDED.owner, STS.owner}
    gone = replace(handed(MISSING, MISSING, stage=Stage.LIVE), sts=none, host_addresses=(none,))
    assert decision.dns_state(gone).sts is none
    assert decision.dns_state(gone).remaining == ()
    assert decision.dns_state(gone).addresses == (none,)
    retiring = replace(gone, domain=replace(DOMAIN, retire=True))
    assert not judged_of(retiring).warnings


@pytest.mark.parametrize(
    ("phase", "answers", "removed"),
    [
        (Phase.RECORD_GONE, (THERE, THERE), "_mta-sts.example.gov"),
        (Phase.RECORD_WITHDRAWN, (THERE, THERE), "_mta-sts.example.gov"),
        (Phase.RECORD_WITHDRAWN, (THERE, MISSING), ""),
        (Phase.ADDRESSES_WITHDRAWN, (THERE, THERE), "_mta-sts.example.gov, mta-sts.example.gov"),
        (Phase.ADDRESSES_WITHDRAWN, (MISSING, MISSING), ""),
    ],
)
def test_what_the_agency_has_to_remove_is_named(
    phase: Phase, answers: tuple[DnsAnswer, DnsAnswer], removed: str
) -> None:
    found = handed(*answers, stage=Stage.LIVE)
    entries = (*found.history.entries, PhaseEntered(9, NOW, phase, 300))
    retiring = replace(found, domain=replace(DOMAIN, retire=True), ledger=Ledger(entries))
    told = [e.text for e in judged_of(retiring).notes if e.id == "retirement-agency-removes"]
    assert told == ([f"have the agency remove its records at {removed}"] if removed else [])
    own = replace(retiring, agency_zone=None)
    assert not any(e.id == "retirement-agency-removes" for e in judged_of(own).notes)


def test_what_is_not_handed_out_any_more_has_to_be_removed_too() -> None:
    record = DnsAnswer("x", "TXT", DnsStatus.ANSWERED, strings=((b"v=STSv1; id=1;",),))
    host = DnsAnswer("x", "A", DnsStatus.ANSWERED, ("192.0.2.1",))
    found = replace(handed(MISSING, MISSING, stage=Stage.LIVE), sts=record, host_addresses=(host,))
    parts = Phase.ADDRESSES_WITHDRAWN.parts
    assert list(texts(decision.to_remove(found, parts))) == [
        "have the agency remove its records at _mta-sts.example.gov, mta-sts.example.gov"
    ]
    assert list(decision.to_remove(found, Phase.KEPT.parts)) == []
