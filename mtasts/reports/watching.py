"""What the store says today, as alerts and metrics are made from it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from mtasts.tlsrpt.alerts import Failing, LeftOut, ReporterActivity, Sessions, Stored
from mtasts.tlsrpt.query_files import query_named
from mtasts.tlsrpt.tables import RANKS
from mtasts.tlsrpt.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from mtasts.reports.store import Store, Value

    Row = Mapping[str, Value]


class _Rows(Protocol):
    @property
    def domain(self) -> str:
        """The policy domain that a row is about."""


T = TypeVar("T", bound=_Rows)
_LOOK_BACK = dt.timedelta(days=90)
# What arrived and is no report by a look at its outside: it wakes nobody.
_NO_REPORT = frozenset({"domain-foreign"})


def look(store: Store, now: dt.datetime, domain: str = "", https: Collection[str] = ()) -> Stored:
    """What the store says of one ``domain``, or of all of them where it is empty.

    Reports that are verified count, and for the domains ``https`` those that were posted, too.

    Raises:
        UsageError: there is no store.
        StoreError: the folder cannot be read.
    """
    with store.asking():
        verified = _trusted(store, now, domain, Trust.VERIFIED)
        if not https:
            return verified
        posted = _trusted(store, now, domain, Trust.HTTPS)
    return replace(
        verified,
        sessions=_chosen(verified.sessions, posted.sessions, https),
        failing=_chosen(verified.failing, posted.failing, https),
        reporters=_chosen(verified.reporters, posted.reporters, https),
    )


def _chosen(verified: Iterable[T], posted: Iterable[T], https: Collection[str]) -> tuple[T, ...]:
    """Of each domain the rows that count there."""
    return (
        *(each for each in verified if each.domain not in https),
        *(each for each in posted if each.domain in https),
    )


def _trusted(store: Store, now: dt.datetime, domain: str, least: Trust) -> Stored:
    today = now.date()
    values: Mapping[str, Value] = {
        "since": today - _LOOK_BACK,
        "until": today,
        "domain": domain,
        "trust": RANKS[least],
    }

    def ask(name: str) -> Iterator[Row]:
        return store.ask(query_named(name), values).records()

    days: dict[tuple[str, str], tuple[dt.date, dt.date]] = {}
    for row in ask("first_seen"):
        key = _text(row, "domain"), _text(row, "result_type")
        first, last = _day(row, "first_day"), _day(row, "last_day")
        known = days.get(key, (first, last))
        days[key] = min(first, known[0]), max(last, known[1])
    return Stored(
        sessions=tuple(
            Sessions(_text(row, "domain"), _day(row), _int(row, "successful"), _int(row, "failed"))
            for row in ask("timeline")
        ),
        failing=tuple(Failing(*key, *span) for key, span in days.items()),
        reporters=tuple(
            ReporterActivity(
                _text(row, "domain"),
                _text(row, "reporter"),
                _int(row, "days"),
                _day(row, "first_day"),
                _day(row, "last_day"),
            )
            for row in ask("silence")
        ),
        quarantine=tuple(
            LeftOut(
                f"{row['report_key']} {row['body']}",
                f"the report {row['report_id']!r} of {row['reporter']} ({row['source']}) says "
                "something else than another one of that id",
                _day(row),
            )
            for row in ask("quarantine")
        ),
        unreadable=tuple(_unreadable(ask)),
    )


def _unreadable(ask: Callable[[str], Iterator[Row]]) -> Iterator[LeftOut]:
    for row in ask("dropped"):
        if row["may_hide_failures"] and row["kind"] not in _NO_REPORT:
            key = f"{row['kind']} {row['domain']} {row['reason']}"
            what = f"{row['source']}: {row['kind']}: {row['reason']}"
            yield LeftOut(key, what, _day(row, "last_day"))


def _day(row: Row, column: str = "day") -> dt.date:
    return cast("dt.date", row[column])


def _text(row: Row, column: str) -> str:
    return cast("str", row[column])


def _int(row: Row, column: str) -> int:
    return cast("int", row[column])
