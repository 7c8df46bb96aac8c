"""What the stored TLS reports give reason to wake somebody for, each told once.

Pure: `judge` compares what the store says today with what was told before.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mtasts.errors import MtaStsError
from mtasts.findings import Severity, printable
from mtasts.json_fields import JsonError, read_fields, read_texts
from mtasts.links import rfc_url
from mtasts.tlsrpt.alert_table import (
    FAILURE_NEW,
    FAILURE_SHARE,
    QUARANTINE,
    SILENCE,
    UNREADABLE,
    AlertKind,
)
from mtasts.tlsrpt.meaning import meaning_of
from mtasts.tlsrpt.silence import is_silent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

VERSION = 1
STATE_MAX_BYTES = 16 * 1024 * 1024
ALERTS_MAX = 500
# A type that was not reported for so long is new again, and what is older wakes nobody.
_FORGOTTEN = dt.timedelta(days=30)
_RECENT = dt.timedelta(days=14)
# By the days of the window: an alert begins above the first share, and is over below the second.
WINDOWS = {2: (0.05, 0.025), 14: (0.02, 0.01), 90: (0.01, 0.005)}
# Of fewer sessions, a share says nothing.
_SESSIONS_MIN = 20


class AlertStateError(MtaStsError):
    """The file of what was told cannot be read, so nobody knows what was."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions with one domain on one day."""

    domain: str
    day: dt.date
    successful: int
    failed: int


@dataclass(frozen=True, slots=True)
class Failing:
    """A result type of one domain: the days that it was first and last reported."""

    domain: str
    result_type: str
    first: dt.date
    last: dt.date


