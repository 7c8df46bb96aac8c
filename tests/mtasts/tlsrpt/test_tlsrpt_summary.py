"""Reports add up by day, reporter and policy; what counts for nothing is named.

A report is about one day (RFC 8460 section 4.1); failures that concern DANE alone are apart
(RFC 8460 section 4.3.2.1).
"""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec.structs import replace

from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy
from mtasts.tlsrpt.applied import Applied
from mtasts.tlsrpt.report import Drop, DroppedRow, Failure, PolicyResult, Report
from mtasts.tlsrpt.sessions import failures_by_type, repeated
from mtasts.tlsrpt.summary import Dropped, FailureDay, Reporter, ReportSummary, bounded, summarise

DOMAIN = "example.gov"
DAY = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
FIRST = DAY.date()
NOW = DAY + dt.timedelta(days=30)
NOTHING = Applied()


def result(
    *details: Failure,
    failures: int = 0,
    kind: str = "sts",
    domain: str = DOMAIN,
    successes: int = 10,
    strings: tuple[str, ...] = (),
) -> PolicyResult:
    return PolicyResult(kind, domain, strings, (), successes, failures, details)


def report(*results: PolicyResult, day: int = 0, contact: str = "tls@one.example") -> Report:
    begin = DAY + dt.timedelta(days=day)
    end = begin + dt.timedelta(days=1, seconds=-1)
    return Report("One", contact, f"{day}", begin, end, results or (result(),))


def summed(*dropped: Dropped, **files: Report) -> ReportSummary:
    return summarise(DOMAIN, files, dropped, NOW)


def counts(found: ReportSummary) -> dict[tuple[str, str], int]:
    return {(each.result_type, each.mx): each.count for each in found.failures}


def test_days_are_counted_by_reporter_and_policy() -> None:
    files = {f"a{day}": report(day=day) for day in range(3)}
    files["b"] = report(day=1, contact="")
    files["c"] = report(result(strings=("mode: testing",)), day=4, contact="")
    found = summed(**files)
    days = tuple(dt.date(2026, 5, 1 + day) for day in range(5))
    assert found.reporters == (
        Reporter("one", NOTHING, days[1:2]),
        Reporter("one", Applied(mode="testing"), days[4:]),
        Reporter("one.example", NOTHING, days[:3]),
    )
    assert (found.reports, found.successes, found.dropped) == (5, 50, ())


@pytest.mark.parametrize(
    ("changes", "days"),
    [
        ({}, 1),
        ({"failures": 1}, 1),
        ({"successes": 0}, 0),
        ({"successes": 0, "failures": 3}, 0),
        ({"kind": "no-policy-found"}, 0),
        ({"kind": "tlsa"}, 0),
        ({"domain": "other.gov"}, 0),
    ],
)
def test_a_day_counts_by_good_sessions_under_the_policy(
    changes: dict[str, object], days: int
) -> None:
    found = summed(a=report(result(**changes)))  # type: ignore[arg-type]
    assert len(found.reporters) == days


@pytest.mark.parametrize(
    ("results", "is_named"),
    [
        ((result(successes=0),), True),
        ((result(),), False),
        ((result(successes=0), result()), False),
        ((result(successes=0, failures=1),), False),
        ((result(Failure("a", 1), successes=0),), False),
    ],
)
def test_a_report_without_sessions_is_named(
    results: tuple[PolicyResult, ...], *, is_named: bool
) -> None:
    found = summed(a=report(*results))
    assert [each.kind for each in found.dropped] == ([Drop.EMPTY] if is_named else [])
    assert not any(each.may_hide_failures for each in found.dropped)


def test_a_report_given_twice_counts_once() -> None:
    found = summed(a=report(), b=report())
    assert (found.reports, found.dropped) == (1, ())


def test_of_two_that_claim_to_be_one_the_worse_counts_and_both_are_named() -> None:
    expired, trust = Failure("certificate-expired", 2), Failure("certificate-not-trusted", 5)
    worse = report(result(expired, failures=2, successes=4))
    other = report(result(expired, trust, failures=7), result(strings=("mode: testing",)))
    for first, second in ((worse, other), (other, worse)):
        found = summed(a=first, b=second, c=report(day=1))
        assert (found.reports, found.successes) == (2, 14)
        assert counts(found) == {("certificate-expired", ""): 2, ("certificate-not-trusted", ""): 5}
        assert [each.days for each in found.reporters] == [(FIRST, dt.date(2026, 5, 2))]
        (row,) = found.dropped
        assert (row.kind, row.file, row.day) == (Drop.CONFLICT, "b", FIRST)
        assert row.reason == "it has the id of a, and says something else: the worse counts"


