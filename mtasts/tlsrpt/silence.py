"""Whether a reporter has fallen silent: it sent reports at some pace, and now sends none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

# Reporters send nothing about a day without mail, so a gap says little of those that report rarely.
_DAYS_MIN = 3
_GAPS = 3
# A report of a day comes up to a day later (RFC 8460 section 4.1), and a weekend has two.
_QUIET_DAYS_MIN = 4


def quiet_days(last: dt.date, today: dt.date) -> int:
    """For how many days nothing has come since the day ``last``."""
    return max(0, (today - last).days)


def typical_gap(days: int, first: dt.date, last: dt.date) -> float:
    """How many days lie between two reports, for one that told of ``days`` days."""
    return (last - first).days / max(1, days - 1)


def is_silent(days: int, first: dt.date, last: dt.date, today: dt.date) -> bool:
    """Whether a reporter of ``days`` days has been quiet for longer than its pace explains.

    That is longer than three times the usual gap between its reports, and four days at least. One
    that told of fewer than three days has no pace.
    """
    if days < _DAYS_MIN:
        return False
    longest = max(_QUIET_DAYS_MIN, _GAPS * typical_gap(days, first, last))
    return quiet_days(last, today) > longest
