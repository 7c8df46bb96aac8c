"""What many reports say of one policy domain: who reported on which days, and what failed."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - as in mtasts.observations
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mtasts.tlsrpt.report import PolicyResult, Report

STS = "sts"
# Failures that concern DANE alone say nothing of MTA-STS (RFC 8460 section 4.3.2.1).
_DANE_ONLY = frozenset({"tlsa-invalid", "dnssec-invalid", "dane-required"})
# A total that no row explains.
UNSPECIFIED = "unspecified"


@dataclass(frozen=True, slots=True)
class FailureDay:
    """What failed on one day, as one reporter tells it; ``mx`` may be empty."""

    day: dt.date
    reporter: str
    result_type: str
    mx: str
    count: int


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reported sessions under the domain's MTA-STS policy, and the UTC days of them."""

    name: str
    days: tuple[dt.date, ...]


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """What the reports given say; ``refused`` names those that count for nothing, and why."""

    reports: int = 0
    reporters: tuple[Reporter, ...] = ()
    successes: int = 0
    failures: tuple[FailureDay, ...] = ()
    refused: tuple[str, ...] = ()


def summarise(
    domain: str, reports: Mapping[str, Report], refused: Mapping[str, str]
) -> ReportSummary:
    """Add up the ``reports`` (by the name of their file) as far as they concern ``domain``.

    A report that was given twice counts once. Two that say they are the same report and differ
    count for nothing: one of them is not what it says.
    """
    problems = dict(refused)
    once: dict[tuple[object, ...], tuple[str, Report]] = {}
    false: set[tuple[object, ...]] = set()
    for name in sorted(reports):
        report = reports[name]
        key: tuple[object, ...] = (reporter(report), report.report_id, report.begin, report.end)
        first, same = once.setdefault(key, (name, report))
        if same.policies != report.policies:
            problems[name] = f"it has the id of {first}, and says something else"
            false.add(key)
    for key in false:
        first, _ = once.pop(key)
        problems[first] = "another report has its id, and says something else"
    concerned = {
        name: report
        for name, report in once.values()
        if any(result.domain == domain for result in report.policies)
    }
    return _sum(domain, concerned.values(), problems)


def _sum(domain: str, reports: Iterable[Report], problems: Mapping[str, str]) -> ReportSummary:
    days: dict[str, set[dt.date]] = defaultdict(set)
    failures: dict[tuple[dt.date, str, str, str], int] = defaultdict(int)
    count = successes = 0
    for report in reports:
        count += 1
        # A report is about one day (RFC 8460 section 4.1); one about more counts for no more.
        day = (report.begin + (report.end - report.begin) / 2).date()
        for result in report.policies:
            if result.domain != domain:
                continue
            successes += result.successes
            if result.policy_type == STS:
                days[reporter(report)].add(day)
            for type_, mx, failed in _failures(result):
                failures[day, reporter(report), type_, mx] += failed
    return ReportSummary(
        reports=count,
        reporters=tuple(Reporter(name, tuple(sorted(days[name]))) for name in sorted(days)),
        successes=successes,
        failures=tuple(FailureDay(*key, failures[key]) for key in sorted(failures)),
        refused=tuple(f"{name}: {problems[name]}" for name in sorted(problems)),
    )


def reporter(report: Report) -> str:
    """Who sent it: the domain of its contact, or the name of the organisation."""
    return report.contact.rpartition("@")[2].lower() or report.organization.lower()


def _failures(result: PolicyResult) -> Iterable[tuple[str, str, int]]:
    """Type, MX host and count of what failed and matters to MTA-STS."""
    for each in result.details:
        if each.count and each.result_type not in _DANE_ONLY:
            yield each.result_type, each.mx_host, each.count
    if result.failures and not any(each.count for each in result.details):
        yield UNSPECIFIED, "", result.failures