def test_a_row_that_one_of_two_leaves_out_is_a_difference_too() -> None:
    row = DroppedRow(Drop.ROW, "policies[1]", "policy-domain is missing", None)
    found = summed(a=report(), b=replace(report(), dropped=(row,)))
    assert [each.kind for each in found.dropped] == [Drop.CONFLICT, Drop.ROW]


def test_two_reports_that_differ_in_what_concerns_others_are_the_same() -> None:
    found = summed(a=report(), b=report(result(), result(domain="other.gov", failures=9)))
    assert (found.reports, found.dropped, found.failures) == (1, (), ())


def test_other_domains_and_no_policy_are_no_days_of_this_one() -> None:
    found = summed(
        a=report(result(domain="other.gov")),
        b=report(result(kind="no-policy-found"), result(domain="other.gov"), day=1),
    )
    assert found == ReportSummary(reports=1, successes=10)


@pytest.mark.parametrize(
    ("details", "total", "expect"),
    [
        ((Failure("a", 2, mx_host="m"), Failure("a", 2, mx_host="m")), 4, {("a", "m"): 4}),
        ((), 7, {("unspecified", ""): 7}),
        ((Failure("a", 0),), 7, {("unspecified", ""): 7}),
        ((Failure("a", 1),), 142, {("a", ""): 1, ("unspecified", ""): 141}),
        ((Failure("a", 2),), 1, {("a", ""): 2}),
        ((Failure("a", 2), Failure("b", None)), 3, {("a", ""): 2, ("unspecified", ""): 3}),
        ((Failure("a", None),), 142, {("unspecified", ""): 142}),
        ((), 0, {}),
    ],
    ids=["added", "total", "zero", "rest", "overlap", "one-uncounted", "uncounted", "none"],
)
def test_every_failed_session_is_counted(
    details: tuple[Failure, ...], total: int, expect: dict[tuple[str, str], int]
) -> None:
    assert counts(summed(a=report(result(*details, failures=total)))) == expect


def test_failures_of_dane_count_under_the_policy_of_mta_sts_alone() -> None:
    dane = Failure("dnssec-invalid", 9)
    assert counts(summed(a=report(result(dane, failures=9, kind="tlsa")))) == {}
    assert counts(summed(a=report(result(dane, failures=9)))) == {("dnssec-invalid", ""): 9}


def test_failures_are_of_the_last_day_that_the_report_is_about() -> None:
    long = replace(report(result(failures=1)), end=DAY + dt.timedelta(days=9))
    found = summed(a=long)
    assert found.failures == (FailureDay(dt.date(2026, 5, 9), "one.example", "unspecified", "", 1),)
    assert [each.days for each in found.reporters] == [(dt.date(2026, 5, 9),)]
    midnight = replace(report(result(failures=1)), end=DAY)
    assert summed(a=midnight).failures[0].day == FIRST


@pytest.mark.parametrize(
    ("results", "rows", "hides"),
    [
        ((result(),), (), False),
        ((result(failures=1),), (), True),
        ((result(),), (DroppedRow(Drop.ROW, "", "", None),), True),
        ((result(),), (DroppedRow(Drop.ROW, "", "", None, may_hide_failures=False),), False),
    ],
)
def test_a_report_that_is_not_over_yet_counts_for_nothing(
    results: tuple[PolicyResult, ...], rows: tuple[DroppedRow, ...], *, hides: bool
) -> None:
    found = summed(a=replace(report(*results, day=30), dropped=rows))
    assert (found.reports, found.reporters, found.failures) == (0, (), ())
    (row,) = found.dropped
    assert (row.kind, row.may_hide_failures) == (Drop.FUTURE, hides)
    assert row.reason == "the report is dated until 2026-05-31 23:59, which is not over yet"
    early = replace(report(*results), end=NOW + dt.timedelta(hours=1), dropped=rows)
    assert Drop.FUTURE not in {each.kind for each in summed(a=early).dropped}


def test_rows_that_may_concern_the_domain_are_named_with_their_day() -> None:
    rows = (
        DroppedRow(Drop.ROW, "policies[0]", "why", None),
        DroppedRow(Drop.DETAIL, "policies[1]", "why", "other.gov"),
    )
    found = summed(Dropped(Drop.REPORT, "x", "no JSON"), a=replace(report(), dropped=rows))
    assert found.dropped == (
        Dropped(Drop.ROW, "a", "policies[0]: why", FIRST, "one.example"),
        Dropped(Drop.REPORT, "x", "no JSON"),
    )


