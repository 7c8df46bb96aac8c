"""A pull brings each mail of a source into the store once, and names what it skips."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import gzip
import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest
from dying import deaths
from killed_pull import source
from pulling import ARRIVED, NOW, Literal, Waits, around, contents
from report_mails import json_part, keys, mail, report, signed

from mtasts.errors import UsageError
from mtasts.reports.kept_keys import KeptKeys, KeptKeysError
from mtasts.reports.pull import Pace, pull
from mtasts.reports.pulled import NAMED_MAX, OTHERS, Pulled
from mtasts.reports.sources.source import FetchError, NoFileError, SourceError
from mtasts.reports.store import Store, StoreError
from mtasts.tlsrpt.dkim_keys import KeyAnswer, KeyStatus
from mtasts.tlsrpt.query_files import Query
from mtasts.tlsrpt.rows import Arrival, Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mtasts.reports.pull import PullContext
    from mtasts.reports.sources.source import Source
    from mtasts.reports.store import Value

MAIL = signed(mail(json_part(report())), "sender.example")


def pulled(
    source: Source,
    folder: Path,
    given: PullContext | None = None,
    *,
    pace: Pace | None = None,
    again: bool = False,
    limit: int = 10**6,
) -> Pulled:
    told = Pulled(source.name)
    store = Store(folder)
    work = pull(
        source, store, given or around(), told, pace=pace or Pace(), again=again, limit=limit
    )
    asyncio.run(work)
    store.settle()
    return told


def ask(folder: Path, sql: str) -> list[tuple[Value, ...]]:
    return list(Store(folder).ask(Query("test", "", sql), {}).rows)


def zipped(**files: bytes) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        for name, raw in files.items():
            archive.writestr(name, raw)
    return found.getvalue()


def test_each_kind_of_file_is_read_and_judged_once(tmp_path: Path) -> None:
    forwarded = mail(b"message/rfc822\r\n\r\n" + MAIL.replace(b"=b", b"=c").replace(b"--b", b"--c"))
    source = Literal(
        {
            "mail": MAIL,
            "forwarded": forwarded,
            "json": report(id_="j"),
            "gz": gzip.compress(report(id_="g"), mtime=0),
            "zip": zipped(a=report(id_="z1"), b=report(id_="z2"), c=b"{"),
            "posted": report(id_="r1"),
            "several": mail(json_part(report(id_="s1")), json_part(report(id_="s2"))),
            "text": b"hello",
            "holiday": b"From: a@b.example\r\nSubject: away\r\n\r\nI am away",
        },
        posted=frozenset({"posted"}),
    )
    told = pulled(source, tmp_path)
    assert (told.listed, told.known, told.fetched, told.reports) == (9, 0, 9, 9)
    assert told.trust == {"verified": 1, "failed": 1, "unsigned": 6, "https": 1}
    assert told.skipped == {"not-json": 2, "no-report": 1}
    assert told.is_whole
    assert source.is_closed
    rows = ask(tmp_path, "SELECT report_id, trust, via, source FROM reports ORDER BY report_id")
    assert rows == [
        ("g", "unsigned", "file", "literal:gz"),
        ("j", "unsigned", "file", "literal:json"),
        ("r1", "verified", "mail", "literal:mail"),
        ("s1", "unsigned", "mail", "literal:several"),
        ("s2", "unsigned", "mail", "literal:several"),
        ("z1", "unsigned", "file", "literal:zip"),
        ("z2", "unsigned", "file", "literal:zip"),
    ]
    assert ask(tmp_path, "SELECT kind, place, source, received FROM dropped ORDER BY source") == [
        ("no-report", "", "literal:holiday", ARRIVED.replace(tzinfo=None)),
        ("not-json", "", "literal:text", ARRIVED.replace(tzinfo=None)),
        ("not-json", ":c", "literal:zip", ARRIVED.replace(tzinfo=None)),
    ]
    assert ask(tmp_path, "SELECT COUNT(*) FROM quarantine") == [(0,)]
    before = contents(tmp_path)
    again = pulled(source, tmp_path)
    assert (again.listed, again.known, again.fetched, again.reports) == (9, 9, 0, 0)
    assert len(source.asked) == 9
    assert contents(tmp_path) == before
    once_more = pulled(source, tmp_path, again=True)
    assert (once_more.fetched, len(source.asked)) == (9, 18)
    assert contents(tmp_path) == before


def test_rows_about_other_domains_are_dropped_and_counted(tmp_path: Path) -> None:
    source = Literal({"a": MAIL, "b": report(id_="2").replace(b"example.gov", b"stranger.example")})
    told = pulled(source, tmp_path)
    assert told.foreign == {"stranger.example": 1}
    assert ask(tmp_path, "SELECT domain FROM policies") == [("example.gov",)]
    kind = "SELECT kind, domain, quantity FROM dropped"
    assert ask(tmp_path, kind) == [("domain-foreign", "stranger.example", 1)]


def test_a_domain_that_becomes_ours_counts_once_its_mails_are_pulled_again(tmp_path: Path) -> None:
    both = json.loads(report())
    (row,) = both["policies"]
    other = json.loads(json.dumps(row).replace("example.gov", "new.example"))
    both["policies"] = [row, other]
    source = Literal({"a": json.dumps(both).encode()})
    pulled(source, tmp_path)
    pulled(source, tmp_path, around("example.gov", "new.example"), again=True)
    rows = [("example.gov",), ("new.example",)]
    assert ask(tmp_path, "SELECT domain FROM policies ORDER BY domain") == rows
    assert ask(tmp_path, "SELECT COUNT(*) FROM quarantine") == [(0,)]
    pulled(source, tmp_path, again=True)
    assert ask(tmp_path, "SELECT domain FROM policies ORDER BY domain") == rows


def test_what_is_too_large_is_named_by_its_beginning(tmp_path: Path) -> None:
    source = Literal({"big": MAIL + b"x" * 100_000, "grown": MAIL + b"x" * 50_000})
    told = pulled(source, tmp_path, limit=60_000)
    assert told.skipped == {"mail-too-large": 1}
    assert told.reports == 1
    assert source.limits == [64 * 1024, 60_000]
    (row,) = ask(tmp_path, "SELECT via, reason FROM dropped WHERE kind = 'mail-too-large'")
    assert row == ("mail", "it is larger than 60000 bytes")


def test_a_key_that_could_not_be_looked_up_is_looked_up_by_the_next_pull(tmp_path: Path) -> None:
    source = Literal({"1": MAIL, "2": report(id_="2")}, is_ordered=True)
    first = pulled(source, tmp_path, around(find=keys(KeyStatus.UNKNOWN)))
    assert (first.waiting, first.trust) == (1, {"unsigned": 2})
    assert ask(tmp_path, "SELECT trust FROM reports WHERE report_id = 'r1'") == [("unsigned",)]
    second = pulled(source, tmp_path)
    assert (second.known, second.fetched, second.waiting) == (1, 1, 0)
    assert ask(tmp_path, "SELECT trust FROM reports WHERE report_id = 'r1'") == [("verified",)]
    third = pulled(source, tmp_path)
    assert (third.listed, source.cursors) == (0, ["", "", "2"])


def test_a_key_that_nobody_answers_is_given_up_after_a_week(tmp_path: Path) -> None:
    source = Literal({"1": MAIL})
    unknown = keys(KeyStatus.UNKNOWN)
    for days, fetched in ((0, 1), (6, 1), (8, 1), (9, 0)):
        now = NOW + dt.timedelta(days=days)
        told = pulled(source, tmp_path, around(find=unknown, now=now))
        assert (days, told.fetched) == (days, fetched)


def test_what_cannot_be_fetched_is_tried_again_and_keeps_the_cursor_back(tmp_path: Path) -> None:
    source = Literal(
        {str(number): report(id_=str(number)) for number in range(1, 6)},
        failing={"3": FetchError("3: not now")},
        gone=frozenset({"2"}),
        is_ordered=True,
    )
    waits = Waits()
    told = pulled(source, tmp_path, around(waits=waits))
    assert (told.fetched, told.gone, told.failures) == (3, 1, 1)
    assert told.failed == [("literal:3", "3: not now")]
    assert not told.is_whole
    assert waits.seconds == [1.0, 4.0]
    source.failing.clear()
    source.asked.clear()
    told = pulled(source, tmp_path)
    assert (source.asked, told.known, source.cursors) == (["3"], 2, ["", "2"])
    assert pulled(source, tmp_path).listed == 0
    kept = [name for name in contents(tmp_path) if name.endswith("/kept")]
    assert kept == []


def test_a_source_that_answers_nothing_ends_the_pull(tmp_path: Path) -> None:
    names = [str(number) for number in range(40)]
    source = Literal(dict.fromkeys(names, b"{}"), dict.fromkeys(names, FetchError("no")))
    told = Pulled("x")
    with pytest.raises(SourceError, match="20 fetches in a row have failed; the last error: no"):
        asyncio.run(pull(source, Store(tmp_path), around(), told))
    assert told.failures == 20
    assert source.is_closed


@pytest.mark.parametrize("where", ["listing", "fetching"])
def test_what_was_read_before_a_source_ended_is_kept(where: str, tmp_path: Path) -> None:
    source = Literal({str(number): report(id_=str(number)) for number in range(9)})
    if where == "listing":
        source.ends_after = 5
    else:
        source.failing["5"] = SourceError("it does not go on")
    with pytest.raises(SourceError, match="does not go on"):
        pulled(source, tmp_path)
    source.ends_after, source.failing = None, {}
    told = pulled(source, tmp_path)
    # A listing that ends within its first piece gives none of it.
    assert told.known == (0 if where == "listing" else 5)
    assert ask(tmp_path, "SELECT COUNT(*) FROM reports") == [(9,)]


def test_a_link_is_named_and_not_tried_again(tmp_path: Path) -> None:
    source = Literal({"link": b""}, {"link": NoFileError("it is a link")})
    assert pulled(source, tmp_path).skipped == {"no-file": 1}
    assert pulled(source, tmp_path).known == 1


def test_the_time_of_arrival_is_the_mails_own_and_never_to_come(tmp_path: Path) -> None:
    expires = int(ARRIVED.timestamp()) + 60
    raw = signed(mail(json_part(report())), "sender.example", more=f" x={expires};")
    late = ARRIVED + dt.timedelta(days=400)
    contents_ = {
        "arrived": b"Received: by mx; Mon, 11 May 2026 02:00:30 +0000\r\n" + raw,
        "copied": raw.replace(b"r1", b"r1"),
        "future": report(id_="f"),
    }
    source = Literal(contents_, times=dict.fromkeys(contents_, late), is_arrival=False)
    pulled(source, tmp_path)
    sql = "SELECT source, trust, received FROM receipts ORDER BY source"
    plain = NOW.replace(tzinfo=None)
    assert ask(tmp_path, sql) == [
        ("literal:arrived", "verified", dt.datetime(2026, 5, 11, 2, 0, 30)),  # noqa: DTZ001 - UTC
        ("literal:copied", "failed", plain),
        ("literal:future", "unsigned", plain),
    ]


def test_a_pull_keeps_its_pace(tmp_path: Path) -> None:
    source = Literal({str(number): report(id_=str(number)) for number in range(5)})
    waits = Waits()
    pulled(source, tmp_path, around(waits=waits), pace=Pace(at_once=1, per_second=2))
    assert waits.seconds == [0.5, 0.5, 0.5, 0.5]
    local = Literal(source.contents, is_remote=False, name="local:")
    waits = Waits()
    pulled(local, tmp_path / "b", around(waits=waits), pace=Pace(at_once=1, per_second=2))
    assert waits.seconds == []


def test_only_so_much_is_fetched_ahead(tmp_path: Path) -> None:
    source = Literal({str(number): report(id_=str(number)) for number in range(6)})
    pace = Pace(ahead_bytes=1000, batch_keys=2)
    assert pulled(source, tmp_path, pace=pace).reports == 6
    more = Literal({**source.contents, "new": report(id_="new")})
    assert (pulled(more, tmp_path, pace=Pace(ahead_keys=1)).known, more.asked) == (6, ["new"])


def test_known_keys_behind_one_that_ends_the_pull(tmp_path: Path) -> None:
    source = Literal({str(number): report(id_=str(number)) for number in range(3)})
    pulled(source, tmp_path)
    after = Literal(
        {"new": b"", **source.contents, "newer": b""},
        {"new": SourceError("no"), "newer": SourceError("no")},
    )
    with pytest.raises(SourceError, match="no"):
        pulled(after, tmp_path)


def test_small_attachments_that_are_large_reports_do_not_fill_the_memory(tmp_path: Path) -> None:
    """They are stored as they are read: a mail may have hundreds of them."""
    bomb = json.loads(report())
    detail = {"result-type": "certificate-expired", "failed-session-count": 1}
    bomb["policies"][0]["failure-details"] = [detail] * 20_000
    packed = [gzip.compress(json.dumps(bomb | {"report-id": str(n)}).encode()) for n in range(6)]
    head = b"application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    raw = mail(*(head + base64.b64encode(each) + b"\r\n" for each in packed))
    stored: list[int] = []

    class Counted(Store):
        def add(self, arrived: Iterable[Arrival | Skipped], **more: int) -> int:
            stored.append(super().add(arrived, **more))
            return stored[-1]

    told = Pulled("literal:")
    asyncio.run(pull(Literal({"bomb": raw}), Counted(tmp_path), around(), told))
    assert (told.reports, told.fetched) == (6, 1)
    assert stored == [0, 3, 3]


def test_two_pulls_of_one_source_exclude_each_other(tmp_path: Path) -> None:
    with (
        KeptKeys.opened(tmp_path, "literal:"),
        pytest.raises(UsageError, match=r"another pull from literal: into .* is running"),
    ):
        pulled(Literal({}), tmp_path)


def test_a_folder_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text('{"schema": 99}')
    source = Literal({"a": MAIL})
    with pytest.raises(StoreError):
        pulled(source, tmp_path)
    assert not (tmp_path / "pulls").exists()
    assert source.asked == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cursor": "", "waiting": {"zz": "x"}}'])
def test_kept_keys_that_cannot_be_read_are_told(text: str, tmp_path: Path) -> None:
    pulled(Literal({"1": MAIL}, is_ordered=True), tmp_path)
    (state,) = (tmp_path / "pulls").rglob("state.json")
    state.write_text(text)
    with pytest.raises(KeptKeysError, match=r"delete the folder .*pulls"):
        pulled(Literal({}), tmp_path)


def test_a_digest_that_was_half_written_is_written_again(tmp_path: Path) -> None:
    source = Literal({str(number): report(id_=str(number)) for number in range(3)})
    pulled(source, tmp_path)
    before = contents(tmp_path)
    (kept,) = (tmp_path / "pulls").rglob("kept")
    kept.write_bytes(kept.read_bytes()[:-5])
    assert (pulled(source, tmp_path).known, len(source.asked)) == (2, 4)
    assert contents(tmp_path) == before


def test_keys_that_the_source_has_no_longer_are_forgotten(tmp_path: Path) -> None:
    unknown = around(find=keys(KeyStatus.UNKNOWN))
    pulled(Literal({"a": report(id_="a"), "b": report(id_="b"), "c": MAIL}), tmp_path, unknown)
    pulled(Literal({"b": report(id_="b")}), tmp_path)
    (kept,) = (tmp_path / "pulls").rglob("kept")
    assert len(kept.read_bytes()) == 16
    (state,) = (tmp_path / "pulls").rglob("state.json")
    assert json.loads(state.read_text())["waiting"] == {}


def test_so_many_wait_and_no_more(tmp_path: Path) -> None:
    kept = KeptKeys(tmp_path, "x", waiting_max=1)
    assert not kept.gives_up(b"a", NOW)
    kept.keep([], [b"a"], "", NOW)
    assert not kept.gives_up(b"a", NOW)
    assert kept.gives_up(b"b", NOW)


def test_the_numbers_have_an_end() -> None:
    told = Pulled("x")
    for number in range(NAMED_MAX + 5):
        told.fail(f"a{number}", "no")
    assert (told.failures, len(told.failed)) == (NAMED_MAX + 5, NAMED_MAX)
    for number in range(NAMED_MAX + 5):
        told.add(Skipped("no-report", "", NOW, "mail", str(number), "ab"))
    assert (told.skipped, len(told.skips)) == ({"no-report": NAMED_MAX + 5}, NAMED_MAX)
    from report_samples import receipt
    from report_samples import report as value

    foreign = {f"d{number}.example": 1 for number in range(1500)}
    told.add(Arrival(value(), receipt(), foreign=foreign))
    assert (len(told.foreign), told.foreign[OTHERS]) == (1001, 500)


def test_look_ups_that_nobody_answers_do_not_hold_up_a_pull() -> None:
    """However many names a sender makes up."""

    async def never(name: str) -> KeyAnswer:
        await asyncio.Event().wait()
        raise AssertionError(name)

    from mtasts.reports.key_answers import KeyAnswers

    async def look() -> tuple[KeyAnswer, float]:
        loop = asyncio.get_running_loop()
        answers = KeyAnswers(never, loop.time, mail_seconds=0.02, patience_seconds=0.1)
        signature, _, rest = MAIL.partition(b"\r\n")
        lines = [signature.replace(b"s=s", b"s=s%d" % number) for number in range(5)]
        many = b"\r\n".join((*lines, rest))
        found = await answers.of_mail(many)
        began = loop.time()
        answer = await found.find("x._domainkey.other.example")
        return answer, loop.time() - began

    answer, took = asyncio.run(look())
    assert (answer.status, answer.reason) == (KeyStatus.UNKNOWN, "no answer came in time")
    assert took < 0.02


@pytest.mark.xdist_group("killed-pull")
@pytest.mark.parametrize("order", ["any-order", "cursor"])
def test_a_pull_that_is_killed_and_repeated_equals_a_clean_one(order: str, tmp_path: Path) -> None:
    """At twenty points spread over all writes of the pull and of the store."""
    points, writes = deaths("killed_pull", tmp_path, 20, order)
    assert writes >= 40
    expected = contents(tmp_path / "0")
    assert ask(tmp_path / "0", "SELECT COUNT(*) FROM reports") == [(18,)]
    for point in points:
        folder = tmp_path / str(point)
        pulled(source(is_ordered=order == "cursor"), folder)
        assert contents(folder) == expected  # every byte, so every answer
