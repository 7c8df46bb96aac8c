"""A retirement advances one phase a run, each only once it can do no harm."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtasts.ledger.entries import Adopted, Entry, PhaseEntered, Proof
from mtasts.ledger.history import Ledger, intend
from mtasts.ledger.phases import ALL, Phase
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode, Policy
from mtasts.rollout.retirement import DnsState, Progress, free_from, progress

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
MX = (MxPattern("mx.example.gov"),)


def txt(*texts: str, status: DnsStatus = DnsStatus.ANSWERED, ttl: int = 300) -> DnsAnswer:
    strings = tuple((text.encode(),) for text in texts)
    return DnsAnswer("_mta-sts.example.gov", "TXT", status, strings=strings, ttl_seconds=ttl)


def address(*values: str, status: DnsStatus = DnsStatus.ANSWERED) -> DnsAnswer:
    return DnsAnswer("mta-sts.example.gov", "A", status, values)


THERE = DnsState(txt("v=STSv1; id=1;", ttl=600), (address("192.0.2.1"), address("2001:db8::1")))
GONE = DnsState(
    txt(status=DnsStatus.NXDOMAIN),
    (address(status=DnsStatus.NXDOMAIN), address(status=DnsStatus.NO_DATA)),
)


def ledger(*more: Entry, proven: bool = True, enforced: int | None = 604_800) -> Ledger:
    """Enforced a year ago unless ``enforced`` is None, mode none today."""
    found = Ledger()
    modes = ([(Mode.ENFORCE, enforced)] if enforced else []) + [(Mode.NONE, 86_400)]
    for mode, max_age in modes:
        at = NOW - 365 * DAY if mode is Mode.ENFORCE else NOW
        intended = intend(found, Policy(mode, max_age, MX))
        found = Ledger((*found.entries, intended.entry(found.next_number, at)))
        if proven or mode is Mode.ENFORCE:
            proof = Proof(found.next_number, at, intended.id)
            found = Ledger((*found.entries, proof))
    return Ledger((*found.entries, *more))


def entered(phase: Phase, ttl_seconds: int = 300) -> Ledger:
    before = ledger()
    return ledger(PhaseEntered(before.next_number, NOW, phase, ttl_seconds))


def asked(found: Ledger, seen: DnsState = THERE, *, now: dt.datetime = NOW) -> Progress:
    got = progress(found, seen, retire=True, ttl_seconds=300, now=now)
    assert got is not None
    return got


def test_while_the_first_run_publishes_none_everything_is_kept() -> None:
    for found in (ledger(proven=False), Ledger(ledger().entries[:2])):
        got = asked(found)
        assert (got.phase, got.is_new) == (Phase.KEPT, False)
        assert "this run publishes mode none; run again" in str(got.ruling)
        assert got.ruling.until is None
        assert free_from(found, NOW) is None
    none_again = intend(ledger(), Policy(Mode.NONE, 86_400, MX), "again").entry(5, NOW)
    assert free_from(Ledger((*ledger().entries, none_again)), NOW) is None


def test_everything_is_kept_until_the_last_enforced_policy_has_lapsed() -> None:
    free = NOW + 7 * DAY + HOUR
    assert free_from(ledger(), NOW) == free
    got = asked(ledger(), now=free - dt.timedelta(seconds=1))
    assert (got.phase, got.is_new) == (Phase.KEPT, False)
    assert "may hold an enforced policy until 2026-01-08 01:00 UTC" in str(got.ruling)
    assert got.ruling.until == free
    got = asked(ledger(), now=free)
    assert (got.phase, got.is_new, got.ruling.until) == (Phase.RECORD_FREE, True, None)
    assert got.phase.parts == Phase.RECORD_FREE.parts


def test_what_never_enforced_waits_for_nobody() -> None:
    assert asked(ledger(enforced=None)).phase is Phase.RECORD_FREE


@pytest.mark.parametrize(("ever", "days"), [(31_557_600, 365.25), (86_400, 1), (10**9, 365.25)])
def test_unknown_history_counts_as_enforced_for_its_bound(ever: int, days: float) -> None:
    entries = ledger(enforced=None).entries
    adopted = Adopted(len(entries) + 1, NOW, ever, "the CISO")
    assert free_from(Ledger((*entries, adopted)), NOW) == NOW + dt.timedelta(days=days) + HOUR


def test_what_was_never_published_is_retired() -> None:
    got = asked(Ledger())
    assert (got.phase, got.is_new) == (Phase.HOST_WITHDRAWN, False)


def test_the_record_is_withdrawn_with_the_longest_life_that_resolvers_know() -> None:
    got = asked(entered(Phase.RECORD_FREE))
    assert (got.phase, got.is_new, got.ttl_seconds) == (Phase.RECORD_WITHDRAWN, True, 600)
    for seen in (GONE, DnsState(None)):
        assert asked(entered(Phase.RECORD_FREE), seen).ttl_seconds == 300


@pytest.mark.parametrize(
    ("phase", "into"),
    [
        (Phase.RECORD_WITHDRAWN, Phase.RECORD_GONE),
        (Phase.ADDRESSES_WITHDRAWN, Phase.ADDRESSES_GONE),
    ],
)
def test_time_counts_from_when_it_was_seen_gone(phase: Phase, into: Phase) -> None:
    late = NOW + 30 * DAY
    failed = txt(status=DnsStatus.FAILED)
    unknown = DnsState(failed, (address(), address(status=DnsStatus.FAILED)))
    for seen in (THERE, unknown, DnsState(None)):
        got = asked(entered(phase), seen, now=late)
        assert (got.phase, got.is_new) == (phase, False)
        assert "DNS still has" in str(got.ruling)
    got = asked(entered(phase), GONE, now=late)
    assert (got.phase, got.is_new, got.ttl_seconds) == (into, True, 300)
    assert "run again after 2026-01-31 00:05 UTC" in str(got.ruling)
    assert got.ruling.until == late + dt.timedelta(seconds=300)
    assert not got.is_waiting  # this run writes the phase down


@pytest.mark.parametrize(
    ("phase", "into"),
    [
        (Phase.RECORD_GONE, Phase.ADDRESSES_WITHDRAWN),
        (Phase.ADDRESSES_GONE, Phase.HOST_WITHDRAWN),
    ],
)
def test_resolvers_are_given_their_time(phase: Phase, into: Phase) -> None:
    after = NOW + dt.timedelta(seconds=300)
    got = asked(entered(phase), GONE, now=after - dt.timedelta(seconds=1))
    assert (got.phase, got.is_new) == (phase, False)
    assert "run again after 2026-01-01 00:05 UTC" in str(got.ruling)
    assert got.ruling.until == after
    assert got.is_waiting
    got = asked(entered(phase), GONE, now=after)
    assert (got.phase, got.is_new, got.ruling.until) == (into, True, None)


def test_the_last_step_waits_for_what_somebody_else_has_published() -> None:
    after = NOW + dt.timedelta(seconds=300)
    left = replace(GONE, remaining=("_smtp._tls.example.gov",))
    got = asked(entered(Phase.ADDRESSES_GONE), left, now=after)
    assert (got.phase, got.is_new) == (Phase.ADDRESSES_GONE, False)
    assert "DNS still has _smtp._tls.example.gov" in str(got.ruling)
    assert "run again after" in asked(entered(Phase.ADDRESSES_GONE), left, now=NOW).ruling.text
    got = asked(entered(Phase.HOST_WITHDRAWN, 0), left)
    assert (got.phase, got.is_new) == (Phase.HOST_WITHDRAWN, False)


def test_what_is_retired_stays_so() -> None:
    got = asked(entered(Phase.HOST_WITHDRAWN, 0))
    assert (got.phase, got.is_new) == (Phase.HOST_WITHDRAWN, False)
    assert "Remove its entry from the stack file" in str(got.ruling)


def test_a_retirement_that_is_called_off_brings_everything_back() -> None:
    assert progress(ledger(), GONE, retire=False, ttl_seconds=300, now=NOW) is None
    got = progress(entered(Phase.RECORD_GONE), GONE, retire=False, ttl_seconds=300, now=NOW)
    assert got is not None
    assert (got.phase, got.is_new) == (Phase.KEPT, True)
    kept = entered(Phase.KEPT)
    assert progress(kept, GONE, retire=False, ttl_seconds=300, now=NOW) is None
    assert asked(kept, now=NOW + 8 * DAY).phase is Phase.RECORD_FREE


def test_another_body_calls_it_off_too() -> None:
    found = entered(Phase.RECORD_GONE)
    intended = intend(found, Policy(Mode.TESTING, 86_400, MX))
    later = Ledger((*found.entries, intended.entry(found.next_number, NOW)))
    assert later.last_phase is None


def test_protection_goes_one_phase_ahead_of_each_part() -> None:
    assert Phase.KEPT.parts == ALL
    order = list(Phase)
    for before, after in pairwise(order):
        for part in ("record", "addresses", "host"):
            had, has = getattr(before.parts, part), getattr(after.parts, part)
            assert had or not has
            if had and not has:
                assert not getattr(before.parts, f"protect_{part}")


STATUS = st.sampled_from(DnsStatus)
SEEN = st.builds(
    DnsState,
    st.none() | st.builds(lambda s, t: txt(*t, status=s), STATUS, st.sampled_from([(), ("x",)])),
    st.tuples(st.builds(lambda s, v: address(*v, status=s), STATUS, st.sampled_from([(), ("a",)])))
    | st.just(()),
)


@given(st.lists(st.tuples(SEEN, st.sampled_from([0, 1, 600, 86_400, 700_000])), max_size=25))
def test_whatever_is_observed_phases_only_advance(runs: list[tuple[DnsState, int]]) -> None:
    found, now, order = ledger(), NOW, list(Phase)
    last = Phase.KEPT
    for seen, seconds in runs:
        now += dt.timedelta(seconds=seconds)
        got = asked(found, seen, now=now)
        assert 0 <= order.index(got.phase) - order.index(last) <= 1
        if got.is_new:
            entry = PhaseEntered(found.next_number, now, got.phase, got.ttl_seconds)
            found = Ledger((*found.entries, entry))
        assert got.is_new or got.phase is last
        if got.phase is not Phase.KEPT:
            assert now >= NOW + 7 * DAY
        last = got.phase
