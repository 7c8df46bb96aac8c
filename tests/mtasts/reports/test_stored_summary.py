"""What the store tells the gates: the same as the files in it, and what does not count."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from msgspec import structs
from report_samples import ARRIVED, FIRST, arrivals, receipt, report, result

from mtasts.errors import UsageError
from mtasts.reports.store import Store
from mtasts.reports.stored_summary import stored_summary
from mtasts.tlsrpt.report import Drop, DroppedRow, Failure
from mtasts.tlsrpt.rows import Arrival, Skipped
from mtasts.tlsrpt.summary import Dropped, ReportSummary, summarise
from mtasts.tlsrpt.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

DOMAIN = "a.example"
NOW = FIRST + dt.timedelta(days=30)
EXPIRED = Failure("certificate-expired", 2, "mx.a.example")


def stored(
    folder: Path, arrived: Iterable[Arrival | Skipped], least: Trust = Trust.VERIFIED
) -> ReportSummary:
    store = Store(folder)
    store.add(arrived)
    return stored_summary(store, DOMAIN, NOW, least)


def kinds(found: ReportSummary) -> list[tuple[Drop, bool]]:
    return [(each.kind, each.may_hide_failures) for each in found.dropped]


def test_the_store_tells_what_its_files_would(tmp_path: Path) -> None:
    dane = Failure("tlsa-invalid", 3)
    some = [
        *arrivals(9, ("sender.example", "other.example")),
        Arrival(report(result(EXPIRED, failures=5), report_id="more", day=10), receipt()),
        Arrival(report(result(Failure("later-type", None)), report_id="m2", day=11), receipt()),
        Arrival(
            report(result(dane, policy_type="tlsa", strings=()), report_id="m3", day=12), receipt()
        ),
        Arrival(report(result(domain="b.example"), report_id="m4", day=13), receipt()),
    ]
    files = {str(number): each.report for number, each in enumerate(some)}
    assert stored(tmp_path, some) == summarise(DOMAIN, files, [], NOW)


def test_without_a_store_or_a_report_about_the_domain_nothing_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="mtasts reports pull"):
        stored_summary(Store(tmp_path / "none"), DOMAIN, NOW, Trust.VERIFIED)
    other = Arrival(report(result(domain="b.example")), receipt())
    assert stored(tmp_path / "other", [other]) == ReportSummary()


@pytest.mark.parametrize(
    ("trust", "least", "counts"),
    [
        (Trust.VERIFIED, Trust.VERIFIED, True),
        (Trust.HTTPS, Trust.VERIFIED, False),
        (Trust.HTTPS, Trust.HTTPS, True),
        (Trust.VERIFIED, Trust.HTTPS, True),
        (Trust.UNSIGNED, Trust.HTTPS, False),
        (Trust.FAILED, Trust.HTTPS, False),
    ],
)
def test_only_trusted_reports_count_and_the_others_are_named(
    tmp_path: Path, trust: Trust, least: Trust, counts: bool
) -> None:
    found = stored(tmp_path, [Arrival(report(result(EXPIRED)), receipt(trust))], least)
    if counts:
        assert (found.reports, found.successes, len(found.failures)) == (1, 10, 1)
        assert found.dropped == ()
        return
    assert replace(found, dropped=()) == ReportSummary()
    (row,) = found.dropped
    assert (row.kind, row.may_hide_failures) == (Drop.UNTRUSTED, True)
    assert row.reporter == "sender.example"
    assert f"10 good and 2 failed sessions are {trust}, and only" in row.reason
    clean = stored(tmp_path / "clean", [Arrival(report(), receipt(trust))], least)
    assert kinds(clean) == [(Drop.UNTRUSTED, False)]


@pytest.mark.parametrize(("details", "hides"), [((EXPIRED,), True), ((), False)])
def test_what_is_dated_ahead_counts_for_nothing(
    tmp_path: Path, details: tuple[Failure, ...], hides: bool
) -> None:
    ahead = Arrival(report(result(*details), day=40), receipt())
    found = stored(tmp_path, [ahead])
    assert (found.reporters, found.failures) == ((), ())
    assert kinds(found) == [(Drop.FUTURE, hides)]


def test_a_report_in_quarantine_is_a_conflict_of_the_domains_of_both(tmp_path: Path) -> None:
    first = Arrival(report(result(successes=7)), receipt())
    second = Arrival(report(result(domain="b.example")), receipt(source="s3://inbox/2"))
    found = stored(tmp_path, [first, second])
    assert kinds(found) == [(Drop.CONFLICT, True)]
    store = Store(tmp_path)
    other = stored_summary(store, "b.example", NOW, Trust.VERIFIED)
    assert kinds(other) == [(Drop.CONFLICT, True)]
    assert stored_summary(store, "c.example", NOW, Trust.VERIFIED) == ReportSummary()


def test_rows_and_files_that_were_left_out_are_named_where_they_may_concern_the_domain(
    tmp_path: Path,
) -> None:
    rows = (
        DroppedRow(Drop.ROW, "policies[1]", "no domain", None),
        DroppedRow(Drop.ROW, "policies[2]", "no counts", DOMAIN, may_hide_failures=False),
        DroppedRow(Drop.ROW, "policies[3]", "no counts", "b.example"),
    )
    some = Arrival(structs.replace(report(), dropped=rows), receipt(), foreign={"z.example": 2})
    mail = Skipped("mail-too-large", "it is too large", ARRIVED, "mail", "s3://inbox/9", "ab" * 32)
    junk = Skipped(
        "mail-without-report", "no report", ARRIVED, "mail", "s3://inbox/8", "cd" * 32,
        may_hide_failures=False,
    )  # fmt: skip
    found = stored(tmp_path, [some, mail, junk])
    assert found.reports == 1
    assert set(found.dropped) == {
        Dropped(Drop.ROW, "s3://inbox/1", "no domain", FIRST.date()),
        Dropped(Drop.ROW, "s3://inbox/1", "no counts", FIRST.date(), may_hide_failures=False),
        Dropped(Drop.FILE, "s3://inbox/9", "it is too large", ARRIVED.date()),
        Dropped(Drop.FILE, "s3://inbox/8", "no report", ARRIVED.date(), may_hide_failures=False),
    }
