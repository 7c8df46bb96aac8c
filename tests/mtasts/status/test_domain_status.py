"""How domains and stacks stand, from values: each claim with its twin that makes none."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from facts_of import facts, replace

from mtasts.clock import SKEW
from mtasts.config import AgencyConfig, Hosting, Override, Waiver, load
from mtasts.errors import UndeterminedError
from mtasts.ledger.emergency_notes import Note
from mtasts.ledger.entries import (
    Adopted,
    Body,
    Delegated,
    Entry,
    LedgerError,
    MxSeen,
    PhaseEntered,
    Proof,
    StageEntered,
    ZoneSeen,
)
from mtasts.ledger.history import Ledger, intend
from mtasts.ledger.phases import Phase
from mtasts.ledger.stages import Stage
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode, Policy
from mtasts.promotion.evidence import Evidence, EvidenceError, Texts
from mtasts.rollout.decision import verdict
from mtasts.rollout.facts import DomainFacts, Facts, ParkedFacts
from mtasts.rollout.handover import HandedOutRecord, HandoverError, RecordLookup
from mtasts.rollout.mx_safety import RETRY
from mtasts.rollout.vanished import Remembered
from mtasts.rulings import note, refusal, warning
from mtasts.status.domain_status import refused_status, stack_status, undetermined_status
from mtasts.status.release import released_at
from mtasts.status.rows import Claim, DomainStatus, Overview, StackStatus, Standing, gravest
from mtasts.tlsrpt.summary import ReportSummary
from mtasts.zones import HostedZone, ZoneError

NAME = "example.gov"
NOW = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
OURS = HostedZone("Z1", NAME, frozenset({"ns1.aws.example"}))
THEIRS = HostedZone("c" * 32, NAME, frozenset({"ada.cloud.example"}))
HOME = HostedZone("", NAME, frozenset({"ns1.agency.example"}))
MX = DnsAnswer(NAME, "MX", DnsStatus.ANSWERED, ("10 mx.example.gov",))
NULL_MX = DnsAnswer(NAME, "MX", DnsStatus.ANSWERED, ("0 .",))
ENTRY: dict[str, object] = {"name": NAME, "mx": ["mx.example.gov"]}
UP, PREVIEW = "pulumi up -s agency", "mtasts preview agency"


def config(*entries: dict[str, object], **more: str) -> AgencyConfig:
    values: dict[str, object] = {
        "aws:region": "us-east-1",
        "mtasts:agency": "Department of Tests",
        "mtasts:hosting": "aws",
        "mtasts:dns": "route53",
        "mtasts:tlsReports": ["mailto:a@reports.example"],
        "mtasts:domains": list(entries or (ENTRY,)),
        **{f"mtasts:{key}": value for key, value in more.items()},
    }
    return load(values, file="stacks/Pulumi.agency.yaml")


def served(*steps: tuple[Mode, int], proven: bool = True, more: tuple[Entry, ...] = ()) -> Ledger:
    """Bodies of those modes, each so many days ago; the last one is ``proven``."""
    entries: list[Entry] = []
    for place, (mode, ago) in enumerate(steps):
        max_age = 86_400 if mode is Mode.NONE else 604_800
        policy = Policy(mode, max_age, (MxPattern("mx.example.gov"),))
        at = NOW - ago * DAY
        intended = intend(Ledger(tuple(entries)), policy)
        entries.append(intended.entry(len(entries) + 1, at))
        if proven or place < len(steps) - 1:
            entries.append(Proof(len(entries) + 1, at, intended.id, ("192.0.2.1",)))
    return Ledger((*entries, *more))


TESTING, ENFORCE = served((Mode.TESTING, 20)), served((Mode.TESTING, 20), (Mode.ENFORCE, 10))
LEFT = (ENFORCE.bodies[-1].id, TESTING.bodies[-1].id)


def sts(ledger: Ledger, *, id_: str = "") -> DnsAnswer:
    """The STS record: by default that of the last body that was proven."""
    last = ledger.last_proven
    named = id_ or (last.id if last else "")
    texts = ((f"v=STSv1; id={named};".encode(),),) if named else ()
    status = DnsStatus.ANSWERED if named else DnsStatus.NXDOMAIN
    return DnsAnswer(f"_mta-sts.{NAME}", "TXT", status, strings=texts, ttl_seconds=300)


def around(known: Ledger, found: AgencyConfig | None = None, **changes: Any) -> Any:
    """What surrounds the first domain of a config, nothing of it amiss."""
    domain = (found or config()).domains[0]
    ns = DnsAnswer(NAME, "NS", DnsStatus.ANSWERED, tuple(OURS.name_servers))
    if domain.parked:
        return ParkedFacts(domain, changes.get("mx", MX))
    made = facts(domain, MX, OURS, delegation=ns, ledger=known, sts=sts(known))
    return replace(made, **changes)


def asked(*domains: Facts, found: AgencyConfig | None = None, **more: Any) -> StackStatus:
    more = {"evidence": {}} | more
    return stack_status("agency", found or config(), domains, more.pop("now", NOW), **more)


def row(known: Ledger, entry: dict[str, object] | None = None, **changes: Any) -> DomainStatus:
    """The one domain of a stack."""
    found = config(ENTRY | (entry or {}))
    (only,) = asked(around(known, found, **changes), found=found).domains
    return only


def told(found: DomainStatus | StackStatus) -> list[tuple[str, str]]:
    return [(str(each.standing), each.text) for each in found.claims]


FAILED = DnsAnswer(f"_mta-sts.{NAME}", "TXT", DnsStatus.FAILED, reason="SERVFAIL")
UNPROVEN = served((Mode.TESTING, 20), (Mode.ENFORCE, 1), proven=False)
BACK = served((Mode.ENFORCE, 60), (Mode.NONE, 2))
FREE = served((Mode.ENFORCE, 60), (Mode.NONE, 20))


def gone(host: str, ago: int) -> tuple[Entry, ...]:
    return (
        MxSeen(5, NOW - ago * DAY - DAY, ("mx.example.gov", host), 300),
        MxSeen(6, NOW - ago * DAY, ("mx.example.gov",), 300),
    )


OLD_MX = Policy(Mode.ENFORCE, 604_800, (MxPattern("mx.example.gov"), MxPattern("old.example.gov")))


def lists_old(ago: int) -> Ledger:
    """Enforced with a host that left the MX so many days ago."""
    body = Body(1, NOW - 60 * DAY, OLD_MX.render(), 0, "1")
    return Ledger((body, Proof(2, NOW - 60 * DAY, "1"), *gone("old.example.gov", ago)))


@pytest.mark.parametrize(
    ("known", "entry", "changes", "mode", "standing", "says", "run"),
    [
        pytest.param(Ledger(), {}, {}, "new", "due", "nothing is published yet", UP, id="new"),
        pytest.param(
            TESTING, {}, {}, "testing", "good", "", f"mtasts gate check {NAME}", id="testing"
        ),
        pytest.param(ENFORCE, {"mode": "enforce"}, {}, "enforce", "good", "", "", id="enforce"),
        pytest.param(
            ENFORCE,
            {},
            {},
            "enforce",
            "due",
            "not published yet: senders that see the new id fetch this policy: mode testing",
            UP,
            id="a-change-is-not-out",
        ),
        pytest.param(
            UNPROVEN,
            {},
            {},
            "testing",
            "due",
            "not published yet: a run that failed, was killed or still goes on has recorded "
            "another",
            UP,
            id="a-run-ended-half-way",
        ),
        pytest.param(
            TESTING,
            {},
            {"sts": sts(Ledger())},
            "testing",
            "due",
            "not published yet: senders that see the STS record fetch this policy",
            "pulumi up --refresh -s agency",
            id="somebody-deleted-the-record",
        ),
        pytest.param(
            TESTING,
            {"mode": "enforce"},
            {},
            "testing",
            "held",
            "no evidence for enforce",
            f"mtasts gate check {NAME}",
            id="held-by-the-gates",
        ),
        pytest.param(
            lists_old(2),
            {"mode": "enforce"},
            {},
            "enforce",
            "held",
            "old.example.gov left the MX records",
            UP,
            id="held-until-a-date",
        ),
        pytest.param(
            lists_old(6),
            {"mode": "enforce"},
            {},
            "enforce",
            "due",
            "not published yet",
            UP,
            id="held-until-it-came",
        ),
        pytest.param(
            ENFORCE,
            {"mode": "enforce", "maxAge": 700_000},
            {"mx": replace(MX, values=("10 other.example.gov",))},
            "enforce",
            "held",
            "other.example.gov: MX of",
            PREVIEW,
            id="held-by-the-mx",
        ),
        pytest.param(
            ENFORCE,
            {"mode": "enforce", "maxAge": 700_000},
            {"mx": DnsAnswer(NAME, "MX", DnsStatus.FAILED, reason="SERVFAIL")},
            "enforce",
            "not known",
            f"could not find out the MX records of {NAME}",
            PREVIEW,
            id="mx-not-known",
        ),
        pytest.param(
            Ledger(),
            {},
            {"ledger": LedgerError("entry 1 is missing")},
            "",
            "held",
            "entry 1 is missing",
            f"mtasts ledger verify agency --domain {NAME}",
            id="unreadable-ledger",
        ),
        pytest.param(
            Ledger(),
            {},
            {"ledger": UndeterminedError("the bucket: AccessDenied")},
            "",
            "not known",
            "the bucket: AccessDenied",
            PREVIEW,
            id="ledger-not-known",
        ),
        pytest.param(
            TESTING,
            {},
            {"zone": ZoneError("no zone")},
            "testing",
            "held",
            "no zone",
            PREVIEW,
            id="no-zone",
        ),
        pytest.param(
            TESTING,
            {},
            {"zone": UndeterminedError("the zones: throttled")},
            "testing",
            "not known",
            "the zones: throttled",
            PREVIEW,
            id="zone-not-known",
        ),
        pytest.param(
            TESTING,
            {},
            {"former": UndeterminedError("throttled")},
            "testing",
            "not known",
            "the former zone of the records (mtasts:leavingDns): throttled",
            PREVIEW,
            id="former-zone-not-known",
        ),
        pytest.param(
            TESTING,
            {},
            {"sts": FAILED},
            "testing",
            "not known",
            f"could not find out what DNS has at _mta-sts.{NAME} TXT: SERVFAIL",
            "",
            id="record-not-seen",
        ),
        pytest.param(
            TESTING,
            {"mode": "enforce"},
            {"sts": sts(TESTING, id_="strange1")},
            "",
            "held",
            "DNS has the policy id strange1",
            PREVIEW,
            id="an-id-that-nobody-knows",
        ),
        pytest.param(
            BACK,
            {"retire": True},
            {},
            "none",
            "waiting",
            "retiring: mode none stays, since senders may hold an enforced policy until",
            UP,
            id="retiring",
        ),
        pytest.param(
            FREE,
            {"retire": True},
            {},
            "none",
            "due",
            "retiring: no sender holds an enforced policy",
            UP,
            id="retirement-goes-on",
        ),
        pytest.param(
            Ledger((*FREE.entries, PhaseEntered(5, NOW, Phase.RECORD_FREE))),
            {"retire": True},
            {},
            "none",
            "due",
            "not published yet: the STS record is removed",
            UP,
            id="the-record-goes",
        ),
        pytest.param(
            Ledger((*FREE.entries, PhaseEntered(5, NOW, Phase.HOST_WITHDRAWN))),
            {"retire": True},
            {"sts": sts(Ledger())},
            "retired",
            "good",
            "",
            "",
            id="retired",
        ),
        pytest.param(Ledger(), {"retire": True}, {}, "new", "good", "", "", id="nothing-to-retire"),
        pytest.param(
            Ledger((*TESTING.entries, ZoneSeen(3, NOW, OURS))),
            {"emergency": "testing"},
            {"zone": ZoneError("no zone")},
            "testing",
            "due",
            "the domain is in an emergency: mode testing is published although refusals hold it; "
            "overridden by the emergency:",
            PREVIEW,
            id="emergency",
        ),
        pytest.param(
            Ledger(),
            {"emergency": "testing"},
            {"ledger": LedgerError("entry 1 is missing")},
            "",
            "due",
            "not published yet: the ledger cannot be read",
            UP.replace("up", "up --skip-preview"),
            id="emergency-without-a-ledger",
        ),
        pytest.param(
            TESTING,
            {},
            {"noted": (Note(TESTING.bodies[0]),)},
            "testing",
            "due",
            "a policy that was published in an emergency is not in the ledger yet",
            UP,
            id="notes-of-an-emergency",
        ),
        pytest.param(
            served((Mode.TESTING, 1), more=(Adopted(3, NOW, 86_400),)),
            {},
            {},
            "testing",
            "good",
            "",
            f"mtasts gate check {NAME}",
            id="adopted",
        ),
        pytest.param(
            Ledger((Body(1, NOW, b"<html>", 0, "1"), Proof(2, NOW, "1"))),
            {},
            {},
            "invalid",
            "due",
            "not published yet",
            UP,
            id="what-is-served-is-no-policy",
        ),
    ],
)
def test_a_domain_stands_as_a_run_would_find_it(  # noqa: PLR0917 - a table's columns
    known: Ledger,
    entry: dict[str, object],
    changes: dict[str, Any],
    mode: str,
    standing: str,
    says: str,
    run: str,
) -> None:
    found = row(known, entry, **changes)
    assert (found.mode, str(found.standing)) == (mode, standing)
    assert bool(found.claims) == bool(says)
    assert says in found.next.text
    assert found.next.run == ((run,) if run else ())


def test_what_is_served_is_told_with_its_date_and_proof() -> None:
    again = served((Mode.TESTING, 40), (Mode.ENFORCE, 30), (Mode.ENFORCE, 10))
    found = row(again, {"mode": "enforce"})
    assert (found.since, found.id) == (NOW - 30 * DAY, again.bodies[-1].id)
    assert found.proof is not None
    assert (found.proof.at, found.proof.addresses) == (NOW - 10 * DAY, ("192.0.2.1",))
    # What was written down later and never proven is neither.
    half = row(UNPROVEN)
    assert (half.since, half.id) == (NOW - 20 * DAY, UNPROVEN.bodies[0].id)
    # Nor is what is newer than the body that the record names.
    back = row(ENFORCE, sts=sts(ENFORCE, id_=TESTING.bodies[0].id))
    assert (back.mode, back.since) == ("testing", NOW - 20 * DAY)


def test_a_wait_ends_at_the_first_date_at_which_the_same_verdict_lets_through() -> None:
    left = NOW - 2 * DAY + dt.timedelta(seconds=300) + RETRY
    found = row(lists_old(2), {"mode": "enforce"})
    assert [each.until for each in found.claims] == [left]
    # Where somebody has to act no date helps, not even one that is known.
    both = replace(MX, values=("10 other.example.gov",))
    found = row(lists_old(2), {"mode": "enforce"}, mx=both)
    assert {each.until for each in found.claims} == {None}
    assert len(found.claims) == 2


def test_a_zone_and_an_override_are_waited_for_as_well() -> None:
    moved = Ledger(
        (
            *TESTING.entries,
            ZoneSeen(3, NOW, THEIRS),
            ZoneSeen(4, NOW, OURS),
            Delegated(5, NOW, OURS.zone_id, 172_800),
        )
    )
    assert row(moved).claims[0].until == NOW + 2 * DAY + SKEW
    tomorrow = NOW.date() + DAY
    override = Override(frozenset({Waiver.EVIDENCE}), "why", "who", tomorrow + 30 * DAY, tomorrow)
    found = around(TESTING, config(ENTRY | {"mode": "enforce"}))
    asked_for = replace(found, domain=replace(found.domain, override=override))
    assert released(asked_for) == dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
    assert released(found) is None
    # By the time that the one wait is over, another may have begun: here what was decided ends.
    short = replace(override, expires=tomorrow, begins=tomorrow)
    lapses = replace(found, domain=replace(found.domain, override=short))
    assert released(lapses) == dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
    refused = [refusal("former-zone-cached", "a wait", until=NOW + 9 * DAY)]
    assert released_at(lapses, refused) is None
    assert released_at(around(TESTING), ()) is None


def released(found: DomainFacts) -> dt.datetime | None:
    return released_at(found, verdict(found, NOW).refusals)


def override(begins: int | None, expires: int) -> Override:
    return Override(
        frozenset({Waiver.EVIDENCE, Waiver.HOST_WAIT}),
        "a reason",
        "the CIO",
        NOW.date() + expires * DAY,
        NOW.date() + begins * DAY if begins is not None else None,
    )


@pytest.mark.parametrize(
    ("found", "says", "run"),
    [
        pytest.param(None, None, "", id="none"),
        pytest.param(override(-1, 8), None, "", id="stands"),
        pytest.param(override(1, 8), None, "", id="has-not-begun"),
        pytest.param(
            override(None, 7),
            "the override of evidence, host-wait ends on 2026-11-08: before that day, remove it",
            PREVIEW,
            id="ends-soon",
        ),
        pytest.param(
            override(None, -1),
            "the override of evidence, host-wait by the CIO expired on 2026-10-31",
            "pulumi config rm --path 'mtasts:domains[0].override' -s agency",
            id="is-over",
        ),
        pytest.param(
            override(None, 200),
            "an override lasts at most 90 days",
            "pulumi config rm --path 'mtasts:domains[0].override' -s agency",
            id="is-too-long",
        ),
    ],
)
def test_an_override_is_told_of_before_it_ends(
    found: Override | None, says: str | None, run: str
) -> None:
    known = around(ENFORCE, config(ENTRY | {"mode": "enforce"}))
    known = replace(known, domain=replace(known.domain, override=found))
    (only,) = asked(known).domains
    assert only.override == found
    assert len(only.claims) == (says is not None)
    if says is not None:
        assert (only.standing, only.next.run) == (Standing.DUE, (run,))
        assert says in only.next.text


def handed(*, live: bool, status: DnsStatus = DnsStatus.ANSWERED) -> RecordLookup:
    record = HandedOutRecord(f"_abc.mta-sts.{NAME}", "CNAME", "_def.acm-validations.aws")
    values = (record.value,) if live else ()
    return RecordLookup(record, DnsAnswer(record.owner, "CNAME", status, values, reason="SERVFAIL"))


REQUESTED = Ledger(
    (*served((Mode.TESTING, 1), proven=False).entries, StageEntered(2, NOW, Stage.REQUESTED))
)
LIVE = served((Mode.TESTING, 9), more=(StageEntered(3, NOW, Stage.LIVE),))
GONE = "gone or not yet there: _abc.mta-sts.example.gov CNAME _def.acm-validations.aws"
OUTPUT = "pulumi stack output domains --json -s agency"


@pytest.mark.parametrize(
    ("known", "looked", "claims", "run"),
    [
        pytest.param(
            REQUESTED,
            handed(live=False),
            [("due", "waiting for: _abc.mta-sts.example.gov CNAME _def.acm-validations.aws")],
            OUTPUT,
            id="not-published",
        ),
        pytest.param(
            REQUESTED,
            handed(live=False, status=DnsStatus.FAILED),
            [
                (
                    "not known",
                    "could not find out whether _abc.mta-sts.example.gov is published: SERVFAIL",
                )
            ],
            OUTPUT,
            id="not-known",
        ),
        pytest.param(
            REQUESTED,
            handed(live=True),
            [("due", "the next run enters the stage issued")],
            UP,
            id="a-stage-further",
        ),
        pytest.param(
            LIVE,
            handed(live=False),
            [("due", GONE)],
            OUTPUT,
            id="gone",
        ),
        pytest.param(LIVE, handed(live=True), [], f"mtasts gate check {NAME}", id="all-there"),
    ],
)
def test_what_an_agency_has_yet_to_publish_is_due(
    known: Ledger, looked: RecordLookup, claims: list[tuple[str, str]], run: str
) -> None:
    delegated = DnsAnswer(NAME, "NS", DnsStatus.ANSWERED, tuple(HOME.name_servers))
    found = row(known, zone=HOME, agency_zone=HOME, handed_out=(looked,), delegation=delegated)
    assert told(found) == claims
    assert found.next.run == (run,)
    assert found.stage is not None


def test_what_is_to_go_is_not_asked_for() -> None:
    delegated = DnsAnswer(NAME, "NS", DnsStatus.ANSWERED, tuple(HOME.name_servers))
    known = Ledger((*BACK.entries, StageEntered(5, NOW, Stage.LIVE)))
    looked = (handed(live=False),)
    found = row(
        known,
        {"retire": True},
        zone=HOME,
        agency_zone=HOME,
        handed_out=looked,
        delegation=delegated,
    )
    assert [standing for standing, _ in told(found)] == ["waiting"]
    assert found.phase is Phase.KEPT


EVIDENCE = Evidence(
    NAME,
    NOW - 3 * DAY,
    None,
    (),
    (),
    Texts(NAME, DnsStatus.ANSWERED),
    (),
    (),
    ReportSummary(),
)


def test_the_evidence_is_judged_as_the_gate_does_where_enforce_may_be_next() -> None:
    domain = around(TESTING)
    (found,) = asked(domain, evidence={NAME: EVIDENCE}).domains
    assert found.evidence.collected == NOW - 3 * DAY
    assert "evidence-version" in [each.id for each in found.evidence.unmet or ()]
    (broken,) = asked(domain, evidence={NAME: EvidenceError("no JSON")}).domains
    assert broken.evidence.problem == "no JSON"
    waived = replace(domain.domain, override=override(-1, 30))
    (ready,) = asked(replace(domain, domain=waived), evidence={NAME: EVIDENCE}).domains
    assert ready.evidence.unmet == ()
    assert ready.run == (
        "pulumi config set --path 'mtasts:domains[0].mode' enforce -s agency",
        PREVIEW,
    )
    (enforced,) = asked(
        around(ENFORCE, config(ENTRY | {"mode": "enforce"})), evidence={NAME: EVIDENCE}
    ).domains
    assert (enforced.evidence.unmet, enforced.run) == (None, ())


def test_a_parked_domain_is_held_where_its_mx_says_otherwise() -> None:
    found = config({"name": NAME, "mx": []})
    (good,) = asked(around(Ledger(), found, mx=NULL_MX), found=found).domains
    assert (good.mode, good.standing, good.next.run) == ("parked", Standing.GOOD, ())
    (held,) = asked(around(Ledger(), found), found=found).domains
    assert (held.mode, held.standing, held.next.run) == ("parked", Standing.HELD, (PREVIEW,))


def test_a_domain_that_the_file_has_lost_is_a_row_and_holds_the_stack() -> None:
    lost = Remembered("lost.example", served((Mode.ENFORCE, 20)))
    found = asked(around(TESTING), remembered=(lost,))
    kept, gone = found.domains
    assert (kept.standing, gone.standing) == (Standing.GOOD, Standing.HELD)
    assert (gone.mode, gone.since) == ("enforce", NOW - 20 * DAY)
    [(standing, text)] = told(found)
    assert standing == "held"
    assert text.endswith("stacks/Pulumi.agency.yaml no longer lists lost.example as a mail domain")
    never = Remembered("never.example", TESTING)
    assert [each.name for each in asked(around(TESTING), remembered=(never,)).domains] == [NAME]


def test_where_the_preview_fails_the_run_of_another_domain_goes_without_it() -> None:
    lost = Remembered("lost.example", served((Mode.ENFORCE, 20)))
    without = (UP.replace("up", "up --skip-preview"),)
    assert asked(around(Ledger())).domains[0].next.run == (UP,)
    assert asked(around(Ledger()), remembered=(lost,)).domains[0].next.run == without
    unsure = UndeterminedError("missing")
    assert asked(around(Ledger()), unsure=unsure).domains[0].next.run == without


@pytest.mark.parametrize(
    ("problem", "standing"),
    [(LedgerError("missing"), "held"), (UndeterminedError("missing"), "not known")],
)
def test_whose_ledger_is_not_known_may_be_lost(problem: Any, standing: str) -> None:
    lost = Remembered(NAME, problem=problem, parked=True)
    found = config({"name": NAME, "mx": []})
    parked = around(Ledger(), found, mx=NULL_MX)
    seen = asked(parked, found=found, remembered=(lost,))
    (only,) = seen.domains
    assert str(seen.standing) == standing
    text = (
        "the stack file no longer lists it as a mail domain, and its ledger could not be read: "
        "missing"
    )
    assert told(only) == [(standing, text)]
    unsure = asked(around(TESTING), unsure=problem)
    assert (str(unsure.standing), unsure.next.run) == (standing, ("mtasts status agency",))
    assert "could not find out which domains have a ledger" in unsure.next.text


ACCOUNT = {"cloudflareAccount": "a" * 32}
IN_BOTH = (ZoneSeen(3, NOW, OURS), ZoneSeen(4, NOW, THEIRS))
LED = Delegated(5, NOW, THEIRS.zone_id, 172_800)


def moving(*more: Entry) -> Ledger:
    return served((Mode.TESTING, 20), more=more)


@pytest.mark.parametrize(
    ("known", "standing", "says", "until", "run"),
    [
        pytest.param(
            moving(*IN_BOTH),
            "due",
            "first have the registrar of example.gov name ada.cloud.example alone",
            None,
            UP,
            id="registrar",
        ),
        pytest.param(
            moving(*IN_BOTH, LED),
            "waiting",
            "resolvers may query the former zone",
            NOW + 2 * DAY + SKEW,
            "mtasts move agency",
            id="resolvers",
        ),
        pytest.param(
            moving(*IN_BOTH, replace(LED, at=NOW - 3 * DAY)),
            "due",
            "remove the records of the former zone",
            None,
            "pulumi config rm mtasts:leavingDns -s agency",
            id="end",
        ),
    ],
)
def test_a_move_has_the_step_that_is_due(
    known: Ledger, standing: str, says: str, until: dt.datetime | None, run: str
) -> None:
    found = config(dns="cloudflare", leavingDns="route53", **ACCOUNT)
    ns = DnsAnswer(NAME, "NS", DnsStatus.ANSWERED, tuple(THEIRS.name_servers))
    domain = around(known, found, zone=THEIRS, former=OURS, delegation=ns)
    moves = asked(domain, found=found)
    (claim,) = moves.claims
    assert (str(claim.standing), claim.until, claim.run[0]) == (standing, until, run)
    assert claim.text.startswith("the stack moves to hosting aws, dns cloudflare: ")
    assert says in claim.text
    assert moves.domains[0].moves


def test_a_move_that_no_step_leads_on_is_held_and_one_that_is_over_is_none() -> None:
    found = replace(config(dns="cloudflare", leaving="aws", **ACCOUNT), cloudflare_account=None)
    lost = around(TESTING, found, hosting=Hosting.AWS, leaving=Hosting.AWS)
    stuck = asked(lost, found=found)
    assert stuck.next.run == ("mtasts move agency",)
    assert stuck.standing is Standing.HELD
    assert stuck.next.text.startswith("the move: which Cloudflare account has the zone?")
    assert asked(around(TESTING)).claims == ()


def test_a_stack_whose_domains_are_all_retired_may_go() -> None:
    found = config(ENTRY | {"retire": True})
    known = Ledger((*FREE.entries, PhaseEntered(5, NOW, Phase.HOST_WITHDRAWN)))
    ended = asked(around(known, found, sts=sts(Ledger())), found=found)
    assert (ended.standing, ended.next.run) == (Standing.GOOD, ("pulumi destroy -s agency",))
    assert asked(around(FREE, found), found=found).run == ()


def test_a_stack_that_nobody_could_ask_shows_what_its_file_says() -> None:
    found = config(ENTRY, {"name": "parked.example", "mx": []})
    first = replace(found.domains[0], override=override(None, -1))
    found = replace(found, domains=(first, found.domains[1]))
    error = UndeterminedError("the account of the AWS credentials: none")
    seen = undetermined_status("agency", found, error, NOW, evidence={NAME: EVIDENCE})
    assert told(seen) == [("not known", "the account of the AWS credentials: none")]
    mail, parked = seen.domains
    assert (mail.mode, mail.evidence.collected) == ("", NOW - 3 * DAY)
    assert [standing for standing, _ in told(mail)] == ["not known", "due"]
    assert told(parked) == [("not known", "")]
    assert parked.mode == "parked"


def test_the_gravest_counts_and_a_stack_without_domains_is_one() -> None:
    assert gravest([]) is Standing.GOOD
    assert [each for each in Standing if each.needs_person] == [Standing.DUE, Standing.HELD]
    good, due = (
        DomainStatus("a.example"),
        DomainStatus("b.example", claims=(Claim(Standing.DUE, ""),)),
    )
    stack = StackStatus("one", "f", domains=(good, due))
    refused = refused_status("two", "stacks/Pulumi.two.yaml", "1 problem", ("mtasts lint",))
    found = Overview(NOW, (stack, refused))
    assert found.standing is Standing.HELD
    assert found.is_refused
    assert {str(key): count for key, count in found.counts.items()} == {
        "held": 1,
        "due": 1,
        "not known": 0,
        "waiting": 0,
        "good": 1,
    }
    assert not Overview(NOW, (stack,)).is_refused
    assert Overview(NOW, (stack,)).standing is Standing.DUE


def test_an_unknown_handout_holds_the_domain() -> None:
    found = row(TESTING, zone=HandoverError("cannot be read"))
    assert told(found) == [("held", "cannot be read")]


def test_what_says_stack_for_want_of_its_name_gets_it() -> None:
    text, told = "run pulumi up -s STACK", "run pulumi up -s agency"
    claim = Claim(Standing.DUE, text)
    warned, noted = warning("sts-record-void", "two", text), note("stack-retired", text)
    domain = DomainStatus("a.example", claims=(claim,), rulings=(warned, noted))
    found = StackStatus("agency", "f", domains=(domain,), claims=(claim,), warnings=(warned,)).named
    (only,) = found.domains
    assert (found.next.text, found.warnings[0].fix) == (told, told)
    assert (only.next.text, only.warnings[0].fix, only.notes[0].text) == (told, told, told)


def test_a_way_that_a_verdict_names_is_one_of_the_stack() -> None:
    two = DnsAnswer(
        f"_mta-sts.{NAME}",
        "TXT",
        DnsStatus.ANSWERED,
        strings=((b"v=STSv1; id=a1;",), (b"v=STSv1; id=a2;",)),
    )
    found = config(ENTRY | {"mode": "enforce"})
    seen = asked(around(ENFORCE, found, sts=two), found=found).named
    assert "run pulumi up --refresh -s agency" in seen.domains[0].next.text
