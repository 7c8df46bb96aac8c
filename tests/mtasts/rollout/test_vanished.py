"""A domain that left the stack file: the ledger decides, and the refusal names it and the way."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from facts_of import replace
from surveys import NOW, OLD, ledger, survey

from mtasts.config import Dns
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import Adopted, Body, Entry, LedgerError, PhaseEntered, Proof
from mtasts.ledger.history import Ledger
from mtasts.ledger.phases import Phase
from mtasts.policy import Mode, parse
from mtasts.rollout.decision import Decision, DomainDecision, Outcome, Shared, decide, shared
from mtasts.rollout.protection import explain_protected
from mtasts.rollout.retirement import Progress
from mtasts.rollout.stack_rulings import describe_end, describe_held
from mtasts.rollout.vanished import Remembered, describe_vanished, refuses
from mtasts.rulings import note

ENFORCED = ledger(proven=True)
TESTING = replace(parse(ENFORCED.bodies[0].body), mode=Mode.TESTING, max_age=86400).render()
HARMLESS = Ledger((Body(1, NOW, TESTING, 0, "old"), Proof(2, NOW, "old")))


def decided(phases: dict[str, Phase | None]) -> Decision:
    """A run in which the retirements of those domains come to those phases."""
    step = note("retirement-goes-on", "a step")
    return Decision(
        tuple(
            DomainDecision(name, Outcome.AS_CONFIGURED, (), None, Progress(phase, step))
            for name, phase in phases.items()
            if phase is not None
        )
    )


def after(*phases: Phase) -> Ledger:
    """A ledger that was enforced, and then came through those phases."""
    entries: list[Entry] = [*ENFORCED.entries]
    entries += (PhaseEntered(number, NOW, each) for number, each in enumerate(phases, start=3))
    return Ledger(tuple(entries))


RETIRED = after(Phase.RECORD_FREE, Phase.HOST_WITHDRAWN)
ADOPTED = Ledger((Adopted(1, NOW), Body(2, NOW, TESTING, 0, "old"), Proof(3, NOW, "old")))
GONE = "example.org"


@pytest.mark.parametrize(
    ("remembered", "is_refused", "is_kept"),
    [
        (Remembered(GONE, HARMLESS), False, False),
        (Remembered(GONE, Ledger()), False, False),
        (Remembered(GONE, ENFORCED), True, True),
        (Remembered(GONE, ledger(proven=False)), True, True),
        (Remembered(GONE, ADOPTED), True, True),
        (Remembered(GONE, problem=LedgerError("entry 2 is missing")), True, True),
        (Remembered(GONE, problem=UndeterminedError("no answer")), True, True),
        (Remembered(GONE, after(Phase.RECORD_GONE)), True, True),
        (Remembered(GONE, after(Phase.HOST_WITHDRAWN, Phase.KEPT)), True, True),
        (Remembered(GONE, RETIRED), False, True),
        (Remembered(GONE, ENFORCED, parked=True), True, True),
        (Remembered(GONE, RETIRED, parked=True), False, True),
        (Remembered(GONE, HARMLESS, parked=True), False, False),
    ],
    ids=[
        "never-enforced",
        "empty",
        "enforced",
        "perhaps-enforced",
        "adopted",
        "unreadable",
        "undetermined",
        "half-retired",
        "called-off",
        "retired",
        "parked",
        "parked-after-retirement",
        "parked-and-never-enforced",
    ],
)
def test_the_ledger_decides_what_may_leave_the_file_and_what_is_kept(
    remembered: Remembered, *, is_refused: bool, is_kept: bool
) -> None:
    said = describe_vanished((remembered,), survey(), file="f.yaml", stack="agency")
    assert (said is not None) is is_refused
    if said is not None:
        assert said.id == "domain-vanished"
        # One whose ledger cannot be read is held alone: nothing of it is declared.
        stops = remembered.problem is None
        assert refuses((remembered,)) is stops
        what = "refused, and nothing is changed" if stops else "held, and nothing is deleted"
        first = said.line.splitlines()[0]
        assert first == f"[domain-vanished] {what}: f.yaml no longer lists {GONE} as a mail domain"
        assert "with retire: true, and run pulumi up -s agency until" in said.text
        declare = "pulumi config set mtasts:emergency testing -s agency"
        way = f"{declare} && pulumi up --skip-preview -s agency"
        assert (way in said.text) is stops
        others = "  change the domains that the file lists all the same: pulumi up --skip-preview "
        assert (others in said.text) is not stops
        in_emergency = describe_vanished(
            (remembered,), survey(), file="f.yaml", stack="agency", is_emergency=True
        )
        assert in_emergency is not None
        assert in_emergency.text.startswith("held, and nothing is deleted: f.yaml no longer lists ")
        assert way not in in_emergency.text
        assert others in in_emergency.text
    decision = decide(survey(), NOW, dns=Dns.ROUTE53)
    found = shared(survey(), (remembered,), decision, is_sure=True, frees_host=False)
    assert found == Shared(protect=is_refused, keep=is_kept)


def test_the_name_that_was_meant_is_told_if_it_is_new() -> None:
    first, second, parked = survey()
    wrong = replace(first, domain=replace(first.domain, name="examples.org"))

    def said(*listed: Any) -> str:
        told = describe_vanished(
            (Remembered(GONE, ENFORCED),),
            (*listed, second, parked),
            file="f",
            stack="s",
        )
        assert told is not None
        return told.text

    assert "the file lists the new domain examples.org" in said(wrong)
    assert "misspelling" not in said(replace(wrong, ledger=HARMLESS))
    assert "misspelling" not in said(replace(wrong, ledger=LedgerError("gone")))


def test_why_a_ledger_is_not_known_is_told() -> None:
    unknown = Remembered(GONE, problem=LedgerError("entry 2 is missing"), parked=True)
    said = describe_vanished((unknown,), (), file="f", stack="s")
    assert said is not None
    assert "enforce its policy: entry 2 is missing (mtasts docs emergencies)" in said.text
    assert "list its mx again, instead of mx: []," in said.text


def test_while_nobody_knows_which_ledgers_there_are_nothing_loses_its_protection() -> None:
    decision = decide(survey(), NOW, dns=Dns.ROUTE53)
    assert shared(survey(), (), decision, is_sure=True, frees_host=False) == Shared(
        protect=False, keep=False
    )
    assert shared(survey(), (), decision, is_sure=False, frees_host=False) == Shared(
        protect=True, keep=True
    )
    (said,) = describe_held({}, UndeterminedError("no answer"))
    assert said == (
        "[ledgers-unknown] held, and nothing is deleted: could not find out which domains have a "
        "ledger: no answer"
    )


def test_a_host_that_leaves_its_zone_is_kept_and_not_protected() -> None:
    around = survey(ledger=ENFORCED)
    decision = decide(around, NOW, dns=Dns.ROUTE53)
    assert shared(around, (), decision, is_sure=True, frees_host=True) == Shared(
        protect=False, keep=True
    )


@pytest.mark.parametrize(
    ("first", "second", "is_over"),
    [
        (Phase.HOST_WITHDRAWN, Phase.HOST_WITHDRAWN, True),
        (Phase.HOST_WITHDRAWN, Phase.ADDRESSES_GONE, False),
        (Phase.HOST_WITHDRAWN, None, False),
        (None, None, False),
    ],
)
def test_after_the_last_retirement_the_way_to_the_end_is_told(
    first: Phase | None, second: Phase | None, *, is_over: bool
) -> None:
    found = {"example.gov": first, "b.example.gov": second}
    told = describe_end(survey(), decided(found), "agency")
    assert (told is not None) is is_over
    if told is not None:
        assert "pulumi destroy -s agency" in told.text
        assert "The bucket stays in the account" in told.text
    assert describe_end(survey()[2:], decided({}), "agency") is None


URN = (
    "urn:pulumi:agency::mtasts::mtasts:index:MailDomain$aws:route53/record:Record::example.gov-sts"
)
NAMES = ("example.gov", "b.example.gov")
BUCKET = (
    "urn:pulumi:agency::mtasts::mtasts:index:PolicyBucket$aws:s3/bucket:Bucket::policies-bucket"
)


def test_what_the_engine_refuses_is_told_with_the_domain_and_the_safe_way_first() -> None:
    text = f'Preview failed: resource "{URN}" cannot be deleted\nbecause it is protected.'
    lines = explain_protected(text, "agency", NAMES).splitlines()
    assert lines[0] == "the engine refused to delete protected resources: example.gov-sts"
    assert "they are protected for example.gov:" in lines[1]
    assert "add retire: true to its entry and run pulumi up -s agency" in lines[2]
    assert lines[-1] == f"  pulumi state unprotect '{URN}' -s agency"
    both = explain_protected(f'{text}\nresource "{BUCKET}" cannot be deleted', "agency", NAMES)
    assert "example.gov-sts, policies-bucket" in both
    alone = explain_protected(f'resource "{BUCKET}" cannot be deleted', "agency", NAMES)
    assert "every domain of agency that ever enforced" in alone
    held = "held, and left as they are: a.example"
    assert explain_protected(held, "agency", NAMES) == held
    # The name decides, not what a component adds to it: a longer one is another domain's.
    deeper = f'resource "{URN.replace("::example.gov", "::b.example.gov")}" cannot be deleted'
    assert "they are protected for b.example.gov:" in explain_protected(deeper, "agency", NAMES)


def test_an_enforced_body_counts_whatever_came_after() -> None:
    later = Body(3, NOW + dt.timedelta(days=1), TESTING, 1, "new")
    assert Remembered(GONE, Ledger((*ENFORCED.entries, later))).is_relied_on
    assert ENFORCED.bodies[0].body == OLD
