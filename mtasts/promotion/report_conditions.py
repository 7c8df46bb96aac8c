"""The conditions of a promotion that TLS reports have to meet (RFC 8460).

Anybody can send a report, also a forged one. So a day of reports counts only if its policy was
served on that day, as the ledger says. A failure always counts, whatever policy the report names,
and so does a file or row that could not be read and may hide a failure.
"""

from __future__ import annotations

import datetime as dt
import shlex
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.ledger.served import served_policies
from mtasts.rulings import refusal, warning
from mtasts.tlsrpt.report import Drop

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mtasts.errors import UndeterminedError
    from mtasts.ledger.entries import LedgerError
    from mtasts.ledger.history import Ledger
    from mtasts.ledger.served import Served
    from mtasts.promotion.evidence import Evidence
    from mtasts.rulings import Ruling
    from mtasts.tlsrpt.summary import Dropped, FailureDay, Reporter

REPORT_DAYS = 14
# Reporters send nothing about a day without mail, so a small domain has gaps between the days.
REPORT_WINDOW = dt.timedelta(days=60)
REPORTERS = 2
CLEAN = dt.timedelta(days=7)
_SHOWN_MAX = 5


def report_conditions(
    domain: str,
    evidence: Evidence,
    ledger: Ledger | LedgerError | UndeterminedError,
    *,
    is_local: bool,
) -> Iterator[Ruling]:
    """The unmet conditions: too few days or reporters, failures, files that may hide failures."""
    newest = evidence.collected.date()
    if isinstance(ledger, Exception):
        yield refusal(
            "reports-ledger-unknown",
            "could not find out which policies were served, and only reports about those count: "
            f"{ledger}",
            f"run mtasts gate check {domain} with credentials that may read the bucket",
        )
    else:
        yield from _days(_Days.of(evidence, ledger, is_local=is_local), newest)
    since = newest - CLEAN
    failed = [each for each in _unexplained(evidence) if each.day >= since]
    for each in failed[:_SHOWN_MAX]:
        at = f"@{each.mx}" if each.mx else ""
        yield refusal(
            "reports-failures",
            f"{printable(each.reporter)} reports {each.count} failed sessions on {each.day}: "
            f"{printable(each.result_type)}{f' at {printable(each.mx, 253)}' if each.mx else ''}",
            f"remove the cause, or explain it: {_explain(domain, f'{each.result_type}{at}')}",
        )
    if len(failed) > _SHOWN_MAX:
        more = f"and {len(failed) - _SHOWN_MAX} more rows of failures without an explanation"
        yield refusal("reports-failures", more)
    hiding = [each for each in evidence.reports.dropped if _hinders(each, evidence)]
    for row in hiding[:_SHOWN_MAX]:
        yield refusal(
            "reports-unread",
            f"{_left_out(row)}: it may have failed sessions",
            "have the sender correct its reports, or explain the row: "
            f"{_explain(domain, f'{row.kind}@{row.file}')}",
        )
    if len(hiding) > _SHOWN_MAX:
        yield refusal(
            "reports-unread",
            f"and {len(hiding) - _SHOWN_MAX} more files and rows that were not counted and have "
            "no explanation",
        )


def report_notes(
    evidence: Evidence, ledger: Ledger | LedgerError | UndeterminedError, *, is_local: bool
) -> Iterator[Ruling]:
    """Warnings: reports that were not counted, and failures that somebody explained."""
    yield from (warning("reports-explained", each) for each in _explained(evidence))
    if not isinstance(ledger, Exception) and evidence.vantage is not None:
        yield from _not_counted_notes(_Days.of(evidence, ledger, is_local=is_local).notes)
    rows = [each for each in evidence.reports.dropped if not _hinders(each, evidence)]
    yield from _not_counted_notes(f"not counted: {_left_out(each)}" for each in rows)


def _days(found: _Days, newest: dt.date) -> Iterator[Ruling]:
    names = sorted(name for name, days in found.counted.items() if days)
    days = {day for each in found.counted.values() for day in each}
    if len(days) < REPORT_DAYS:
        yield refusal(
            "reports-days-few",
            f"the TLS reports that count cover {len(days)} days of the last {REPORT_WINDOW.days}: "
            f"enforce needs {REPORT_DAYS} (RFC 8460)",
        )
    if len(names) < REPORTERS:
        names_text = ", ".join(printable(name) for name in names) or "nobody"
        text = (
            f"the TLS reports that count come from {names_text}: enforce needs {REPORTERS} "
            "reporters or more"
        )
        yield refusal("reports-reporters-few", text)
    if days and max(days) < newest - CLEAN:
        text = (
            f"the newest TLS report that counts is of {max(days)}: nothing is known about the days "
            "since"
        )
        yield refusal("reports-stale", text)