@dataclass(frozen=True, slots=True)
class ReporterActivity:
    """What a reporter told of a domain: on how many days, and on which first and last."""

    domain: str
    reporter: str
    days: int
    first: dt.date
    last: dt.date


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What cannot be used: a report in quarantine, or a file or row; ``key`` tells it apart."""

    key: str
    what: str
    last: dt.date


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store says today, of reports that are trusted."""

    sessions: tuple[Sessions, ...] = ()
    failing: tuple[Failing, ...] = ()
    reporters: tuple[ReporterActivity, ...] = ()
    quarantine: tuple[LeftOut, ...] = ()
    unreadable: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to be told, or that one which was told is over.

    ``domain`` is empty where it is about no domain; ``summary`` says what is so, ``to_do`` what to
    do about it.
    """

    kind: AlertKind
    at: dt.datetime
    domain: str
    summary: str
    to_do: str
    is_over: bool = False

    @property
    def severity(self) -> Severity:
        """That of its kind; what is over is information."""
        return Severity.INFO if self.is_over else self.kind.severity

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "at": self.at.isoformat(),
            "id": self.kind.id,
            "severity": self.severity.label,
            "domain": self.domain or None,
            "is_over": self.is_over,
            "summary": self.summary,
            "to_do": self.to_do,
            "page": self.kind.page,
            "link": rfc_url(self.kind.clause),
        }

    def __str__(self) -> str:
        where = f"{self.domain}: " if self.domain else ""
        over = "over: " if self.is_over else ""
        link = rfc_url(self.kind.clause)
        do = "" if self.is_over else f": {self.to_do} ({self.kind.page}, {link})"
        return (
            f"{self.at:%Y-%m-%dT%H:%M:%SZ} {self.severity.label} {self.kind.id}: {where}{over}"
            f"{self.summary}{do}"
        )


@dataclass(frozen=True, slots=True)
class AlertState:
    """What was told: by the key of each alert, the day that it was last about."""

    last_days: Mapping[str, dt.date] = field(default_factory=dict)


def sums(sessions: Iterable[Sessions], today: dt.date) -> dict[tuple[str, int], tuple[int, int]]:
    """Failed sessions and all, by domain and by the days of the window that ends with ``today``."""
    found: dict[tuple[str, int], tuple[int, int]] = {}
    for each in sessions:
        for days in WINDOWS:
            failed, total = found.get((each.domain, days), (0, 0))
            if dt.timedelta(0) <= today - each.day <= dt.timedelta(days=days):
                failed, total = failed + each.failed, total + each.successful + each.failed
            found[each.domain, days] = failed, total
    return found


def judge(stored: Stored, before: AlertState, now: dt.datetime) -> tuple[AlertState, list[Alert]]:
    """What is told after this look, and what has to be told of it, the gravest first.

    No more than `ALERTS_MAX` at once; the rest comes after the next look.
    """
    today = now.date()
    last_days = dict(before.last_days)
    found = [
        *_failures(stored.failing, before, today),
        *_shares(stored.sessions, before, today),
        *_silences(stored.reporters, before, today),
        *_left_out(QUARANTINE, stored.quarantine, before, today),
        *_left_out(UNREADABLE, stored.unreadable, before, today),
    ]
    found.sort(key=lambda each: (-each.severity, each.key))
    alerts = []
    for each in found[:ALERTS_MAX]:
        if each.is_over:
            last_days.pop(each.key, None)
        else:
            last_days |= dict.fromkeys((each.key, *each.merged_keys), each.day)
        alerts.append(
            Alert(each.kind, now, each.domain, each.summary, each.to_do, is_over=each.is_over)
        )
    current = {key: day for key, day in last_days.items() if _is_kept(key, day, today)}
    return AlertState(_still_failing(current, stored.failing)), alerts


@dataclass(frozen=True, slots=True)
class _Found:
    """An alert before it has its time; ``key`` is its identity, ``day`` what it is about.

    What has the keys ``merged_keys`` is told by it, too.
    """

    kind: AlertKind
    key: str
    day: dt.date
    domain: str
    summary: str
    to_do: str
    is_over: bool = False
    merged_keys: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        return Severity.INFO if self.is_over else self.kind.severity


def _key(kind: AlertKind, *parts: str) -> str:
    return json.dumps([kind.id, *parts])


def parts_of(key: str) -> tuple[str, ...]:
    """The kind of a key and what it is about.

    Raises:
        JsonError: it is no list of texts, or an empty one.
    """
    kind, *parts = read_texts(key, STATE_MAX_BYTES)
    return kind, *parts


def _failures(failing: Iterable[Failing], before: AlertState, today: dt.date) -> Iterator[_Found]:
    """Result types that nobody reported of the domain in the days before."""
    for each in failing:
        key = _key(FAILURE_NEW, each.domain, each.result_type)
        last_day = before.last_days.get(key)
        is_new = last_day is None or each.last - last_day > _FORGOTTEN
        if is_new and today - each.last <= _RECENT:
            meaning = meaning_of(each.result_type)
            summary = f"senders report {each.result_type} since {each.first}: {meaning.means}"
            if last_day is not None:
                summary = f"senders report {each.result_type} again: {meaning.means}"
            yield _Found(FAILURE_NEW, key, each.last, each.domain, summary, meaning.to_do)


def _still_failing(last_days: dict[str, dt.date], failing: Iterable[Failing]) -> dict[str, dt.date]:
    """With the last day of each type that goes on, so that only one that stopped is new again."""
    for each in failing:
        key = _key(FAILURE_NEW, each.domain, each.result_type)
        if key in last_days:
            last_days[key] = max(last_days[key], each.last)
    return last_days


def _shares(sessions: Iterable[Sessions], before: AlertState, today: dt.date) -> Iterator[_Found]:
    """Domains of which more sessions fail than should, over each window of days.

    Windows that begin to have too many at once are told as one, by the shortest of them.
    """
    begun: dict[str, list[tuple[str, str]]] = {}
    for (domain, days), (failed, total) in sums(sessions, today).items():
        begins, ends = WINDOWS[days]
        key = _key(FAILURE_SHARE, domain, str(days))
        share = failed / total if total else 0.0
        share_text = f"{share:.1%} of {total} sessions of the last {days} days failed"
        if key not in before.last_days and total >= _SESSIONS_MIN and share > begins:
            begun.setdefault(domain, []).append(
                (key, f"{share_text}; more than {begins:.0%} is told")
            )
        elif key in before.last_days and share < ends:
            yield _Found(FAILURE_SHARE, key, today, domain, share_text, "", is_over=True)
    for domain, ((key, summary), *more) in begun.items():
        merged_keys = tuple(other for other, _ in more)
        to_do = FAILURE_SHARE.to_do
        yield _Found(FAILURE_SHARE, key, today, domain, summary, to_do, merged_keys=merged_keys)


def _silences(
    reporters: Iterable[ReporterActivity], before: AlertState, today: dt.date
) -> Iterator[_Found]:
    """Reporters that told of a domain at some pace, and now do not."""
    for each in reporters:
        key = _key(SILENCE, each.domain, each.reporter)
        silent = is_silent(each.days, each.first, each.last, today)
        is_told = key in before.last_days
        if silent and not is_told and today - each.last <= _FORGOTTEN:
            summary = f"{each.reporter} has reported nothing since {each.last}"
            yield _Found(SILENCE, key, today, each.domain, summary, SILENCE.to_do)
        elif is_told and not silent:
            summary = f"{each.reporter} reports again, last of {each.last}"
            yield _Found(SILENCE, key, today, each.domain, summary, "", is_over=True)


def _left_out(
    kind: AlertKind, rows: Iterable[LeftOut], before: AlertState, today: dt.date
) -> Iterator[_Found]:
    """What is told the first time, and again where more of it came on a later day."""
    for each in rows:
        key = _key(kind, each.key)
        last_day = before.last_days.get(key)
        if (last_day is None or each.last > last_day) and today - each.last <= _RECENT:
            yield _Found(kind, key, each.last, "", each.what, kind.to_do)


def _is_kept(key: str, day: dt.date, today: dt.date) -> bool:
    """Whether it is remembered: a share or a silence until it is over, all else for its time."""
    if parts_of(key)[0] in (FAILURE_SHARE.id, SILENCE.id):
        return today - day <= dt.timedelta(days=400)
    return today - day <= 2 * _FORGOTTEN


def read_alert_state(raw: bytes) -> AlertState:
    """What was told, from the bytes of its file.

    Raises:
        AlertStateError: the file is damaged, too large or of another version.
    """
    try:
        found = read_fields(raw, STATE_MAX_BYTES)
        if found.whole("version") != VERSION:
            raise AlertStateError(f"it is of version {found.whole('version')}")
        fields = found.fields("told")
        days = {key: fields.date(key) for key in fields}
        for key in days:
            parts_of(key)
    except JsonError as error:
        raise AlertStateError(f"it cannot be read: {printable(str(error), 200)}") from error
    return AlertState(days)


def render_alert_state(state: AlertState) -> bytes:
    """What was told, as a file."""
    last_days = {key: str(day) for key, day in sorted(state.last_days.items())}
    return json.dumps({"version": VERSION, "told": last_days}, indent=1).encode("ascii") + b"\n"
