"""The store: each report once, whatever the order of arrival and whenever it is killed."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import random
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from dying import deaths
from killed_pull import DOMAINS
from msgspec import structs
from report_samples import ARRIVED, arrivals, receipt, report, result

from mtasts.errors import UsageError
from mtasts.reports.database import quoted
from mtasts.reports.store import Store, StoreBusyError, StoreError
from mtasts.tlsrpt.query_files import Query
from mtasts.tlsrpt.report import Drop, DroppedRow, Failure
from mtasts.tlsrpt.rows import Arrival, Skipped
from mtasts.tlsrpt.tables import TABLES
from mtasts.tlsrpt.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mtasts.reports.store import Value
    from mtasts.tlsrpt.trust import Receipt

SKIPPED = Skipped("mail-without-report", "no attachment", ARRIVED, "mail", "s3://x", "ab" * 32)


def store_of(folder: Path, arrived: Iterable[Arrival | Skipped]) -> Store:
    store = Store(folder)
    store.add(arrived)
    store.settle()
    return store


def ask(store: Store, sql: str, **values: Value) -> list[tuple[Value, ...]]:
    return list(store.ask(Query("test", "", sql), values).rows)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def sums(store: Store) -> tuple[Value, ...]:
    (row,) = ask(
        store,
        "SELECT COUNT(*) AS n, SUM(successful) AS good, SUM(failed) AS bad FROM reports",
    )
    return row


def test_what_arrives_is_in_the_tables(tmp_path: Path) -> None:
    failure = Failure("certificate-expired", 2, "mx.a.example", "192.0.2.1", "192.0.2.9")
    arrived = Arrival(report(result(failure, failures=3)), receipt())
    store = store_of(tmp_path, [arrived])
    assert sums(store) == (1, 10, 3)
    assert ask(store, "SELECT result_type, mx, sessions FROM failures ORDER BY detail_row") == [
        ("unspecified", "", 1),
        ("certificate-expired", "mx.a.example", 2),
    ]
    assert ask(store, "SELECT mode, max_age, policy_mx, detailed, day FROM policies") == [
        ("enforce", "604800", "mx.a.example", 2, dt.date(2026, 1, 1))
    ]
    assert ask(store, "SELECT trust, signing_key, received, via, source FROM receipts") == [
        (
            "verified",
            "s1._domainkey.sender.example",
            ARRIVED.replace(tzinfo=None),
            "mail",
            "s3://inbox/1",
        )
    ]
    (row,) = store.ask(Query("t", "", "SELECT domain, successful FROM policies"), {}).records()
    assert row == {"domain": "a.example", "successful": 10}


def test_the_same_arrivals_give_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    reports = arrivals(6, ("sender.example", "other.example"))
    found: list[Arrival | Skipped] = [*reports, SKIPPED]
    found += [replace(reports[0], receipt=receipt(Trust.HTTPS, "https://x"))]
    found += [Arrival(report(result(successes=77), report_id="sender.example-0"), receipt())]
    whole = store_of(tmp_path / "whole", found)
    shuffled = list(found)
    random.Random(7).shuffle(shuffled)
    by_parts = Store(tmp_path / "parts")
    for at in range(0, len(shuffled), 3):
        by_parts.add(shuffled[at : at + 5])
        by_parts.settle()
    by_parts.add(found)
    by_parts.settle()
    assert contents(by_parts.folder) == contents(whole.folder)
    assert sums(whole) == (12, 187, 6)


def test_a_report_that_came_twice_counts_once_and_by_its_best_receipt(tmp_path: Path) -> None:
    posted = Arrival(report(), receipt(Trust.HTTPS, "https://inbox", ARRIVED))
    mailed = Arrival(report(), receipt(Trust.VERIFIED, "s3://inbox/9", ARRIVED))
    store = store_of(tmp_path, [posted, mailed, mailed])
    assert ask(store, "SELECT trust, source FROM reports") == [("verified", "s3://inbox/9")]
    assert ask(store, "SELECT COUNT(*) FROM receipts") == [(2,)]
    assert ask(store, "SELECT COUNT(*) FROM quarantine") == [(0,)]


@pytest.mark.parametrize(
    ("first", "second", "counted"),
    [
        (receipt(), receipt(Trust.UNSIGNED, "b", ARRIVED - dt.timedelta(days=1)), 1),
        (receipt(Trust.FAILED), receipt(Trust.UNSIGNED, "b"), 2),
        (receipt(), receipt(source="b", received=ARRIVED - dt.timedelta(seconds=1)), 2),
        (receipt(), receipt(source="b", received=ARRIVED + dt.timedelta(seconds=1)), 1),
    ],
    ids=["trust-before-time", "failed-last", "earlier", "later"],
)
def test_of_two_that_differ_the_better_receipt_counts_and_the_other_is_kept(
    first: Receipt, second: Receipt, counted: int, tmp_path: Path
) -> None:
    one = Arrival(report(result(successes=1)), first)
    two = Arrival(report(result(successes=2)), second)
    store = store_of(tmp_path, [one, two])
    assert ask(store, "SELECT successful FROM reports") == [(counted,)]
    ((kept, content),) = ask(store, "SELECT successful, content FROM quarantine")
    assert kept == 3 - counted
    assert json.loads(str(content))["policies"][0]["successful"] == 3 - counted


def test_a_better_copy_takes_what_was_in_quarantine_out_of_it(tmp_path: Path) -> None:
    first = Arrival(report(result(successes=1)), receipt(Trust.HTTPS, "a"))
    second = Arrival(report(result(successes=2)), receipt(Trust.UNSIGNED, "b"))
    store = store_of(tmp_path, [first, second])
    store.add([replace(second, receipt=receipt(Trust.VERIFIED, "b"))])
    store.settle()
    assert ask(store, "SELECT successful, trust FROM reports") == [(2, "verified")]
    assert ask(store, "SELECT successful, trust FROM quarantine") == [(1, "https")]


def test_a_table_that_became_empty_has_no_file(tmp_path: Path) -> None:
    dropped = DroppedRow(Drop.ROW, "policies[0]", "no domain", None)
    wrong = Arrival(structs.replace(report(), dropped=(dropped,)), receipt(Trust.UNSIGNED, "a"))
    store = store_of(tmp_path, [wrong])
    assert ask(store, "SELECT kind, place FROM dropped") == [("row-unusable", "policies[0]")]
    store.add([Arrival(report(), receipt())])
    store.settle()
    assert ask(store, "SELECT kind FROM dropped") == []
    assert not list((tmp_path / "dropped").rglob("*.parquet"))


def test_what_was_skipped_is_kept(tmp_path: Path) -> None:
    foreign = Arrival(report(), receipt(), foreign={"b.example": 3})
    store = store_of(tmp_path, [SKIPPED, foreign])
    columns = "kind, domain, quantity, may_hide_failures, day, source"
    assert ask(store, f"SELECT {columns} FROM dropped ORDER BY kind") == [
        ("domain-foreign", "b.example", 3, False, dt.date(2026, 1, 1), "s3://inbox/1"),
        ("mail-without-report", "", 1, True, dt.date(2026, 1, 20), "s3://x"),
    ]
    assert sums(store) == (1, 10, 0)


def test_texts_that_are_no_texts_are_stored_escaped(tmp_path: Path) -> None:
    hostile = "<script>\x00\x1b[31m\ud800 =cmd|' /C calc'!A0 \u202e" + "x" * 5000
    each = Failure(hostile, 1, hostile, hostile, hostile, hostile, hostile)
    found = report(result(each, domain="a.example", strings=(hostile,), mx=(hostile,)))
    found = structs.replace(found, organization=hostile, report_id=hostile)
    store = store_of(tmp_path, [Arrival(found, receipt(source=hostile), submitter=hostile)])
    for table in TABLES.values():
        for row in ask(store, f"SELECT * FROM {table.name}"):
            for value in row:
                assert str(value).isascii()
                assert str(value).isprintable()


def test_many_arrivals_are_written_in_batches(tmp_path: Path) -> None:
    store = Store(tmp_path)
    told = []
    assert store.add(arrivals(4, ("a.example", "b.example")), batch_bytes=1000) == 8
    assert len(list((tmp_path / "arrivals").rglob("*.jsonl"))) == 8
    store.settle(lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert sums(store)[0] == 8


def test_what_arrives_between_two_questions_of_one_database_is_seen(tmp_path: Path) -> None:
    store = store_of(tmp_path, arrivals(1))
    with store.asking():
        before = sums(store)[0]
        Store(tmp_path).add(arrivals(2))
        assert (before, sums(store)[0]) == (1, 2)
    assert sums(store)[0] == 2


def test_a_query_without_a_store_is_a_usage_error(tmp_path: Path) -> None:
    store = Store(tmp_path / "none")
    store.settle()
    with pytest.raises(UsageError, match="has no reports"):
        sums(store)
    assert not store.folder.exists()


@pytest.mark.parametrize("text", ['{"schema": 99}', "{}", "no JSON", "[]"])
def test_a_folder_of_another_release_is_left_alone(text: str, tmp_path: Path) -> None:
    store = store_of(tmp_path, arrivals(1))
    (tmp_path / "store.json").write_text(text)
    before = contents(tmp_path)
    with pytest.raises(StoreError):
        store.add(arrivals(2))
    with pytest.raises(StoreError):
        sums(store)
    assert contents(tmp_path) == before


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    store = store_of(tmp_path, arrivals(1))
    next((tmp_path / "policies").rglob("*.parquet")).write_bytes(b"not parquet at all")
    with pytest.raises(StoreError, match="cannot be read"):
        ask(store, "SELECT domain FROM policies")


def test_a_store_that_another_process_has_is_waited_for_and_given_up(tmp_path: Path) -> None:
    store = store_of(tmp_path, arrivals(1))
    held = os.open(tmp_path / ".lock", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(StoreBusyError, match=r"has used it for 0 s; find it with fuser .*\.lock"):
        Store(tmp_path, lock_seconds=0.1).add(arrivals(1))
    released = threading.Timer(0.2, os.close, (held,))
    released.start()
    assert store.add(arrivals(1)) == 1
    released.join()


def test_a_path_is_quoted() -> None:
    assert quoted("it's") == "'it''s'"


def test_an_arrival_that_was_half_written_is_none(tmp_path: Path) -> None:
    store = store_of(tmp_path, arrivals(1))
    before = contents(tmp_path)
    left = tmp_path / "arrivals" / "day=2026-01-01" / ".mtasts-half"
    left.parent.mkdir(parents=True)
    left.write_text('{"half": ')
    (tmp_path / ".mtasts-half").write_text('{"format": ')
    store.settle()
    assert contents(tmp_path) == before
    assert not list(tmp_path.glob(".mtasts-*"))


@pytest.mark.xdist_group("killed-store")
def test_a_killed_pull_that_is_repeated_equals_a_clean_one(tmp_path: Path) -> None:
    """At twenty points spread over all writes."""
    points, writes = deaths("killed_pull", tmp_path, 20, "arrivals")
    assert writes >= 40
    clean = contents(tmp_path / "0")
    for point in points:
        folder = tmp_path / str(point)
        assert contents(store_of(folder, arrivals(2, DOMAINS)).folder) == clean
