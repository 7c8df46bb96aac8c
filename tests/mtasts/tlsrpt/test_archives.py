"""Zip archives and bombs: bounded, and what is not unpacked is named (RFC 8460 section 7)."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zipfile
import zlib
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtasts.tlsrpt import unpacking
from mtasts.tlsrpt.reading import parse_report
from mtasts.tlsrpt.unpacking import Document, ReportError, Skipped, documents

if TYPE_CHECKING:
    from collections.abc import Callable

REPORT = b'{"report-id": "x"}'


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return whole.getvalue()


def zeros(members: int) -> bytes:
    """An archive with members of 20 MiB each."""
    return archive(*((f"{number}", bytes(20 * 1024 * 1024)) for number in range(members)))


def found(raw: bytes) -> list[tuple[str, str]]:
    """Where each document or skipped member stands, and the id of the warning if it was skipped."""
    return [
        (each.where, each.id) if isinstance(each, Skipped) else (each.name, "")
        for each in documents("a", raw)
    ]


def test_a_file_is_one_document() -> None:
    assert list(documents("a", REPORT)) == [Document("a", REPORT)]


def test_the_members_of_an_archive_are_documents() -> None:
    raw = archive(("r.json", REPORT), ("d/", b""), ("s\x1b.json.gz", gzip.compress(REPORT)))
    assert [each.raw for each in documents("a", raw) if isinstance(each, Document)] == [
        REPORT,
        gzip.compress(REPORT),
    ]
    assert found(raw) == [("a:r.json", ""), ("a:s\\x1b.json.gz", "")]
    assert found(archive(("r", REPORT), method=zipfile.ZIP_STORED)) == [("a:r", "")]


def changed(raw: bytes, old: bytes, new: bytes) -> bytes:
    assert old in raw
    return raw.replace(old, new)


GOOD = archive(("r.json", REPORT))
# In both headers of an entry: flag bit 0 says that it is encrypted.
CENTRAL, LOCAL = b"PK\x01\x02\x14\x03\x14\x00", b"PK\x03\x04\x14\x00"
FLAGGED = changed(GOOD, CENTRAL + b"\x00\x00", CENTRAL + b"\x01\x00")
ENCRYPTED = changed(FLAGGED, LOCAL + b"\x00\x00", LOCAL + b"\x01\x00")


@pytest.mark.parametrize(
    ("raw", "skipped"),
    [
        (GOOD[:-5], [("a", "archive-invalid")]),
        (b"PK\x03\x04", [("a", "archive-invalid")]),
        (archive(("d/", b"")), [("a", "archive-invalid")]),
        (ENCRYPTED, [("a:r.json", "archive-invalid")]),
        (archive(("r", REPORT), method=zipfile.ZIP_BZIP2), [("a:r", "archive-invalid")]),
        (archive(("r", REPORT), method=zipfile.ZIP_LZMA), [("a:r", "archive-invalid")]),
        (archive(("z", GOOD), ("r", REPORT)), [("a:z", "archive-in-archive"), ("a:r", "")]),
        (changed(archive(("r", REPORT), method=zipfile.ZIP_STORED), REPORT, REPORT[::-1]),
         [("a:r", "archive-invalid")]),
        (archive(*[(f"{i}", b"") for i in range(101)]), [("a", "archive-too-large")]),
        (b"PK\x03\x04" + bytes(unpacking.COMPRESSED_MAX_BYTES), [("a", "too-large")]),
    ],
    ids=["cut", "bare", "empty", "encrypted", "bzip2", "lzma", "zip-in-zip", "checksum", "many",
         "large"],
)  # fmt: skip
def test_what_is_not_unpacked_is_named(raw: bytes, skipped: list[tuple[str, str]]) -> None:
    assert found(raw) == skipped


def test_what_is_beyond_the_size_of_all_members_is_named() -> None:
    expected = [("a:0", ""), ("a:1", ""), ("a:2", ""), ("a:3", "archive-too-large")]
    assert found(zeros(4)) == expected


def gzip_bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    piece = bytes(1024 * 1024)
    return b"".join(packer.compress(piece) for _ in range(size // len(piece))) + packer.flush()


@cache
def bomb() -> bytes:
    return gzip_bomb(200 * 1024 * 1024)


def zip_of_zips() -> bytes:
    raw = archive(("r", bytes(1024 * 1024)))
    for _ in range(3):
        raw = archive(*[(f"{i}.zip", raw) for i in range(16)])
    return raw


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(bomb, id="gzip"),
        pytest.param(lambda: gzip.compress(bomb()), id="gzip-of-gzip"),
        pytest.param(lambda: archive(("b.gz", bomb())), id="gzip-in-zip"),
        pytest.param(zip_of_zips, id="zip-of-zips"),
        pytest.param(lambda: zeros(10), id="zip"),
    ],
)
def test_a_bomb_takes_no_more_memory_than_a_report_may(make: Callable[[], bytes]) -> None:
    raw = make()
    tracemalloc.start()
    for each in documents("a", raw):
        if isinstance(each, Document):
            with pytest.raises(ReportError):
                parse_report(each.raw)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(raw) < 250_000
    assert peak < 5 * unpacking.INFLATED_MAX_BYTES


@given(st.binary(max_size=300), st.integers(0, 200), st.binary(min_size=1, max_size=4))
def test_any_bytes_are_documents_or_skipped(content: bytes, place: int, other: bytes) -> None:
    broken = GOOD[:place] + other + GOOD[place + len(other) :]
    for raw in (content, b"PK\x03\x04" + content, broken):
        assert list(documents("a", raw))