@dataclass(frozen=True, slots=True)
class _Days:
    """``counted``: the days of reports that count, by reporter; ``notes``: why others do not."""

    counted: dict[str, set[dt.date]]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, evidence: Evidence, ledger: Ledger, *, is_local: bool) -> _Days:
        newest = evidence.collected.date()
        served = served_policies(ledger, evidence.collected)
        failed = {(each.reporter, each.day) for each in _unexplained(evidence)}
        counted: dict[str, set[dt.date]] = defaultdict(set)
        notes = []
        for row in evidence.reports.reporters:
            recent = {day for day in row.days if newest - REPORT_WINDOW <= day <= newest}
            good = recent if is_local else {day for day in recent if _is_served(row, day, served)}
            clean = {day for day in good if (row.name, day) not in failed}
            counted[row.name] |= clean
            later = [day for day in row.days if day > newest]
            notes += [
                *_not_counted(row, later, "the day was not over when the evidence was collected"),
                *_not_counted(row, recent - good, _why_not(row, recent - good, served)),
                *_not_counted(
                    row, good - clean, "sessions failed on that day, without an explanation"
                ),
            ]
        return cls(counted, tuple(notes))


def _is_served(row: Reporter, day: dt.date, served: Iterable[Served]) -> bool:
    return any(each.could_be_held(day, day) and row.policy.fits(each.policy) for each in served)


def _why_not(row: Reporter, days: Iterable[dt.date], served: tuple[Served, ...]) -> str:
    first = min((each.first for each in served), default=None)
    if first is None:
        return "the ledger has no policy in testing or enforce that was seen to be served"
    if all(day < first for day in days):
        return f"the ledger begins on {first}"
    return f"the ledger has no such policy served then: {printable(str(row.policy), 300)}"


def _not_counted(row: Reporter, days: Iterable[dt.date], why: str) -> Iterator[str]:
    found = sorted(days)
    if found:
        span = f"{found[0]}" if len(found) == 1 else f"{len(found)} days, {found[0]} to {found[-1]}"
        yield f"not counted: reports of {printable(row.name)} of {span}: {why}"


def _unexplained(evidence: Evidence) -> list[FailureDay]:
    return [
        each
        for each in evidence.reports.failures
        if not any(why.explains(each) for why in evidence.explained)
    ]


def _hinders(row: Dropped, evidence: Evidence) -> bool:
    """Whether a dropped file or row blocks enforce: it is recent and nobody explained it."""
    # Of two different reports with one id (RFC 8460 section 4.4) one is wrong or forged, so the
    # days of both are in doubt.
    span = REPORT_WINDOW if row.kind is Drop.CONFLICT else CLEAN
    is_recent = row.day is None or row.day >= evidence.collected.date() - span
    is_explained = any(why.explains(row) for why in evidence.explained)
    return row.may_hide_failures and is_recent and not is_explained


def _left_out(row: Dropped) -> str:
    of = f" of {printable(row.reporter)}" if row.reporter else ""
    return f"{printable(row.file, 300)}{of}: {row.kind}: {printable(row.reason, 300)}"


def _explain(domain: str, what: str) -> str:
    # Senders choose types and names, and an operator pastes the line into a shell.
    quoted = shlex.quote(f"{printable(what, 300)}=WHY")
    return f"mtasts gate collect {domain} --reports FOLDER --explain {quoted}"


def _explained(evidence: Evidence) -> Iterator[str]:
    """How many failures each explanation covers, the latest first, a few of them at most.

    An explanation also covers later failures of its type, so the count can grow unnoticed.
    """
    found = []
    for why in evidence.explained:
        failed = [each for each in evidence.reports.failures if why.explains(each)]
        if failed:
            count, last = sum(each.count for each in failed), max(each.day for each in failed)
            at = f" at {printable(why.mx, 253)}" if why.mx else ""
            what = f"{printable(why.result_type)}{at}: {printable(why.reason, 300)}"
            found.append((last, f"explained: {count} failed sessions, the last on {last}: {what}"))
    lines = [line for _, line in sorted(found, reverse=True)]
    yield from lines[:_SHOWN_MAX]
    if len(lines) > _SHOWN_MAX:
        yield f"and {len(lines) - _SHOWN_MAX} more explanations: the evidence has them"


def _not_counted_notes(lines: Iterable[str]) -> Iterator[Ruling]:
    found = list(lines)
    shown, more = found[:_SHOWN_MAX], len(found) - _SHOWN_MAX
    if more > 0:
        shown.append(f"and {more} more that were not counted: the evidence names them")
    yield from (warning("reports-not-counted", each) for each in shown)
