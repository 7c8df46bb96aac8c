"""Adds up reports about one policy domain: reporters, days, and failures.

Whoever knows the address may send a report, so what is left out is as telling as what is counted:
each file, report and row that counts for nothing is named, with whether it may hide failures.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtasts.clock import SKEW
from mtasts.tlsrpt.applied import Applied
from mtasts.tlsrpt.report import Drop
from mtasts.tlsrpt.sessions import repeated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mtasts.tlsrpt.report import DroppedRow, PolicyResult, Report

STS = "sts"
# Failures that concern DANE alone say nothing of MTA-STS (RFC 8460 section 4.3.2.1), unless an
# entry about the MTA-STS policy has them.
DANE_ONLY = frozenset({"tlsa-invalid", "dnssec-invalid", "dane-required"})
# The type of failures that the total has and no row explains.
UNSPECIFIED = "unspecified"
_DROPPED_MAX = 500
# People edit evidence files, so an unknown key is a spelling mistake and is refused.
_STRICT = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class FailureDay:
    """The failures of one type on one day in one reporter's reports; ``mx`` may be empty."""

    day: dt.date
    reporter: str
    result_type: str
    mx: str
    count: int

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Reporter:
    """UTC days on which ``name`` reported good sessions under one MTA-STS policy of the domain."""

    name: str
    policy: Applied
    days: tuple[dt.date, ...]

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file or row that was not counted, and why.

    ``file`` is where it stands, ``day`` the last UTC day that it may be about, None where that is
    not known. ``may_hide_failures`` is False where it cannot be about failed sessions.
    """

    kind: Drop
    file: str
    reason: str
    day: dt.date | None = None
    reporter: str = ""
    may_hide_failures: bool = True

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """The sum of the given reports; ``dropped`` are the files and rows that were not counted."""

    reports: int = 0
    reporters: tuple[Reporter, ...] = ()
    successes: int = 0
    failures: tuple[FailureDay, ...] = ()
    dropped: tuple[Dropped, ...] = ()

    __pydantic_config__ = _STRICT

    @property
    def explainable(self) -> tuple[FailureDay | Dropped, ...]:
        """The failures and dropped rows that block enforce until somebody explains them."""
        return (*self.failures, *self.dropped)


def summarise(
    domain: str, reports: Mapping[str, Report], dropped: Iterable[Dropped], now: dt.datetime
) -> ReportSummary:
    """Add up the ``reports`` (by the name of their file) as far as they concern ``domain``.

    A report that was given twice counts once. Of two that say they are the same report and differ,
    one of them is not what it says: the worse of either counts, and both are named. A report that
    ends after ``now`` counts for nothing. ``dropped`` are the files that could not be read.
    """
    total = _Total(dropped=list(dropped))
    same: dict[tuple[object, ...], dict[str, Report]] = defaultdict(dict)
    for name in sorted(reports):
        report = reports[name]
        same[report.reporter, report.report_id, report.begin, report.end][name] = report
    for copies in same.values():
        _add(total, domain, copies, now)
    failures = total.failures
    return ReportSummary(
        reports=total.count,
        reporters=tuple(
            Reporter(*key, tuple(sorted(days)))
            for key, days in sorted(total.days.items(), key=lambda each: repr(each[0]))
        ),
        successes=total.successes,
        failures=tuple(FailureDay(*key, failures[key]) for key in sorted(failures)),
        dropped=bounded(total.dropped),
    )


@dataclass(slots=True)
class _Total:
    """The sum so far."""

    dropped: list[Dropped]
    count: int = 0
    successes: int = 0
    days: dict[tuple[str, Applied], set[dt.date]] = field(default_factory=lambda: defaultdict(set))
    failures: dict[tuple[dt.date, str, str, str], int] = field(
        default_factory=lambda: defaultdict(int)
    )


@dataclass(frozen=True, slots=True)
class _DomainReport:
    """What one report tells of the domain; ``failures`` by type and MX host."""

    results: tuple[PolicyResult, ...]
    dropped: tuple[DroppedRow, ...]

    @classmethod
    def of(cls, report: Report, domain: str) -> _DomainReport:
        return cls(
            tuple(each for each in report.policies if each.domain == domain),
            tuple(each for each in report.dropped if each.may_concern(domain)),
        )

    @property
    def successes(self) -> int:
        repeats = repeated(self.results)
        return sum(each.successes for i, each in enumerate(self.results) if i not in repeats)

    @property
    def sessions(self) -> int:
        """Good ones and failed ones, those that the details alone tell of included."""
        return self.successes + sum(each.failures + len(each.details) for each in self.results)

    @property
    def applied(self) -> set[Applied]:
        """The policies of the domain with successful sessions."""
        return {
            Applied.of(each) for each in self.results if each.policy_type == STS and each.successes
        }

    @property
    def failures(self) -> dict[tuple[str, str], int]:
        """Those that a ``tlsa`` row repeats of an ``sts`` row are counted once."""
        found: dict[tuple[str, str], int] = defaultdict(int)
        again: dict[tuple[str, str], int] = defaultdict(int)
        repeats = repeated(self.results)
        for i, result in enumerate(self.results):
            for type_, mx, count in _failures(result):
                (again if i in repeats else found)[type_, mx] += count
        for key, count in again.items():
            found[key] = max(found[key], count)
        return found


@dataclass(frozen=True, slots=True)
class _Copies:
    """All files that have one report: what each tells of the domain, by the name of the file."""

    report: Report
    first: str
    by_file: dict[str, _DomainReport]

    @classmethod
    def of(cls, copies: Mapping[str, Report], domain: str) -> _Copies:
        first = next(iter(copies))
        by_file = {name: _DomainReport.of(report, domain) for name, report in copies.items()}
        return cls(copies[first], first, by_file)

    @property
    def versions(self) -> tuple[_DomainReport, ...]:
        return tuple(self.by_file.values())

    @property
    def last(self) -> dt.date:
        """The day that failures are counted for: in a report of several days, they may be of it."""
        return max(self.report.begin, self.report.end - dt.timedelta(seconds=1)).date()

    def dropped(self) -> Iterator[Dropped]:
        """What is left out, and why: other copies, unreadable rows, a report without a session."""
        for name, each in self.by_file.items():
            if each != self.by_file[self.first]:
                why = f"it has the id of {self.first}, and says something else: the worse counts"
                yield self._row(Drop.CONFLICT, name, why)
        rows = {row: name for name, each in reversed(self.by_file.items()) for row in each.dropped}
        for row, name in rows.items():
            why = f"{row.where}: {row.reason}"
            yield self._row(row.kind, name, why, may_hide_failures=row.may_hide_failures)
        if not any(each.sessions or each.dropped for each in self.versions):
            why = "it tells of no session, so its day does not count"
            yield self._row(Drop.EMPTY, self.first, why, may_hide_failures=False)

    def too_early(self) -> Dropped:
        """The whole report, where its days are not over yet."""
        may_hide = any(
            each.failures or any(row.may_hide_failures for row in each.dropped)
            for each in self.versions
        )
        end = self.report.end
        why = f"the report is dated until {end:%Y-%m-%d %H:%M}, which is not over yet"
        return self._row(Drop.FUTURE, self.first, why, may_hide_failures=may_hide)

    def worst(self) -> dict[tuple[str, str], int]:
        """How often each type failed at each MX host, by the copy that tells of most."""
        found: dict[tuple[str, str], int] = {}
        for each in self.versions:
            for key, count in each.failures.items():
                found[key] = max(found.get(key, 0), count)
        return found

    def _row(self, kind: Drop, file: str, why: str, *, may_hide_failures: bool = True) -> Dropped:
        return Dropped(kind, file, why, self.last, self.report.reporter, may_hide_failures)


def _add(total: _Total, domain: str, copies: Mapping[str, Report], now: dt.datetime) -> None:
    """Add the report that all ``copies``, by the name of their file, say they are."""
    found = _Copies.of(copies, domain)
    report, versions = found.report, found.versions
    if not any(each.results or each.dropped for each in versions):
        return
    if report.end > now + SKEW:
        total.dropped.append(found.too_early())
        return
    total.dropped += found.dropped()
    total.count += any(each.results for each in versions)
    total.successes += min(each.successes for each in versions)
    # A report is about one day (RFC 8460 section 4.1); a longer one counts as one day, too.
    for policy in set.intersection(*(each.applied for each in versions)):
        total.days[report.reporter, policy].add(found.last)
    for (type_, mx), count in found.worst().items():
        total.failures[found.last, report.reporter, type_, mx] += count


def _failures(result: PolicyResult) -> Iterator[tuple[str, str, int]]:
    """Type, MX host and count of what failed and matters to MTA-STS.

    Counts of the details may overlap, so they may be more than the total; what they leave of it
    failed for a reason that nobody tells, and so may all of it where a detail has no count.
    """
    for each in result.details:
        if each.count and (result.policy_type == STS or each.result_type not in DANE_ONLY):
            yield each.result_type, each.mx_host, each.count
    counts = [each.count for each in result.details]
    counted = sum(count for count in counts if count is not None)
    rest = result.failures if None in counts else result.failures - counted
    if rest > 0:
        yield UNSPECIFIED, "", rest


def bounded(dropped: list[Dropped], rows_max: int = _DROPPED_MAX) -> tuple[Dropped, ...]:
    """The worst rows first; those beyond the limit become one row."""
    rows = sorted(dropped, key=lambda each: (not each.may_hide_failures, each.file, each.reason))
    if len(rows) <= rows_max:
        return tuple(rows)
    rest = rows[rows_max:]
    may_hide = any(each.may_hide_failures for each in rest)
    why = f"{len(rest)} more files and rows were not counted"
    more = Dropped(Drop.REPORT, "and more", why, may_hide_failures=may_hide)
    return (*rows[:rows_max], more)
