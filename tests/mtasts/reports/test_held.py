"""Reports beside the ledger: the current policy or an old one, and whether it listed the MX."""

from __future__ import annotations

import datetime as dt

import pytest

from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import Body, Proof
from mtasts.ledger.history import Ledger
from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy, policy_id
from mtasts.reports.held import History, history_of
from mtasts.tlsrpt.applied import Applied

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NOW = BEGIN + dt.timedelta(days=60)
DAY = 86_400
OLD = Policy(Mode.ENFORCE, 10 * DAY, (MxPattern("mx1.a.example"),))
NEW = Policy(Mode.ENFORCE, 10 * DAY, (MxPattern("mx2.a.example"),))
NONE = Policy(Mode.NONE, DAY, ())


def ledger(*policies: tuple[int, Policy], unproven: bool = False) -> Ledger:
    """Each policy written and proven on the day that is given."""
    entries: list[Body | Proof] = []
    for revision, (day, policy) in enumerate(policies):
        body, at = policy.render(), BEGIN + dt.timedelta(days=day)
        id_ = policy_id(body, revision)
        entries.append(Body(len(entries) + 1, at, body, revision, id_))
        if not unproven:
            entries.append(Proof(len(entries) + 1, at, id_))
    return Ledger(tuple(entries))


def on(day: int) -> dt.date:
    return (BEGIN + dt.timedelta(days=day)).date()


def applied(policy: Policy) -> Applied:
    patterns = tuple(sorted(map(str, policy.mx)))
    return Applied(policy.mode, str(policy.max_age), patterns)


HISTORY = History.of(ledger((0, OLD), (30, NEW)), NOW)


@pytest.mark.parametrize(
    ("policy", "first", "last", "says"),
    [
        (NEW, 31, 40, "current"),
        (NEW, 1, 9, "not served then"),
        (OLD, 5, 6, "old"),
        (OLD, 39, 39, "old"),
        (OLD, 45, 50, "not served then"),
        (OLD, 35, 50, "old"),
    ],
    ids=["current", "before", "old", "still-held", "lapsed", "overlaps"],
)
def test_which_policy_a_sender_held(policy: Policy, first: int, last: int, says: str) -> None:
    assert HISTORY.standing(applied(policy), on(first), on(last)) == says


def test_a_policy_that_a_report_does_not_describe_is_not_stated() -> None:
    assert HISTORY.standing(Applied(hosts=("mx1.a.example",)), on(5), on(6)) == "not stated"


@pytest.mark.parametrize(
    ("host", "day", "says"),
    [
        ("mx1.a.example", 5, "yes"),
        ("mx2.a.example", 5, "no"),
        ("mx2.a.example", 31, "yes"),
        ("mx1.a.example", 35, "yes"),
        ("mx1.a.example", 50, "no"),
        ("=cmd <script>", 5, "no"),
        ("", 5, "not known"),
        ("mx1.a.example", -9, "not known"),
    ],
    ids=["listed", "not-yet", "new", "still-held", "lapsed", "no-name", "empty", "before"],
)
def test_whether_a_policy_of_those_days_lists_a_host(host: str, day: int, says: str) -> None:
    assert HISTORY.lists(host, on(day), on(day)) == says


def test_a_ledger_that_cannot_be_read_is_not_known_with_the_reason() -> None:
    history = History.of(UndeterminedError("no\x1b credentials\nmore"), NOW)
    assert history.problem == "no\\x1b credentials"
    assert history.standing(applied(NEW), on(1), on(2)) == "not known"
    assert history.lists("mx1.a.example", on(1), on(2)) == "not known"
    assert history_of({}, "b.example").problem == "no stack has it"
    assert history_of({"b.example": HISTORY}, "b.example") is HISTORY


def test_after_mode_none_no_policy_is_current_and_an_unproven_one_was_not_served() -> None:
    ended = History.of(ledger((0, OLD), (30, NONE)), NOW)
    assert ended.standing(applied(OLD), on(31), on(31)) == "old"
    unproven = History.of(ledger((0, OLD), unproven=True), NOW)
    assert unproven.standing(applied(OLD), on(1), on(1)) == "not served then"
    assert History.of(Ledger(), NOW).lists("mx1.a.example", on(1), on(1)) == "not known"
