"""What is published already, by DNS or else by the ledger, and what a domain is held at."""

from __future__ import annotations

import datetime as dt

import pytest
from facts_of import facts, replace
from ruled import ids, texts

from mtasts.config import DomainConfig, Override, Waiver
from mtasts.ledger.entries import Adopted, Entry, Proof
from mtasts.ledger.history import Ledger, intend
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode
from mtasts.rollout.decision import verdict
from mtasts.rollout.published import foreign_records, held_as, is_published, live_id
from mtasts.zones import HostedZone

NOW = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
NAME = "example.gov"
A, B = "a.example.gov", "b.example.gov"
ZONE = HostedZone("Z1", NAME, frozenset({"ns1.example.net"}))
UNSEEN = DnsAnswer("_mta-sts.example.gov", "TXT", DnsStatus.FAILED, reason="no answer")
NONE = replace(UNSEEN, status=DnsStatus.NXDOMAIN)


def domain(mode: str, *hosts: str, reroll: str = "") -> DomainConfig:
    patterns = tuple(map(MxPattern, hosts or (A,)))
    return DomainConfig(NAME, patterns, Mode(mode), 604800, 300, ("mailto:a@b.gov",), reroll=reroll)


def ledger(*steps: str, begin: tuple[Entry, ...] = ()) -> Ledger:
    """Policies that list A, one after the other; a "?" behind one was never proven."""
    known = Ledger(begin)
    for step in steps:
        intended = intend(known, domain(step.rstrip("?")).policy)
        entries: tuple[Entry, ...] = (intended.entry(known.next_number, NOW),)
        if not step.endswith("?"):
            entries = (*entries, Proof(known.next_number + 1, NOW, intended.id))
        known = Ledger((*known.entries, *entries))
    return known


def sts(*ids: str) -> DnsAnswer:
    strings = tuple((f"v=STSv1; id={each};".encode(),) for each in ids)
    return replace(UNSEEN, status=DnsStatus.ANSWERED, strings=strings)


def record(known: Ledger, live: int | DnsAnswer) -> DnsAnswer:
    """The record that names the body of that number, or the answer itself."""
    return sts(known.bodies[live].id) if isinstance(live, int) else live


PROVEN = ledger("testing", "enforce")
TRIED = ledger("testing", "enforce?")
BACK = ledger("enforce", "testing?")


@pytest.mark.parametrize(
    ("known", "asked", "live", "published"),
    [
        pytest.param(PROVEN, domain("enforce"), 1, True, id="live-and-proven"),
        pytest.param(PROVEN, domain("enforce"), UNSEEN, True, id="as-the-ledger-knows"),
        # The run that proved it was killed before it wrote the record.
        pytest.param(PROVEN, domain("enforce"), 0, False, id="proven-alone"),
        pytest.param(PROVEN, domain("enforce"), NONE, False, id="no-record"),
        pytest.param(PROVEN, domain("enforce"), sts("1", "2"), False, id="two-records"),
        pytest.param(PROVEN, domain("enforce"), sts("unknown"), False, id="unknown-id"),
        pytest.param(PROVEN, domain("enforce", reroll="2"), 1, False, id="re-roll"),
        pytest.param(PROVEN, domain("enforce", A, B), 1, False, id="another-policy"),
        pytest.param(TRIED, domain("enforce"), 0, False, id="tried-again"),
        pytest.param(TRIED, domain("enforce"), UNSEEN, False, id="tried-and-not-seen"),
        pytest.param(TRIED, domain("enforce"), 1, False, id="burnt"),
        pytest.param(BACK, domain("enforce"), 0, False, id="there-and-back"),
        pytest.param(BACK, domain("enforce"), UNSEEN, False, id="there-and-back-not-seen"),
        pytest.param(Ledger(), domain("enforce"), NONE, False, id="new"),
        pytest.param(
            ledger("enforce", begin=(Adopted(1, NOW),)), domain("enforce"), 0, True, id="adopted"
        ),
    ],
)
def test_published_is_what_dns_names_and_a_proof_has_seen(
    known: Ledger, asked: DomainConfig, live: int | DnsAnswer, published: bool
) -> None:
    answer = record(known, live)
    found = intend(known, asked.policy, asked.reroll, live_id=live_id(answer))
    assert is_published(found, known, answer) is published


