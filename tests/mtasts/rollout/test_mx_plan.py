"""The steps of an MX move and their dates, from a table."""

from __future__ import annotations

import datetime as dt

import pytest

from mtasts.clock import minute
from mtasts.ledger.entries import Adopted, Body, MxSeen, Proof
from mtasts.ledger.history import Ledger
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode, Policy
from mtasts.rollout.mx_plan import Step, Times, Wait, plan
from mtasts.rollout.mx_safety import mx_refusals

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
MAX_AGE = 604_800
OUT = dt.timedelta(seconds=60 + 300)  # copies of the body, and the record
GONE = dt.timedelta(seconds=3600) + 5 * DAY  # the MX records, and senders' queues
TIMES = Times(60, 300, 3600)
A, B, C = "a.example.gov", "b.example.gov", "mx.provider.example"


def policy(*hosts: str, mode: Mode = Mode.ENFORCE) -> Policy:
    return Policy(mode, MAX_AGE, tuple(MxPattern.parse(host) for host in hosts))


def published(*policies: Policy) -> Ledger:
    """A ledger in which each policy was proven, the last one a month ago."""
    entries: list[Body | Proof] = []
    for number, each in enumerate(policies):
        at = NOW - (30 + len(policies) - number) * DAY
        entries.append(Body(len(entries) + 1, at, each.render(), number, str(number)))
        entries.append(Proof(len(entries) + 1, at, str(number)))
    return Ledger(tuple(entries))


def steps(wanted: Policy, live: tuple[str, ...], to: tuple[str, ...]) -> tuple[Step, ...]:
    return plan(wanted, live=live, to=to, ledger=published(wanted), times=TIMES, now=NOW)


def test_a_host_is_listed_first_and_becomes_an_mx_when_senders_know() -> None:
    listing, adding = steps(policy(A), (A,), (A, B))
    assert (listing.mx, listing.wait, listing.not_before) == ((A, B), None, None)
    out = NOW + OUT
    # The old body may be fetched until the new one is out, and held for its max_age from then.
    held = out + dt.timedelta(seconds=MAX_AGE)
    assert adding.mx == (A, B)
    assert adding.wait is not None
    assert (adding.wait.bounce_safe, adding.wait.delay_safe) == (out, out + DAY)
    assert adding.wait.guaranteed >= held


def test_a_host_leaves_dns_first_and_the_policy_when_senders_have_left_it() -> None:
    leaving, unlisting = steps(policy(A, B), (A, B), (A,))
    assert (leaving.mx, leaving.not_before) == ((A,), NOW)
    assert (unlisting.mx, unlisting.not_before) == ((A,), NOW + GONE)


def test_a_swap_is_both_one_after_the_other() -> None:
    found = steps(policy(A, B), (A, B), (C,))
    assert [step.mx for step in found] == [(A, B, C), (A, B, C), (C,), (C,)]
    adding, leaving, unlisting = found[1:]
    assert adding.wait is not None
    assert leaving.not_before == adding.wait.delay_safe
    assert unlisting.not_before == adding.wait.delay_safe + GONE


def test_a_wildcard_stays_for_as_long_as_it_covers_something() -> None:
    found = steps(policy("*.example.gov"), (A, B), (A, C))
    assert [step.mx for step in found] == [
        ("*.example.gov", C),
        (A, B, C),
        (A, C),
    ]


def test_where_nothing_was_enforced_a_host_may_come_at_once() -> None:
    _, adding = steps(policy(A, mode=Mode.TESTING), (A,), (A, B))
    assert adding.wait == Wait(NOW, NOW, NOW)


def test_a_policy_to_be_enforced_is_out_before_the_host_that_only_it_lists() -> None:
    found = plan(
        policy(A),
        live=(A,),
        to=(A, B),
        ledger=published(policy(A, mode=Mode.TESTING)),
        times=TIMES,
        now=NOW,
    )
    assert found[1].wait == Wait(NOW + OUT, NOW + OUT, NOW + OUT)


def test_an_older_policy_that_is_still_held_counts_too() -> None:
    year = Policy(Mode.ENFORCE, 31_557_600, (MxPattern.parse(A),))
    found = plan(
        policy(A, B),
        live=(A,),
        to=(A, B),
        ledger=published(year, policy(A, B)),
        times=TIMES,
        now=NOW,
    )
    (adding,) = found
    assert adding.wait is not None
    assert adding.wait.bounce_safe == NOW
    assert adding.wait.guaranteed > NOW + 300 * DAY


def test_what_only_the_stack_file_lists_is_published_first() -> None:
    found = plan(
        policy(A, B), live=(A,), to=(A, B), ledger=published(policy(A)), times=TIMES, now=NOW
    )
    publishing, adding = found
    assert publishing.do.startswith("pulumi up")
    assert adding.wait is not None
    assert adding.wait.bounce_safe == NOW + OUT
    assert adding.wait.guaranteed >= NOW + OUT + dt.timedelta(seconds=MAX_AGE)


