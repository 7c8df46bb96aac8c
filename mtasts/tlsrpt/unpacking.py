"""The bytes of a report file: JSON, gzip of it (RFC 8460 section 5.2), or a zip of such files.

Sizes and counts are checked before anything is unpacked, and again while it is: 20 KB may unpack to
2 GB.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from mtasts.errors import MtaStsError
from mtasts.findings import printable
from mtasts.tlsrpt.report import ReportWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# RFC 8460 section 5.2 says that some receivers accept 10 MB.
COMPRESSED_MAX_BYTES = 10 * 1024 * 1024
INFLATED_MAX_BYTES = 20 * 1024 * 1024
MEMBERS_MAX = 100
ARCHIVE_MAX_BYTES = 60 * 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
_ENTRY_MAGIC = b"PK\x01\x02"
_BOM = b"\xef\xbb\xbf"
_GZIP = zlib.MAX_WBITS | 16
_ENCRYPTED = 1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile raises for an archive that is broken or of another kind than it reads.
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    ValueError,
    OSError,
    EOFError,
)
# What mail software leaves at the end of an attachment (Mimecast writes CRLF).
_PADDING = b"\r\n\t \x00"


class ReportError(MtaStsError):
    """The report cannot be read: nothing in it counts, and it may hide failures.

    ``warnings`` say why, the one that decides last; ``reporter`` is who sent it, as far as that
    could be read.
    """

    def __init__(
        self, text: str, id_: str, before: tuple[ReportWarning, ...] = (), reporter: str = ""
    ) -> None:
        """Refuse for the reason ``id_`` of the table of warnings, after those of ``before``."""
        super().__init__(text)
        self.warnings = (*before, ReportWarning(id_, "", text))
        self.reporter = reporter


class OtherFormatError(ReportError):
    """The file is of a format that no TLS report has, so it hides nothing."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A part of a file or mail that was not read as a report, and why.

    ``id`` is a row of the table of warnings. ``may_hide`` is False where it cannot be a report.
    """

    id: str
    where: str
    reason: str
    may_hide: bool = True


class Document(Struct, frozen=True, gc=False):
    """The bytes of one report, JSON or gzip of it, and the name of the file they come from."""

    name: str
    raw: bytes


def unpack(raw: bytes) -> tuple[bytes, tuple[ReportWarning, ...]]:
    """The JSON text in a report file, at most `INFLATED_MAX_BYTES` long, without byte-order mark.

    Raises:
        OtherFormatError: it is XML, as DMARC reports are.
        ReportError: it is too large, cut off, or packed otherwise.
    """
    warnings: tuple[ReportWarning, ...] = ()
    if raw.startswith(ZIP_MAGIC):
        raise ReportError("it is a zip archive: take the reports out of it", "archive")
    if raw.startswith(GZIP_MAGIC):
        text, padding = _inflate(raw)
        if padding:
            detail = f"{padding} bytes of padding after gzip"
            warnings = (ReportWarning("trailing-bytes", "", detail),)
    else:
        text = raw.rstrip(b"\x00")
        if len(text) != len(raw):
            warnings = (ReportWarning("trailing-bytes", "", "zero bytes after the JSON text"),)
    if len(text) > INFLATED_MAX_BYTES:
        raise ReportError(f"it is larger than {INFLATED_MAX_BYTES} bytes", "too-large")
    if text.startswith(b"{"):  # nearly all
        return text, warnings
    if text.startswith(_BOM):
        text = text.removeprefix(_BOM)
        warnings = (*warnings, ReportWarning("bom", "", "UTF-8 byte-order mark"))
    if text[:100].lstrip().startswith(b"<?xml"):
        raise OtherFormatError("it is XML, so it is no TLS report", "other-format", warnings)
    return text, warnings


def _inflate(raw: bytes) -> tuple[bytes, int]:
    """Every member of a gzip file, and how many bytes of padding follow them."""
    if len(raw) > COMPRESSED_MAX_BYTES:
        raise ReportError(f"it is larger than {COMPRESSED_MAX_BYTES} bytes", "too-large")
    members: list[bytes] = []
    size, padding = 0, 0
    while raw:
        member = zlib.decompressobj(wbits=_GZIP)
        try:
            members.append(member.decompress(raw, INFLATED_MAX_BYTES + 1 - size))
        except zlib.error as error:
            id_ = "trailing-bytes" if members else "not-inflatable"
            raise ReportError(f"it cannot be inflated: {error}", id_) from error
        size += len(members[-1])
        if size > INFLATED_MAX_BYTES:
            raise ReportError(f"it inflates to more than {INFLATED_MAX_BYTES} bytes", "too-large")
        if len(members) > MEMBERS_MAX:  # each costs a copy of the rest
            raise ReportError(f"it has more than {MEMBERS_MAX} gzip members", "too-large")
        if not member.eof:
            raise ReportError("it is cut off: the gzip stream has no end", "cut-off")
        rest = member.unused_data
        raw = rest.lstrip(_PADDING) if rest else rest
        padding += len(rest) - len(raw)
    return members[0] if len(members) == 1 else b"".join(members), padding


def documents(name: str, raw: bytes) -> Iterable[Document | Skipped]:
    """The reports in one file: the file itself, or the members of a zip archive, one at a time.

    A member of an archive that is no plain file of a bounded size is named, not unpacked.
    """
    return _archived(name, raw) if raw.startswith(ZIP_MAGIC) else (Document(name, raw),)


def _archived(name: str, raw: bytes) -> Iterator[Document | Skipped]:
    if len(raw) > COMPRESSED_MAX_BYTES:
        yield Skipped("too-large", name, f"it is larger than {COMPRESSED_MAX_BYTES} bytes")
        return
    # Before zipfile makes an object for each entry.
    if raw.count(_ENTRY_MAGIC) > MEMBERS_MAX:
        yield Skipped("archive-too-large", name, f"it has more than {MEMBERS_MAX} entries")
        return
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            yield from _members(name, archive)
    except _ZIP_ERRORS as error:
        yield Skipped("archive-invalid", name, printable(str(error), 200))


def _members(name: str, archive: zipfile.ZipFile) -> Iterator[Document | Skipped]:
    left = ARCHIVE_MAX_BYTES
    entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
    if not entries:
        yield Skipped("archive-invalid", name, "it holds no file")
    for entry in entries:
        where = f"{name}:{printable(entry.filename)}"
        if entry.flag_bits & _ENCRYPTED:
            yield Skipped("archive-invalid", where, "it is encrypted")
            continue
        if entry.compress_type not in _METHODS:  # zipfile unpacks the others without a bound
            yield Skipped("archive-invalid", where, "it is neither stored nor deflated")
            continue
        try:
            with archive.open(entry) as member:
                content = member.read(min(left, INFLATED_MAX_BYTES) + 1)
        except _ZIP_ERRORS as error:
            yield Skipped("archive-invalid", where, printable(str(error), 200))
            continue
        left -= len(content)
        if left < 0:
            yield Skipped("archive-too-large", where, f"more than {ARCHIVE_MAX_BYTES} bytes in all")
            return
        if content.startswith(ZIP_MAGIC):
            yield Skipped("archive-in-archive", where, "it is an archive in an archive")
            continue
        yield Document(where, content)