@pytest.mark.parametrize("hides", [True, False])
def test_what_is_named_is_bounded_and_the_graver_comes_first(*, hides: bool) -> None:
    rows = [Dropped(Drop.FILE, "a", "", may_hide_failures=False)]
    rows += [Dropped(Drop.FILE, name, "", may_hide_failures=hides) for name in "cb"]
    rows += [Dropped(Drop.REPORT, "z", "no JSON")]
    found = bounded(rows, 2)
    assert [each.file for each in found] == (["b", "c"] if hides else ["z", "a"]) + ["and more"]
    assert (found[-1].reason, found[-1].may_hide_failures) == (
        "2 more files and rows were not counted",
        hides,
    )


POLICY = Policy(Mode.TESTING, 604800, (MxPattern("mx1.example.gov"), MxPattern.parse("*.m.gov")))
LINES = (
    "version: STSv1",
    "mode: testing",
    "max_age: 604800",
    "mx: MX1.example.gov.",
    "mx: *.m.gov",
)


@pytest.mark.parametrize(
    ("strings", "hosts", "fits"),
    [
        (LINES, (), True),
        ((), (), True),
        (LINES[:2], (), True),
        ((), ("mx1.example.gov", "*.m.gov"), True),
        ((), ("MX1.example.gov.", "a.m.gov"), True),
        (LINES, ("b.a.m.gov",), False),
        ((), ("mx9.example.gov",), False),
        (LINES[:4], (), False),
        ((*LINES, "mx: mx9.example.gov"), (), False),
        (("mode: enforce",), (), False),
        (("mode: enforce", "mode: testing"), (), False),
        (("max_age: 86400",), (), False),
        (("max_age: 604800.0",), (), False),
        (("nothing that is a field",), (), True),
    ],
)
def test_a_policy_fits_where_nothing_that_is_said_differs(
    strings: tuple[str, ...], hosts: tuple[str, ...], *, fits: bool
) -> None:
    said = PolicyResult("sts", DOMAIN, strings, hosts, 1, 0, ())
    assert Applied.of(said).fits(POLICY) is fits


def test_a_policy_is_shown_as_far_as_it_is_described() -> None:
    assert (
        str(Applied("testing", "86400", ("a", "b"), ("c",)))
        == "mode testing, max_age 86400, mx a b"
    )
    assert str(Applied(hosts=("c",))) == "mx c"
    assert str(NOTHING) == "a policy that it does not describe"


def test_sessions_that_an_sts_and_a_tlsa_row_both_count_are_counted_once() -> None:
    sts = result(Failure("certificate-expired", 2, "mx1"), failures=2)
    details = (Failure("certificate-expired", 1, "mx1"), Failure("starttls-not-supported", 1))
    tlsa = replace(sts, policy_type="tlsa", details=details)
    found = summed(a=report(sts, tlsa))
    assert found.successes == 10
    assert counts(found) == {("certificate-expired", "mx1"): 2, ("starttls-not-supported", ""): 1}
    apart = summed(a=report(sts, replace(tlsa, successes=9)))
    assert (apart.successes, counts(apart)["certificate-expired", "mx1"]) == (19, 3)


def test_rows_repeat_where_their_totals_are_equal_and_of_one_domain() -> None:
    sts, tlsa = result(failures=1), result(failures=1, kind="tlsa")
    half = result(kind="tlsa", successes=5), result(kind="tlsa", successes=5, failures=1)
    for rows, repeats in (
        ((sts, tlsa), {1}),
        ((tlsa, sts), {0}),
        ((sts, *half), {1, 2}),
        ((sts, replace(tlsa, failures=2)), set()),
        ((sts, replace(tlsa, domain="other.gov")), set()),
        ((sts, sts), set()),
        ((tlsa,), set()),
        ((result(successes=0), result(successes=0, kind="tlsa")), set()),
    ):
        assert repeated(rows) == repeats


def test_failures_by_type_take_the_larger_count_of_rows_that_repeat() -> None:
    sts = result(Failure("a", 2), Failure("b", None), failures=2)
    tlsa = replace(sts, policy_type="tlsa", details=(Failure("a", 1), Failure("c", 1)))
    other = result(Failure("a", 5), domain="other.gov")
    assert failures_by_type((sts, tlsa, other)) == {"a": 7, "b": None, "c": 1}