@pytest.mark.parametrize(
    ("known", "live", "holds"),
    [
        pytest.param(PROVEN, 1, True, id="published"),
        pytest.param(PROVEN, UNSEEN, True, id="as-the-ledger-knows"),
        pytest.param(PROVEN, 0, False, id="proven-alone"),
        pytest.param(PROVEN, NONE, False, id="no-record"),
        pytest.param(ledger("enforce", "testing"), 0, True, id="a-way-back-is-published"),
        pytest.param(TRIED, 0, False, id="not-proven"),
        pytest.param(Ledger(), NONE, False, id="new"),
    ],
)
def test_holding_a_domain_publishes_no_enforced_id(
    known: Ledger, live: int | DnsAnswer, holds: bool
) -> None:
    assert (held_as(known, record(known, live)) is not None) is holds


MOVED = DnsAnswer(NAME, "MX", DnsStatus.ANSWERED, (f"10 {B}",))
STAYS = replace(MOVED, values=(f"10 {A}",))


@pytest.mark.parametrize(
    ("known", "asked", "live", "gated"),
    [
        pytest.param(PROVEN, domain("enforce"), 0, True, id="proven-and-not-published"),
        pytest.param(PROVEN, domain("enforce"), NONE, False, id="record-removed"),
        pytest.param(PROVEN, domain("enforce", reroll="2"), 1, False, id="re-roll"),
        pytest.param(TRIED, domain("enforce"), 0, True, id="rerun"),
        pytest.param(TRIED, domain("enforce"), 1, True, id="burnt"),
        pytest.param(BACK, domain("enforce"), 0, True, id="there-and-back"),
        pytest.param(BACK, domain("enforce"), UNSEEN, True, id="there-and-back-not-seen"),
        pytest.param(ledger("enforce", "enforce?"), domain("enforce"), 0, False, id="changed"),
        pytest.param(
            ledger("enforce", begin=(Adopted(1, NOW),)),
            domain("enforce", reroll="1"),
            0,
            False,
            id="adopted-and-re-rolled",
        ),
        # Somebody's, or the testing of an emergency that nobody could write down.
        pytest.param(PROVEN, domain("enforce", reroll="2"), sts("1234"), True, id="unknown"),
        pytest.param(
            PROVEN, domain("enforce", A, reroll="2"), sts("1234"), True, id="unknown-and-changed"
        ),
    ],
)
def test_every_new_enforced_id_looks_at_the_live_mx_and_a_promotion_at_its_evidence(
    known: Ledger, asked: DomainConfig, live: int | DnsAnswer, gated: bool
) -> None:
    found = facts(asked, MOVED, ZONE, ledger=known, sts=record(known, live))
    refusals = verdict(found, NOW).refusals
    assert any(each.text.startswith(f"{B}: MX of {NAME}") for each in refusals)
    assert ("evidence-missing" in ids(refusals)) is gated
    there = verdict(replace(found, mx=STAYS), NOW).refusals
    assert bool(there) is gated
    assert verdict(replace(found, domain=domain("testing", A)), NOW).proceeds


@pytest.mark.parametrize("live", [1, UNSEEN], ids=["live", "as-the-ledger-knows"])
def test_what_is_published_already_stays_whatever_the_mx_are(live: int | DnsAnswer) -> None:
    found = facts(domain("enforce"), MOVED, ZONE, ledger=PROVEN, sts=record(PROVEN, live))
    assert verdict(found, NOW).proceeds


def test_of_what_was_handed_out_the_ledger_knows_whether_it_is_a_promotion() -> None:
    slow = facts(domain("enforce"), STAYS, ZONE, ledger=PROVEN, sts=record(PROVEN, 0))
    assert slow.is_promotion
    assert not replace(slow, agency_zone=ZONE).is_promotion
    unknown = replace(slow, domain=domain("enforce", reroll="2"), sts=sts("1234"))
    assert replace(unknown, agency_zone=ZONE).is_promotion


def test_a_way_back_over_an_unknown_id_is_told_and_not_held() -> None:
    asked = domain("testing", reroll="2")
    judged = verdict(facts(asked, STAYS, ZONE, ledger=PROVEN, sts=sts("1234")), NOW)
    assert judged.proceeds
    assert ids(judged.warnings) == ["sts-record-published-over"]


