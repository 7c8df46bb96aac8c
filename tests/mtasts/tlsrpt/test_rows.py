"""The rows that a report has in the tables."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from msgspec.structs import replace
from report_samples import ARRIVED, FIRST, receipt, report, result

from mtasts.tlsrpt.report import Failure
from mtasts.tlsrpt.rows import Arrival, Skipped, day_of, entry_of, report_key
from mtasts.tlsrpt.sessions import repeated
from mtasts.tlsrpt.tables import ENTRY, RANKS, TABLES
from mtasts.tlsrpt.trust import Trust


def rows(arrived: Arrival | Skipped) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(str(entry_of(arrived)["content"]))
    return found


def test_an_entry_has_every_column() -> None:
    skipped = Skipped("x", "y", ARRIVED, "file", "z", "ab")
    for arrived in (Arrival(report(), receipt()), skipped):
        assert set(entry_of(arrived)) == {each.name for each in ENTRY.columns}


def test_each_row_has_every_column_of_its_table() -> None:
    each = Failure("certificate-expired", 1)
    found = rows(Arrival(report(result(each, failures=2)), receipt(), foreign={"b.example": 1}))
    for name, of_table in found.items():
        assert of_table
        for row in of_table:
            assert set(row) == {column.name for column in TABLES[name].own} - {"counted_body"}


def test_a_trust_has_a_rank_and_verified_the_highest() -> None:
    assert sorted(Trust, key=lambda each: -RANKS[each]) == list(Trust)


@pytest.mark.parametrize(
    "other",
    [
        ("sender.example", report(report_id="2")),
        ("sender.example", report(day=1)),
        ("sender.example", replace(report(), end=FIRST + dt.timedelta(hours=1))),
        ("other.example", report()),
    ],
    ids=["report-id", "day", "end", "submitter"],
)
def test_another_identity_has_another_key(other: Any) -> None:
    assert report_key("sender.example", report()) != report_key(*other)


def test_the_key_is_the_same_in_another_zone_and_whatever_the_report_says() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    same = replace(report(result(successes=9)), begin=FIRST.astimezone(zone))
    assert report_key("sender.example", report()) == report_key("sender.example", same)
    assert entry_of(Arrival(report(), receipt()))["report_key"] == report_key(
        "sender.example", report()
    )
    assert (
        entry_of(Arrival(same, receipt()))["body"] != entry_of(Arrival(report(), receipt()))["body"]
    )


@pytest.mark.parametrize(("hours", "day"), [(0, 1), (1, 1), (24, 1), (25, 2), (48, 2)], ids=str)
def test_the_day_is_the_last_one(hours: int, day: int) -> None:
    found = replace(report(), end=FIRST + dt.timedelta(hours=hours))
    assert day_of(found) == dt.date(2026, 1, day)


def test_failures_that_no_detail_explains_are_a_row() -> None:
    known, unknown = Failure("certificate-expired", 2), Failure("sts-policy-invalid", None)
    told = rows(Arrival(report(result(known, failures=5)), receipt()))["failures"]
    assert [(each["result_type"], each["sessions"], each["detail_row"]) for each in told] == [
        ("certificate-expired", 2, 0),
        ("unspecified", 3, -1),
    ]
    told = rows(Arrival(report(result(known, unknown, failures=5)), receipt()))["failures"]
    assert [each["sessions"] for each in told] == [2, None, 5]
    assert len(rows(Arrival(report(result(known, failures=1)), receipt()))["failures"]) == 1


def test_a_failure_of_dane_alone_does_not_concern_mta_sts() -> None:
    each = Failure("tlsa-invalid", 1)
    found = report(result(each, policy_type="tlsa", successes=1), result(each))
    told = rows(Arrival(found, receipt()))["failures"]
    assert [row["concerns_sts"] for row in told] == [False, True]


@pytest.mark.parametrize(
    ("second", "is_repeat"),
    [
        (result(policy_type="tlsa"), True),
        (result(policy_type="tlsa", successes=11), False),
        (result(policy_type="tlsa", domain="b.example"), False),
        (result(policy_type="sts"), False),
        (result(policy_type="no-policy-found"), False),
    ],
    ids=["repeat", "counts", "domain", "sts", "other"],
)
def test_the_same_sessions_under_two_policies_count_once(second: Any, is_repeat: bool) -> None:
    assert repeated((result(), second)) == ({1} if is_repeat else set())
    entry = entry_of(Arrival(report(result(), second), receipt()))
    assert entry["successful"] == 10 + (0 if is_repeat else second.successes)


def test_rows_without_sessions_repeat_nothing() -> None:
    assert not repeated((result(successes=0), result(successes=0, policy_type="tlsa")))
