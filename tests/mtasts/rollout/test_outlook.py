"""What senders find before a run and after it, from what was looked up."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from facts_of import facts, replace

from mtasts.config import Dns, load
from mtasts.ledger.entries import Entry, LedgerError, PhaseEntered, Proof, ZoneSeen
from mtasts.ledger.history import Ledger, intend
from mtasts.ledger.phases import Phase
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode, Policy
from mtasts.rollout.decision import decide
from mtasts.rollout.facts import ParkedFacts
from mtasts.rollout.outlook import (
    Forecast,
    Outlook,
    Published,
    outlooks,
    parse_forecast,
    render_forecast,
)
from mtasts.rollout.vanished import Remembered
from mtasts.rulings import warning
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from mtasts.rollout.facts import DomainFacts, LedgerProblem

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
RULING = warning("zone-delegation-unknown", "could not find out", "look again")
SOON = NOW + dt.timedelta(hours=1)
ZONE = HostedZone("Z1", "example.gov", frozenset({"ns1.example.net"}))
FORMER = HostedZone("a" * 32, "example.gov", frozenset({"ns1.example.net"}))
(DOMAIN,) = load(
    {
        "aws:region": "us-east-1",
        "mtasts:agency": "Department of Tests",
        "mtasts:tlsReports": '["mailto:tlsrpt@reports.example"]',
        "mtasts:domains": '[{"name": "example.gov", "mx": ["mx.example.gov"]}]',
    },
    file="stacks/Pulumi.agency.yaml",
).domains
LONG = replace(DOMAIN, max_age=1_209_600)
NAMED = "no policy is served any more"


def wrote(*policies: Policy, proven: bool = True) -> Ledger:
    """A ledger of those policies; only the last one may be not ``proven``."""
    entries: list[Entry] = []
    for policy in policies:
        intended = intend(Ledger(tuple(entries)), policy)
        entries.append(intended.entry(len(entries) + 1, NOW - dt.timedelta(days=30)))
        if proven or policy is not policies[-1]:
            entries.append(Proof(len(entries) + 1, NOW - dt.timedelta(days=30), intended.id))
    return Ledger(tuple(entries))


def ids(ledger: Ledger) -> list[str]:
    return [body.id for body in ledger.bodies]


def text(policy: Policy) -> str:
    return policy.render().decode()


def sts(id_: str | None) -> DnsAnswer:
    strings = ((f"v=STSv1; id={id_};".encode(),),) if id_ else ()
    status = DnsStatus.ANSWERED if id_ else DnsStatus.NXDOMAIN
    return DnsAnswer("_mta-sts.example.gov", "TXT", status, strings=strings, ttl_seconds=60)


def around(ledger: Ledger | LedgerProblem, live: str | None, **more: Any) -> DomainFacts:
    found = facts(
        DOMAIN,
        DnsAnswer("example.gov", "MX", DnsStatus.ANSWERED, ("10 mx.example.gov",)),
        ZONE,
        delegation=DnsAnswer("example.gov", "NS", DnsStatus.ANSWERED, ("ns1.example.net",)),
        ledger=ledger,
        sts=sts(live),
    )
    return replace(found, **more)


def seen(found: DomainFacts) -> Outlook:
    (outlook,) = outlooks((found,), decide((found,), NOW, dns=Dns.ROUTE53))
    return outlook


A, B = DOMAIN.policy, LONG.policy
ENFORCED = Policy(Mode.ENFORCE, 604_800, (MxPattern("mx.example.gov"),))
RETIRE = replace(DOMAIN, retire=True, mode=Mode.NONE, max_age=86_400)
NONE = RETIRE.policy
ONE, TWO = wrote(A), wrote(A, B)
HALF, FIRST_HALF = wrote(A, B, proven=False), wrote(A, proven=False)
HALF_LIVE = ids(HALF)[0]
LEAVING = wrote(ENFORCED, NONE)


def retiring(phase: Phase, live: str | None, **more: Any) -> DomainFacts:
    """A domain that nobody holds an enforced policy of any more, in a phase of its retirement."""
    at = NOW - dt.timedelta(days=20)
    old = [replace(e, at=NOW - dt.timedelta(days=40)) for e in LEAVING.entries[:2]]
    entries = (*old, *LEAVING.entries[2:], ZoneSeen(5, at, ZONE), PhaseEntered(6, at, phase))
    return around(Ledger(entries), live, domain=RETIRE, **more)


@pytest.mark.parametrize(
    ("found", "before", "after", "says"),
    [
        (
            around(Ledger(), None),
            Published(),
            Published(ids(ONE)[0], text(A)),
            "see the STS record",
        ),
        (
            around(ONE, ids(ONE)[0], domain=LONG),
            Published(ids(ONE)[0], text(A)),
            Published(ids(TWO)[1], text(B)),
            "see the new id fetch this policy: mode testing",
        ),
        (
            around(HALF, ids(HALF)[0], domain=LONG),
            Published(ids(HALF)[0], text(A)),
            Published(ids(HALF)[1], text(B)),
            f"this policy without a proof: senders may find it, under the id {HALF_LIVE}",
        ),
        (
            around(FIRST_HALF, None),
            Published(),
            Published(ids(FIRST_HALF)[0], text(A)),
            "recorded this policy without a proof: senders may find it, under no id",
        ),
        (
            around(HALF, ids(HALF)[0]),
            Published(ids(HALF)[0], text(A)),
            Published(wrote(A, B, A).bodies[2].id, text(A)),
            "recorded another policy",
        ),
        (
            around(TWO, ids(TWO)[0], domain=LONG),
            Published(ids(TWO)[0], text(A)),
            Published(ids(TWO)[1], text(B)),
            "see the new id fetch this policy",
        ),
        (
            around(ONE, ids(ONE)[0], domain=replace(DOMAIN, reroll="again")),
            Published(ids(ONE)[0], text(A)),
            Published(intend(ONE, A, "again").id, text(A)),
            "the same policy under a new id",
        ),
        (
            retiring(Phase.RECORD_FREE, ids(LEAVING)[1]),
            Published(ids(LEAVING)[1], text(NONE)),
            Published("", text(NONE)),
            "the STS record is removed, and the policy is still served",
        ),
        (
            retiring(Phase.RECORD_GONE, None),
            Published("", text(NONE)),
            Published(),
            "no policy is served any more",
        ),
    ],
    ids=[
        "new",
        "changed",
        "after-a-failed-proof",
        "after-a-first-proof-that-failed",
        "back-after-a-failed-proof",
        "killed-before-the-record",
        "re-roll",
        "the-record-retires",
        "the-addresses-retire",
    ],
)
def test_what_changes_for_senders(
    found: DomainFacts, before: Published, after: Published, says: str
) -> None:
    outlook = seen(found)
    assert (outlook.before, outlook.after) == (before, after)
    said = "\n".join(outlook.effects(NOW))
    assert says in said
    assert (NAMED in said) is (after.policy is None)
    flat = warning(RULING.id, str(RULING))
    until = replace(flat, until=NOW)
    told = Forecast((outlook,), (("", flat), ("example.gov", until)))
    assert parse_forecast(render_forecast(told)) == told


@pytest.mark.parametrize(
    "found",
    [
        around(ONE, ids(ONE)[0]),
        around(ONE, None, sts=DnsAnswer("_mta-sts.example.gov", "TXT", DnsStatus.FAILED)),
        around(TWO, ids(TWO)[1], domain=LONG),
        around(
            Ledger((*ONE.entries, ZoneSeen(3, NOW, FORMER))),
            ids(ONE)[0],
            former=FORMER,
            preexisting=(),
        ),
        around(HALF, ids(HALF)[0], zone=LedgerError("no zone")),
        around(ONE, ids(ONE)[0], zone=LedgerError("no zone"), domain=LONG),
        around(LedgerError("gone"), ids(ONE)[0]),
        retiring(Phase.RECORD_WITHDRAWN, None),
        retiring(Phase.HOST_WITHDRAWN, None),
    ],
    ids=[
        "nothing-to-do",
        "the-record-was-not-told",
        "killed-after-the-record",
        "the-first-step-of-a-zone-move",
        "held-after-a-failed-proof",
        "held",
        "held-with-an-unreadable-ledger",
        "the-record-is-gone",
        "retired",
    ],
)
def test_what_stays_for_senders_is_no_news(found: DomainFacts) -> None:
    outlook = seen(found)
    assert not outlook.is_changed
    assert outlook.effects(NOW) == ()


def test_a_record_that_a_killed_run_left_counts_until_it_is_gone() -> None:
    left = seen(retiring(Phase.RECORD_WITHDRAWN, ids(LEAVING)[1]))
    assert "the STS record is removed" in left.effects(NOW)[0]


def test_a_domain_in_an_emergency_says_that_the_present_is_not_known() -> None:
    live, known = ids(wrote(ENFORCED))[0], LedgerError("gone")
    found = around(known, live, domain=replace(DOMAIN, emergency=True))
    said = "\n".join(seen(found).effects(NOW))
    assert "the ledger cannot be read, so it is not known what senders find now" in said
    assert "stop to enforce at the latest 60 s after the record is written" in said


@pytest.mark.parametrize(
    ("ledger", "before"),
    [
        (ONE, Published(ids(ONE)[0], text(A))),
        (FIRST_HALF, Published()),
        (
            Ledger((*LEAVING.entries, PhaseEntered(5, NOW, Phase.RECORD_GONE))),
            Published("", text(NONE)),
        ),
        (Ledger((*LEAVING.entries, PhaseEntered(5, NOW, Phase.HOST_WITHDRAWN))), Published()),
    ],
    ids=["published", "never-proven", "without-a-record", "retired"],
)
def test_of_a_domain_that_left_the_file_only_the_ledger_tells(
    ledger: Ledger, before: Published
) -> None:
    found = outlooks((), decide((), NOW, dns=Dns.ROUTE53), [Remembered("a.gov", ledger)])
    (gone,) = found
    assert (gone.before, gone.after, gone.listed) == (before, Published(), False)


def test_parked_domains_are_left_out_and_the_others_come_by_name() -> None:
    mx = DnsAnswer("parked.gov", "MX", DnsStatus.ANSWERED, ("0 .",))
    parked = ParkedFacts(replace(DOMAIN, mx=()), mx)
    found = around(ONE, ids(ONE)[0])
    decision = decide((parked, found), NOW, dns=Dns.ROUTE53)
    told = outlooks((parked, found), decision, [Remembered("a.gov", ONE)])
    assert [each.name for each in told] == ["a.gov", "example.gov"]


def test_a_program_that_ended_early_told_nothing() -> None:
    assert parse_forecast("") == Forecast()


def policies(before: Policy | None, after: Policy, **more: Any) -> str:
    old = Published("1", text(before)) if before else Published()
    outlook = Outlook("example.gov", old, Published("2", text(after)), **more)
    return "\n".join(outlook.effects(NOW))


def test_a_promotion_says_what_senders_will_do_and_until_when_they_keep_the_old_policy() -> None:
    other = Policy(Mode.ENFORCE, 86_400, (MxPattern("b.example.gov"),))
    said = policies(Policy(Mode.TESTING, 86_400, (MxPattern("a.example.gov"),)), other)
    assert "keep it until 2026-01-02 00:00 UTC at the latest" in said
    assert "they deliver only to the listed hosts" in said
    assert "MX hosts added to the policy: b.example.gov" in said
    assert "MX hosts removed from the policy: a.example.gov" in said


def test_a_way_back_says_from_when_on_nobody_refuses() -> None:
    said = policies(ENFORCED, A, ttl_seconds=300)
    assert "stop to enforce at the latest 300 s after the record is written" in said
    assert "stop to enforce" not in policies(A, ENFORCED)
    assert "stop to enforce" not in policies(A, B)


def test_a_policy_that_no_record_names_is_not_fetched() -> None:
    waits = Outlook("example.gov", after=Published("", text(ENFORCED)))
    assert waits.effects(NOW) == ("there is no STS record yet: senders do not fetch the policy",)


def test_a_body_that_is_no_policy_is_none() -> None:
    page = Outlook("example.gov", Published("1", "<html>"), Published("2", text(A)))
    assert "senders that see the STS record fetch this policy" in page.effects(NOW)[0]
