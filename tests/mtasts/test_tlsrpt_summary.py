"""Reports add up by day and reporter; twice the same counts once, and a false one not at all."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from mtasts.tlsrpt.report import Failure, PolicyResult, Report
from mtasts.tlsrpt.summary import FailureDay, Reporter, ReportSummary, summarise

DOMAIN = "example.gov"
DAY = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


def result(
    *details: Failure, failures: int = 0, kind: str = "sts", domain: str = DOMAIN
) -> PolicyResult:
    return PolicyResult(kind, domain, (), (), 10, failures, details)


def report(*results: PolicyResult, day: int = 0, contact: str = "tls@one.example") -> Report:
    begin = DAY + dt.timedelta(days=day)
    end = begin + dt.timedelta(days=1, seconds=-1)
    return Report("One", contact, f"{day}", begin, end, results or (result(),))


def test_days_are_counted_by_reporter() -> None:
    files = {f"a{day}": report(day=day) for day in range(3)}
    files["b"] = report(day=1, contact="")
    found = summarise(DOMAIN, files, {})
    days = tuple(dt.date(2026, 5, 1 + day) for day in range(3))
    assert found.reporters == (Reporter("one", (days[1],)), Reporter("one.example", days))
    assert (found.reports, found.successes, found.refused) == (4, 40, ())


def test_a_report_given_twice_counts_once() -> None:
    found = summarise(DOMAIN, {"a": report(), "b": report()}, {})
    assert (found.reports, found.refused) == (1, ())


def test_two_that_claim_to_be_one_count_for_nothing() -> None:
    false = report(result(failures=3))
    found = summarise(DOMAIN, {"a": report(), "b": false, "c": report(day=1)}, {"d": "no JSON"})
    assert found.reports == 1
    assert [each.partition(":")[0] for each in found.refused] == ["a", "b", "d"]


def test_other_domains_and_no_policy_are_no_days_of_this_one() -> None:
    found = summarise(
        DOMAIN,
        {
            "a": report(result(domain="other.gov")),
            "b": report(result(kind="no-policy-found"), result(domain="other.gov"), day=1),
        },
        {},
    )
    assert found == ReportSummary(reports=1, successes=10)


def test_failures_are_added_up_and_those_of_dane_left_out() -> None:
    expired = Failure("certificate-expired", 2, mx_host="mx.example.gov")
    dane = Failure("dnssec-invalid", 9)
    files = {
        "a": report(result(expired, expired, dane, Failure("sts-policy-invalid", 0), failures=4)),
        "b": report(result(failures=7), day=1),
    }
    assert summarise(DOMAIN, files, {}).failures == (
        FailureDay(dt.date(2026, 5, 1), "one.example", "certificate-expired", "mx.example.gov", 4),
        FailureDay(dt.date(2026, 5, 2), "one.example", "unspecified", "", 7),
    )


def test_one_about_a_year_counts_for_one_day() -> None:
    long = replace(report(), end=DAY + dt.timedelta(days=365))
    (found,) = summarise(DOMAIN, {"a": long}, {}).reporters
    assert len(found.days) == 1
