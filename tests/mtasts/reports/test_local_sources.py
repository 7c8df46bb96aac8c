"""Folders, Maildir and mbox: each mail once, with the time at which it was delivered."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtasts.reports.sources.folder import FolderSource
from mtasts.reports.sources.mailbox import MaildirSource, MboxSource
from mtasts.reports.sources.source import FetchError, GoneError, NoFileError, SourceError
from mtasts.tlsrpt.received import received_time, separator_time

if TYPE_CHECKING:
    from pathlib import Path

WHEN = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


def write(path: Path, raw: bytes = b"x", when: dt.datetime = WHEN) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    os.utime(path, (when.timestamp(), when.timestamp()))
    return path


def test_a_folder_is_read_with_all_below_it_and_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "b.json", b"bb")
    write(tmp_path / "a" / "z.eml")
    outside = write(tmp_path.parent / f"{tmp_path.name}-outside" / "secret")
    (tmp_path / "a" / "link").symlink_to(outside)
    (tmp_path / "loop").symlink_to(tmp_path)
    source = FolderSource(tmp_path)
    listed = list(source.keys(""))
    names = [each.key.removeprefix(f"{tmp_path}/") for each in listed]
    assert names == ["a/link", "a/z.eml", "b.json", "loop"]
    found = source.fetch(listed[2], 10)
    assert (found.raw, found.received, found.is_arrival) == (b"bb", WHEN, False)
    assert source.fetch(listed[2], 1).raw == b"bb"
    for link in (listed[0], listed[3]):
        with pytest.raises(NoFileError, match="link"):
            source.fetch(link, 10)
    source.close()


def test_what_is_no_file_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        source = FolderSource(tmp_path)
        for each in source.keys(""):
            with pytest.raises(NoFileError, match=r"pipe|socket"):
                source.fetch(each, 10)


def test_a_file_that_changes_is_another_version_and_one_that_goes_is_gone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json")
    source = FolderSource(path)
    (before,) = source.keys("")
    write(path, b"xy")
    (after,) = source.keys("")
    assert before.key == after.key
    assert before.digest != after.digest
    path.unlink()
    with pytest.raises(GoneError):
        source.fetch(after, 10)
    assert list(source.keys("")) == []


def test_a_file_that_goes_while_the_folder_is_listed_is_left_out(tmp_path: Path) -> None:
    for name in "abc":
        write(tmp_path / name)
    listing = FolderSource(tmp_path).keys("")
    next(listing)
    (tmp_path / "b").unlink()
    assert [each.key[-1] for each in listing] == ["c"]


def test_a_folder_that_cannot_be_read_ends_the_pull(tmp_path: Path) -> None:
    listing = FolderSource(tmp_path / ("n" * 300)).keys("")
    with pytest.raises(SourceError, match="too long"):
        list(listing)
    for path in (tmp_path / "a" / "x", tmp_path / "b" / "x"):
        write(path)
    below = FolderSource(tmp_path).keys("")
    next(below)
    (tmp_path / "b" / "x").unlink()
    (tmp_path / "b").rmdir()
    with pytest.raises(SourceError, match="No such file"):
        list(below)


def test_a_file_that_may_not_be_read_is_tried_again(tmp_path: Path) -> None:
    write(tmp_path / "a")
    source = FolderSource(tmp_path)
    (listed,) = source.keys("")
    (tmp_path / "a").unlink()
    (tmp_path / "a").mkdir()
    with pytest.raises((FetchError, NoFileError)):
        source.fetch(listed, 10)
    (tmp_path / "a").rmdir()
    write(tmp_path / "a")
    under = FolderSource(tmp_path / "a")
    with pytest.raises(FetchError, match="Not a directory"):
        under.fetch(type(listed)(f"{tmp_path}/a/b", "a/b", 1), 10)


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    write(tmp_path / "new" / "1777600000.M1.host", b"new")
    write(tmp_path / "cur" / "1777600060.M2.host:2,S", b"seen")
    write(tmp_path / "tmp" / "half", b"half")
    write(tmp_path / "cur" / "odd:2,", b"odd")
    return tmp_path


def test_a_maildir_has_each_mail_under_a_name_that_stays(maildir: Path) -> None:
    source = MaildirSource(maildir)
    listed = list(source.keys(""))
    assert [each.key for each in listed] == ["1777600000.M1.host", "1777600060.M2.host", "odd"]
    (maildir / "new" / "1777600000.M1.host").rename(maildir / "cur" / "1777600000.M1.host:2,RS")
    assert list(source.keys("")) == listed
    found = [source.fetch(each, 100) for each in listed]
    assert [each.raw for each in found] == [b"new", b"seen", b"odd"]
    assert found[0].received == dt.datetime.fromtimestamp(1777600000, dt.UTC)
    assert [each.is_arrival for each in found] == [True, True, False]
    assert found[2].received == WHEN
    (maildir / "cur" / "odd:2,").unlink()
    with pytest.raises(GoneError):
        source.fetch(listed[2], 100)
    source.close()


def test_a_maildir_with_a_link_or_without_a_folder(maildir: Path) -> None:
    source = MaildirSource(maildir)
    (maildir / "new" / "gone").symlink_to(maildir / "nowhere")
    listed = {each.key: each for each in source.keys("")}
    with pytest.raises(NoFileError):
        source.fetch(listed["gone"], 10)
    gone = source.keys("")
    first = next(gone)
    (maildir / "cur" / "odd:2,").unlink()
    assert [each.size for each in gone if each.key == "odd"] == [0]
    for each in (maildir / "new").iterdir():
        each.unlink()
    (maildir / "new").rmdir()
    with pytest.raises(SourceError, match="No such file"):
        list(source.keys(""))
    with pytest.raises(SourceError, match="No such file"):
        source.fetch(first, 10)


ONE = b"From: a@x\nSubject: 1\n\nhi\nFrom here\n>From there\n>>From x\n\n"
MBOX = b"From a@x Fri May  1 00:00:00 2026\n" + ONE + b"From b@x somewhen\nSubject: 2\n\nlast\n"


def test_an_mbox_has_each_mail_by_its_digest(tmp_path: Path) -> None:
    path = write(tmp_path / "box", MBOX, WHEN + dt.timedelta(days=1))
    source = MboxSource(path)
    listed = list(source.keys(""))
    kept = ONE[:-1]
    assert [each.key for each in listed] == [
        hashlib.sha256(kept).hexdigest(),
        hashlib.sha256(b"Subject: 2\n\nlast\n").hexdigest(),
    ]
    found = [source.fetch(each, 1000) for each in listed]
    assert found[0].raw == b"From: a@x\nSubject: 1\n\nhi\nFrom here\nFrom there\n>From x\n"
    assert found[1].raw == b"Subject: 2\n\nlast\n"
    assert [each.is_arrival for each in found] == [True, False]
    assert [each.received for each in found] == [WHEN, WHEN + dt.timedelta(days=1)]
    assert source.fetch(listed[0], 5).raw == b"From: "
    path.write_bytes(MBOX[100:] + MBOX)
    with pytest.raises(FetchError, match="changed meanwhile"):
        source.fetch(listed[0], 1000)
    assert {each.digest for each in listed} <= {each.digest for each in source.keys("")}
    path.unlink()
    with pytest.raises(SourceError, match="No such file"):
        list(source.keys(""))
    source.close()


@given(st.lists(st.binary(max_size=200).filter(lambda raw: b"From " not in raw), max_size=6))
def test_any_mails_come_out_of_an_mbox_as_they_went_in(mails: list[bytes]) -> None:
    import tempfile
    from pathlib import Path

    bodies = [each.replace(b"\r", b"").rstrip(b"\n") + b"\n" for each in mails]
    raw = b"".join(b"From a Fri May  1 00:00:00 2026\n" + each + b"\n" for each in bodies)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "box"
        path.write_bytes(raw)
        source = MboxSource(path)
        assert [source.fetch(each, 10**6).raw for each in source.keys("")] == bodies


def test_a_line_without_an_end_is_read_in_pieces(tmp_path: Path) -> None:
    huge = b"From " + b"x" * 300_000
    path = write(tmp_path / "box", b"text before\n" + MBOX + b"\n" + huge + b"\n")
    source = MboxSource(path)
    listed = list(source.keys(""))
    assert len(listed) == 2
    assert source.fetch(listed[1], 10**6).raw.endswith(huge + b"\n")
    assert list(MboxSource(write(tmp_path / "none", huge)).keys("")) == []


@pytest.mark.parametrize(
    ("raw", "when"),
    [
        (b"Received: by mx; Fri, 1 May 2026 02:00:00 +0200\n\n", WHEN),
        (b"X: y\r\nRECEIVED: a\r\n\tby b; Fri, 1 May 2026\r\n 00:00:00 +0000 (UTC)\r\nX:", WHEN),
        (b"Received: a; Fri, 1 May 2026 00:00:00 -0000\nReceived: b; 1 Jan 2020 00:00:00", WHEN),
        (b"Received: without a date\n\n", None),
        (b"Received: a; yesterday\n\n", None),
        (b"Received: a; Fri, 31 Dec 9999 23:59:59 -2359\n\n", None),
        (b"Received: a; \xff\n\n", None),
        (b"Subject: x\n\nReceived: a; Fri, 1 May 2026 00:00:00 +0000\n", None),
        (b"Subject: x\n" + b"X: y\n" * 20_000 + b"Received: a; 1 May 2026 00:00:00 +0000\n", None),
        (b"", None),
    ],
)  # fmt: skip
def test_when_a_mail_arrived(raw: bytes, when: dt.datetime | None) -> None:
    assert received_time(raw) == when


@pytest.mark.parametrize(
    ("line", "when"),
    [
        (b"From a@x Fri May  1 00:00:00 2026\n", WHEN),
        (b"From a@x Fri May  1 00:00:00 2026 +0200\n", WHEN),
        (b"From a@x\n", None),
        (b"From \xff 31\n", None),
    ],
)
def test_when_a_mail_was_put_into_an_mbox(line: bytes, when: dt.datetime | None) -> None:
    assert separator_time(line) == when


@given(st.binary())
def test_any_header_has_a_time_or_none(raw: bytes) -> None:
    received_time(b"Received: x;" + raw)
    received_time(raw)