def test_what_was_just_published_has_to_spread() -> None:
    ledger = published(policy(A), policy(A, B))
    at = ledger.entries[-1].at + dt.timedelta(seconds=60)
    (adding,) = plan(policy(A, B), live=(A,), to=(A, B), ledger=ledger, times=TIMES, now=at)
    assert adding.wait is not None
    assert adding.wait.bounce_safe == ledger.entries[-1].at + OUT


def test_nothing_is_to_do() -> None:
    assert steps(policy(A), (A,), (A,)) == ()


def seen(ledger: Ledger, *sights: tuple[dt.timedelta, tuple[str, ...]], ttl: int = 300) -> Ledger:
    """The ledger once runs have seen those MX sets, each so long ago."""
    entries = [*ledger.entries]
    for ago, hosts in sights:
        entries.append(MxSeen(len(entries) + 1, NOW - ago, hosts, ttl))
    return Ledger(tuple(entries))


BOTH = seen(published(policy(A, B)), (20 * DAY, (A, B)))
UNTIL = dt.timedelta(seconds=300) + 5 * DAY


@pytest.mark.parametrize(
    ("ledger", "mode", "until", "is_noted"),
    [
        pytest.param(BOTH, Mode.ENFORCE, NOW + UNTIL, False, id="nobody-has-looked-since"),
        pytest.param(seen(BOTH, (DAY, (A,))), Mode.ENFORCE, NOW + UNTIL - DAY, True, id="noted"),
        pytest.param(seen(BOTH, (6 * DAY, (A,))), Mode.ENFORCE, NOW, True, id="long-gone"),
        pytest.param(BOTH, Mode.TESTING, NOW, True, id="testing"),
        pytest.param(
            seen(published(policy(A, B, mode=Mode.TESTING)), (20 * DAY, (A, B))),
            Mode.ENFORCE,
            NOW,
            True,
            id="never-enforced",
        ),
    ],
)
def test_a_host_that_has_left_dns_leaves_the_policy_when_an_up_takes_that(
    ledger: Ledger, mode: Mode, until: dt.datetime, *, is_noted: bool
) -> None:
    found = plan(policy(A, B, mode=mode), live=(A,), to=(A,), ledger=ledger, times=TIMES, now=NOW)
    *before, last = found
    assert last == Step(
        f"remove {B} from the stack file, and pulumi up -s STACK", (A,), not_before=until
    )
    note = f"pulumi up -s STACK, which records that {B} left the MX records"
    assert [each.do for each in before] == ([] if is_noted else [note])
    # What the run says, now and right before that date, is the same.
    answer = DnsAnswer("example.gov", "MX", DnsStatus.ANSWERED, (f"10 {A}",))
    known = ledger if is_noted else seen(ledger, (dt.timedelta(0), (A,)))
    for at in {NOW, max(NOW, until - dt.timedelta(minutes=1)), until}:
        refusals = list(mx_refusals("example.gov", policy(A, mode=mode), known, answer, at))
        assert bool(refusals) is (at < until)
        assert all(
            f"senders may try that host until {minute(until)}" in str(each) for each in refusals
        )


def test_a_host_that_leaves_by_the_plan_has_its_longest_ttl() -> None:
    ledger = seen(published(policy(A, B)), (DAY, (A, B)), ttl=86_400)
    found = plan(policy(A, B), live=(A, B), to=(A,), ledger=ledger, times=TIMES, now=NOW)
    assert [each.not_before for each in found] == [NOW, NOW + DAY + 5 * DAY]
    assert found[0].do.startswith(f"remove {B} from the MX records, and pulumi up -s STACK")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOW, "2026-01-01 00:00 UTC"),
        (NOW + dt.timedelta(microseconds=1), "2026-01-01 00:01 UTC"),
        (NOW - dt.timedelta(seconds=1), "2026-01-01 00:00 UTC"),
        (NOW.astimezone(dt.timezone(dt.timedelta(hours=2))), "2026-01-01 00:00 UTC"),
    ],
)
def test_a_date_told_is_never_too_early(moment: dt.datetime, text: str) -> None:
    assert minute(moment) == text


def test_what_was_published_before_the_ledger_may_have_listed_anything() -> None:
    before = published(policy(A, B))
    adopted = Adopted(len(before.entries) + 1, NOW - DAY, 10 * 86_400, "the CISO")
    ledger = Ledger((*before.entries, adopted))
    (adding,) = plan(policy(A, B), live=(A,), to=(A, B), ledger=ledger, times=TIMES, now=NOW)
    assert adding.wait is not None
    assert adding.wait.bounce_safe == NOW
    assert adding.wait.guaranteed == adopted.held_until
    late = NOW + 20 * DAY
    (adding,) = plan(policy(A, B), live=(A,), to=(A, B), ledger=ledger, times=TIMES, now=late)
    assert adding.wait == Wait(late, late, late)
