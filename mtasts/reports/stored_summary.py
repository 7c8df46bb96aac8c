"""What the store knows of one policy domain, as the gates of `enforce` read it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, cast

from mtasts.tlsrpt.applied import Applied
from mtasts.tlsrpt.query_files import query_named
from mtasts.tlsrpt.report import Drop, DroppedRow
from mtasts.tlsrpt.summary import STS, Dropped, FailureDay, Reporter, ReportSummary, bounded
from mtasts.tlsrpt.tables import RANKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mtasts.reports.store import Store, Value
    from mtasts.tlsrpt.trust import Trust

    Row = Mapping[str, Value]
    Ask = Callable[[str], Iterator[Row]]

# The gates look back 60 days, and a conflict counts as long.
_LOOK_BACK = dt.timedelta(days=90)


def stored_summary(store: Store, domain: str, now: dt.datetime, least: Trust) -> ReportSummary:
    """The sum of what the store has about ``domain``, of reports of at least the ``least`` trust.

    What is dated after ``now``, not trusted, in quarantine or was left out is named, as
    `mtasts.tlsrpt.summary.summarise` names it of files.

    Raises:
        UsageError: there is no store.
        StoreError: the folder cannot be read.
    """
    with store.asking():
        return _summary(store, domain, now, least)


def _summary(store: Store, domain: str, now: dt.datetime, least: Trust) -> ReportSummary:
    today = now.date()
    values: Mapping[str, Value] = {
        "since": today - _LOOK_BACK,
        "until": dt.date.max,
        "domain": domain,
        "trust": RANKS[least],
    }

    def ask(name: str) -> Iterator[Row]:
        return store.ask(query_named(name), values).records()

    failures: dict[tuple[dt.date, str, str, str], int] = defaultdict(int)
    dropped: list[Dropped] = []
    for row in ask("failure_policies"):
        if row["concerns_sts"] and row["sessions"]:
            key = (_day(row), _text(row, "reporter"), _text(row, "result_type"), _text(row, "mx"))
            failures[key] += _number(row, "sessions")
    ahead = {key for key in failures if key[0] > today}
    days: dict[tuple[str, Applied], set[dt.date]] = defaultdict(set)
    late: dict[tuple[dt.date, str], bool] = {key[:2]: True for key in ahead}
    for row in ask("reporter_days"):
        day, reporter = _day(row), _text(row, "reporter")
        if day > today:
            late.setdefault((day, reporter), False)
        elif row["policy_type"] == STS and row["successful"]:
            days[reporter, _applied(row)].add(day)
    for (day, reporter), may_hide in late.items():
        why = f"a report of {reporter} is dated {day}, which is not over yet"
        dropped.append(Dropped(Drop.FUTURE, "the store", why, day, reporter, may_hide))
    dropped += [*_untrusted(ask, least), *_conflicts(ask), *_left_out(store, values, domain)]
    totals = next(ask("totals"), None)
    return ReportSummary(
        reports=_number(totals, "reports") if totals else 0,
        reporters=tuple(
            Reporter(*key, tuple(sorted(found)))
            for key, found in sorted(days.items(), key=lambda each: repr(each[0]))
        ),
        successes=_number(totals, "successful") if totals else 0,
        failures=tuple(
            FailureDay(*key, failures[key]) for key in sorted(failures) if key not in ahead
        ),
        dropped=bounded(dropped),
    )


def _untrusted(ask: Ask, least: Trust) -> Iterator[Dropped]:
    for row in ask("untrusted"):
        reporter = _text(row, "reporter")
        why = (
            f"{row['reports']} reports of {reporter} with {row['successful']} good and "
            f"{row['failed']} failed sessions are {row['trust']}, and only those that are {least} "
            "or better count"
        )
        yield Dropped(
            Drop.UNTRUSTED, "the store", why, _day(row, "last_day"), reporter, bool(row["failed"])
        )


def _conflicts(ask: Ask) -> Iterator[Dropped]:
    for row in ask("conflicts"):
        why = f"it has the same id as another report, {row['report_id']!r}, but other content"
        yield Dropped(Drop.CONFLICT, _text(row, "source"), why, _day(row), _text(row, "reporter"))


def _left_out(store: Store, values: Mapping[str, Value], domain: str) -> Iterator[Dropped]:
    """Files and rows that may be about the domain; of a row it may not be clear which one it is."""
    kinds = {str(each): each for each in Drop}
    for row in store.ask(query_named("dropped"), {**values, "domain": ""}).records():
        kind = kinds.get(_text(row, "kind"), Drop.FILE)
        place = DroppedRow(kind, "", "", _text(row, "domain") or None)
        if row["kind"] != "domain-foreign" and place.may_concern(domain):
            yield Dropped(
                kind,
                _text(row, "source"),
                _text(row, "reason"),
                _day(row, "last_day"),
                may_hide_failures=bool(row["may_hide_failures"]),
            )


def _applied(row: Row) -> Applied:
    mx, hosts = (tuple(_text(row, name).split()) for name in ("policy_mx", "mx_hosts"))
    return Applied(_text(row, "mode"), _text(row, "max_age"), mx, hosts)


def _day(row: Row, column: str = "day") -> dt.date:
    return cast("dt.date", row[column])


def _text(row: Row, column: str) -> str:
    return cast("str", row[column])


def _number(row: Row, column: str) -> int:
    return cast("int", row[column])
