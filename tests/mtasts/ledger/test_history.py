"""The ledger: what it remembers, what follows from it, and that it never guesses."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtasts.clock import SKEW
from mtasts.ledger.entries import (
    ENTRY_MAX_BYTES,
    Adopted,
    Body,
    Delegated,
    Entry,
    Hosted,
    HostTarget,
    LedgerError,
    MxSeen,
    PhaseEntered,
    Proof,
    ProtectionChanged,
    StageEntered,
    ZoneSeen,
    parse_entry,
    render_entry,
)
from mtasts.ledger.history import Departure, Intended, Ledger, intend, read
from mtasts.ledger.phases import Phase
from mtasts.ledger.stages import Stage
from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy, policy_id
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Sequence

T0 = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def policy(host: str = "a", mode: Mode = Mode.TESTING, max_age: int = 86400) -> Policy:
    return Policy(mode, max_age, (MxPattern(f"{host}.example.gov"),))


def rolled(*steps: tuple[Policy, str] | str, start: Ledger | None = None) -> Ledger:
    """A ledger after publishing each policy a day after the other; ``proven`` proves the last."""
    ledger = start or Ledger()
    for number, step in enumerate(steps):
        now = T0 + number * DAY
        entry: Entry
        if step == "proven":
            assert ledger.last_body is not None
            entry = Proof(ledger.next_number, now, ledger.last_body.id, ("192.0.2.1",))
        else:
            assert not isinstance(step, str)
            intended = intend(ledger, *step)
            if intended.is_recorded:
                continue
            entry = intended.entry(ledger.next_number, now)
        ledger = Ledger((*ledger.entries, entry))
    return ledger


A, B = (policy("a"), ""), (policy("b"), "")


def test_a_new_domain_begins_with_revision_0() -> None:
    body = policy().render()
    assert intend(Ledger(), policy()) == Intended(body, 0, policy_id(body, 0))


def test_a_body_that_comes_back_gets_an_id_of_its_own() -> None:
    ids = [body.id for body in rolled(A, B, A).bodies]
    assert len(set(ids)) == 3


def test_a_failed_run_and_its_rerun_give_one_id() -> None:
    once = rolled(A, B)
    again = intend(once, policy("b"))
    assert once.last_body is not None
    assert (again.id, again.is_recorded) == (once.last_body.id, True)


def test_a_failed_run_taken_back_gets_a_new_id_for_the_old_body() -> None:
    # B's entry stands, its body may have gone out, and the old id may have met it.
    back = intend(rolled(A, "proven", B), policy("a"))
    assert (back.revision, back.is_recorded) == (2, False)


def test_another_token_gives_the_same_policy_a_new_id() -> None:
    ledger = rolled(A)
    assert intend(ledger, policy("a"), "1").id != intend(ledger, policy("a")).id
    assert intend(rolled(A, (policy("a"), "1")), policy("a"), "1").is_recorded


@pytest.mark.parametrize(
    ("steps", "burnt"), [((A,), True), ((A, "proven"), False)], ids=["unproven", "proven"]
)
def test_a_live_id_whose_body_was_never_seen_is_burnt(
    steps: Sequence[tuple[Policy, str] | str], burnt: bool
) -> None:
    ledger = rolled(*steps)
    assert ledger.last_body is not None
    found = intend(ledger, policy("a"), live_id=ledger.last_body.id)
    assert found.is_recorded is not burnt
    assert (found.id != ledger.last_body.id) is burnt
    assert intend(ledger, policy("a"), live_id="another").is_recorded


def test_an_adopted_body_stays_as_it_is_while_the_policy_means_the_same() -> None:
    foreign = b"version: STSv1\nmx: a.example.gov\nmode: testing\nmax_age: 86400\n"
    ledger = Ledger((Body(1, T0, foreign, 0, "20200101"),))
    same = intend(ledger, policy("a"))
    assert (same.body, same.id, same.is_recorded) == (foreign, "20200101", True)
    changed = intend(ledger, policy("b"))
    assert (changed.body, changed.revision) == (policy("b").render(), 1)


@given(st.lists(st.sampled_from([A, B, (policy("a"), "x"), "proven"]), max_size=12))
def test_no_two_entries_ever_share_an_id(steps: list[tuple[Policy, str] | str]) -> None:
    bodies = rolled(A, *steps).bodies
    assert len({body.id for body in bodies}) == len(bodies)


def test_a_body_is_held_from_the_day_another_was_seen_in_its_place() -> None:
    ledger = rolled(A, "proven", B)
    a, b = ledger.bodies
    now = T0 + 100 * DAY
    # B was written ahead, but never seen: senders may go on fetching A.
    assert ledger.held_until(a, now) == now + DAY + SKEW
    proven = rolled(A, "proven", B, "proven")
    assert proven.held_until(a, now) == T0 + 3 * DAY + DAY + SKEW
    assert proven.may_be_held(T0 + 3 * DAY) == (a, b)
    assert proven.may_be_held(now) == (b,)


def test_a_max_age_beyond_the_limit_is_cut_and_no_policy_is_held_not_at_all() -> None:
    assert Body(1, T0, policy(max_age=9_999_999_999).render(), 0, "1").holds_for.days == 365
    assert Body(1, T0, b"<html>", 0, "1").holds_for == dt.timedelta(0)


def test_the_last_proven_body_is_the_newest_that_was_seen() -> None:
    ledger = rolled(A, "proven", B)
    assert ledger.last_proven == ledger.bodies[0]
    assert rolled(A).last_proven is None
    assert Ledger().last_body is None


def test_protection_begins_with_the_first_enforce_and_does_not_end() -> None:
    enforce = (policy("a", Mode.ENFORCE), "")
    assert not rolled(A, B).has_enforced
    assert rolled(A, enforce, A).has_enforced
    assert not Ledger((Body(1, T0, b"<html>", 0, "1"),)).has_enforced


def test_a_host_has_left_from_the_first_look_that_missed_it() -> None:
    looks = (("a", "b"), ("b",), ("b",), ("a", "b"), ("b", "c"))
    ledger = Ledger(
        tuple(MxSeen(n, T0 + n * DAY, hosts, 300 + n) for n, hosts in enumerate(looks, start=1))
    )
    now = T0 + 9 * DAY
    assert ledger.departed(now) == {
        "a": Departure(T0 + 5 * DAY, 304),  # the second time; the first does not count any more
        "b": Departure(now, 305),
        "c": Departure(now, 305),
    }
    assert ledger.last_mx == ledger.entries[-1]
    assert Ledger().departed(now) == {}
    assert Ledger().last_mx is None


TIMES = st.integers(0, 100 * 366 * 86400).map(lambda seconds: T0 + dt.timedelta(seconds=seconds))
WORDS = st.lists(st.text(max_size=20), max_size=3).map(tuple)
ENTRIES = st.one_of(
    st.builds(
        Body,
        st.just(7),
        TIMES,
        st.binary(max_size=100),
        st.integers(0, 99),
        st.text(max_size=32),
        st.text(max_size=9),
    ),
    st.builds(Proof, st.just(7), TIMES, st.text(max_size=32), WORDS, WORDS),
    st.builds(MxSeen, st.just(7), TIMES, WORDS, st.integers(0, 2**31)),
    st.builds(ProtectionChanged, st.just(7), TIMES, st.booleans()),
    st.builds(Hosted, st.just(7), TIMES, st.text(max_size=9)),
    st.builds(
        HostTarget,
        st.just(7),
        TIMES,
        st.text(max_size=9),
        st.none() | st.text(min_size=1, max_size=9),
        st.integers(0, 2**31),
    ),
    st.builds(Delegated, st.just(7), TIMES, st.text(max_size=9), st.integers(0, 2**31)),
    st.builds(StageEntered, st.just(7), TIMES, st.sampled_from(Stage)),
    st.builds(PhaseEntered, st.just(7), TIMES, st.sampled_from(Phase), st.integers(0, 2**31)),
    st.builds(
        ZoneSeen,
        st.just(7),
        TIMES,
        st.builds(HostedZone, st.text(max_size=9), st.text(max_size=9), st.frozensets(st.text())),
    ),
    st.builds(Adopted, st.just(7), TIMES, st.integers(0, 2**31), st.text(max_size=20)),
)


@given(ENTRIES)
def test_an_entry_is_read_as_it_was_written(entry: Entry) -> None:
    assert parse_entry(render_entry(entry), 7) == entry


def good(**changes: object) -> bytes:
    entry = json.loads(render_entry(Body(1, T0, b"x", 0, "1"))) | changes
    return json.dumps(entry).encode()


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        pytest.param(b"", "cannot be read", id="empty"),
        pytest.param(b"[]", "cannot be read", id="list"),
        pytest.param(b"[" * 100_000, "cannot be read", id="deep"),
        pytest.param(b"x" * (ENTRY_MAX_BYTES + 1), "larger than", id="large"),
        pytest.param(good(version=2), "version 2", id="newer"),
        pytest.param(good(number=2), "number 2", id="moved"),
        pytest.param(good(version=True), "version: True is no whole number", id="version"),
        pytest.param(good(kind="other"), "kind: 'other' is none of body, proof", id="kind"),
        pytest.param(good(at="yesterday"), "cannot be read", id="time"),
        pytest.param(good(at="2026-01-01T00:00:00"), "without a zone", id="zone"),
        pytest.param(good(body="*"), "no readable body", id="base64"),
        pytest.param(good(revision=-1), "no whole number", id="negative"),
        pytest.param(good(revision=True), "no whole number", id="boolean"),
        pytest.param(good(id=7), "entry 1 of the ledger cannot be read: id: 7 is no text", id="id"),
        pytest.param(good(kind="mx", hosts="a", ttl_seconds=1), "no list", id="hosts"),
        pytest.param(good(kind="freed", is_free=1), "neither true nor false", id="freed"),
        pytest.param(good(kind="phase", phase="x", ttl_seconds=1), "cannot be read", id="phase"),
    ],
)
def test_an_entry_that_is_not_understood_is_no_entry(raw: bytes, says: str) -> None:
    with pytest.raises(LedgerError, match=says):
        parse_entry(raw, 1)


def test_a_missing_entry_is_named() -> None:
    objects = {n: render_entry(MxSeen(n, T0, (), 0)) for n in (1, 2, 4)}
    with pytest.raises(LedgerError, match="entry 3 of the ledger is missing"):
        read(objects)
    del objects[4]
    assert [entry.number for entry in read(objects).entries] == [1, 2]
    assert read({}) == Ledger()


def test_what_was_taken_over_may_have_been_enforced() -> None:
    adopted = Adopted(1, T0, 86_400)
    assert Ledger((adopted,)).has_enforced
    assert Ledger((adopted,)).adopted == adopted
    assert Ledger().adopted is None


def test_the_last_stage_counts() -> None:
    assert Ledger().stage is None
    entries = (StageEntered(1, T0, Stage.REQUESTED), StageEntered(2, T0, Stage.ISSUED))
    assert Ledger(entries).stage is Stage.ISSUED
