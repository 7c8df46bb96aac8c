"""Whether a reporter has fallen silent."""

from __future__ import annotations

import datetime as dt

import pytest

from mtasts.tlsrpt.silence import is_silent, quiet_days, typical_gap

FIRST = dt.date(2026, 1, 1)


@pytest.mark.parametrize(
    ("days", "last", "today", "silent"),
    [
        (10, 10, 14, False),
        (10, 10, 15, True),
        (2, 10, 60, False),
        (3, 3, 8, True),
        (4, 31, 60, False),
        (4, 31, 62, True),
        (10, 10, 5, False),
    ],
    ids=["four-days", "five-days", "no-pace", "three-reports", "weekly", "weekly-gone", "future"],
)
def test_a_reporter_is_silent_once_its_pace_does_not_explain_the_quiet(
    days: int, last: int, today: int, *, silent: bool
) -> None:
    end, now = (FIRST + dt.timedelta(days=each - 1) for each in (last, today))
    assert is_silent(days, FIRST, end, now) is silent


def test_the_gap_of_one_report_is_none_and_no_day_is_quiet_before_it_is_over() -> None:
    assert typical_gap(1, FIRST, FIRST) == 0
    assert typical_gap(3, FIRST, FIRST + dt.timedelta(days=14)) == 7
    assert quiet_days(FIRST, FIRST - dt.timedelta(days=1)) == 0