def test_a_new_enforced_id_waits_until_it_is_seen_what_senders_have() -> None:
    """What cannot be seen may be the testing of an emergency that nobody could write down."""
    asked = domain("enforce", reroll="2")
    unseen = facts(asked, STAYS, ZONE, ledger=PROVEN, sts=UNSEEN)
    (held,) = verdict(unseen, NOW).refusals
    assert held.text.startswith("could not find out which STS record DNS has at _mta-sts.")
    assert verdict(replace(unseen, sts=record(PROVEN, 1)), NOW).proceeds
    assert verdict(replace(unseen, domain=domain("testing", A)), NOW).proceeds


def garbled(text: str) -> DnsAnswer:
    return replace(UNSEEN, status=DnsStatus.ANSWERED, strings=((text.encode(),),))


KNOWN = ledger("testing", "enforce")


@pytest.mark.parametrize(
    ("answer", "says", "stops"),
    [
        pytest.param(sts(KNOWN.bodies[1].id), "", False, id="ours"),
        pytest.param(garbled("v=spf1 -all"), "", False, id="another-record"),
        pytest.param(NONE, "", False, id="none"),
        pytest.param(UNSEEN, "could not find out which STS record DNS has", False, id="failed"),
        pytest.param(sts("1234"), "DNS has the policy id 1234 at _mta-sts.", True, id="unknown"),
        pytest.param(
            sts(KNOWN.bodies[1].id, "1234"), "senders act as if there were no", True, id="two"
        ),
        pytest.param(garbled("v=STSv1; id=;"), "v=STSv1; id=; at _mta-sts.", True, id="broken"),
    ],
)
@pytest.mark.parametrize("mode", Mode)
def test_a_record_that_the_ledger_does_not_know_is_held_or_told(
    answer: DnsAnswer, says: str, stops: bool, mode: Mode
) -> None:
    asked = domain(mode)
    judged = verdict(facts(asked, STAYS, ZONE, ledger=KNOWN, sts=answer), NOW)
    is_held = stops and mode is Mode.ENFORCE
    assert judged.proceeds is not is_held
    told = judged.refusals if is_held else judged.warnings
    assert any(says in str(each) for each in told) if says else not told
    if is_held:
        assert f"ours is v=STSv1; id={KNOWN.bodies[1].id};" in told[0].text
        assert str(told[0]).endswith("A change to testing or none is not held")


@pytest.mark.parametrize(
    ("known", "reroll", "answer", "proceeds"),
    [
        pytest.param(ledger("enforce"), "after", sts("1234"), True, id="re-rolled"),
        pytest.param(
            ledger("enforce"), "after", sts("1", "2"), False, id="two-are-removed-by-hand"
        ),
        pytest.param(ledger("enforce"), "", sts("1234"), False, id="not-meant"),
    ],
)
def test_after_a_hijack_a_new_token_publishes_ours_over_theirs(
    known: Ledger, reroll: str, answer: DnsAnswer, proceeds: bool
) -> None:
    asked = domain("enforce", reroll=reroll)
    unproven = facts(asked, STAYS, ZONE, ledger=known, sts=answer)
    held = verdict(unproven, NOW).refusals
    # Whether theirs enforces, nobody knows: with a new token it is a promotion without evidence.
    assert (
        "no evidence counts for enforce: publish mode testing first" in str(held[0])
    ) is proceeds
    decided = Override(frozenset({Waiver.EVIDENCE}), "why", "who", NOW.date())
    found = replace(unproven, domain=replace(asked, override=decided))
    judged = verdict(found, NOW)
    assert judged.proceeds is proceeds
    assert ("run pulumi up -s STACK" in " ".join(texts(held))) is (not reroll)
    # A token that was published already means nothing any more.
    intended = found.intended
    entries = (intended.entry(3, NOW), Proof(4, NOW, intended.id))
    done = replace(found, ledger=Ledger((*known.entries, *entries)))
    assert not verdict(done, NOW).proceeds or not proceeds
    assert verdict(replace(done, sts=sts(intended.id)), NOW).proceeds


def test_an_older_id_of_ours_is_no_stranger() -> None:
    answer = sts(KNOWN.bodies[0].id)
    assert list(foreign_records(domain("enforce"), KNOWN, answer)) == []


def test_before_a_first_proof_a_stranger_is_held_too_and_the_text_says_so() -> None:
    known = ledger("testing?")
    found = facts(domain("enforce"), STAYS, ZONE, ledger=known, sts=sts("1234"))
    assert "(ours was never proven)" in verdict(found, NOW).refusals[0].text
