"""Mailboxes on this machine: Maildir, and mbox (RFC 4155). Both are only read."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.reports.sources.folder import read_file
from mtasts.reports.sources.source import Fetched, FetchError, GoneError, Listed, SourceError
from mtasts.tlsrpt.received import separator_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

_FOLDERS = ("new", "cur")
_FLAGS = ":2,"
_SECONDS = re.compile(r"(\d{9,11})\.", re.ASCII)
_FROM = b"From "
# mboxrd: a line of the mail that begins so was given one more of them when it was stored.
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
# A line that is longer is read in pieces.
_LINE_BYTES = 64 * 1024


class MaildirSource:
    """The mails in ``new`` and ``cur`` of one Maildir; its subfolders are Maildirs of their own."""

    is_remote = False

    def __init__(self, path: Path) -> None:
        """Use the Maildir; nothing is read yet."""
        self._path = path.absolute()
        self.name = printable(str(self._path), 1000)

    def keys(self, cursor: str) -> Iterator[Listed]:
        """The mails, by the part of their names that stays when flags change.

        Raises:
            SourceError: a folder of the Maildir cannot be read.
        """
        del cursor
        found: dict[str, Path] = {}
        for folder in _FOLDERS:
            try:
                for each in (self._path / folder).iterdir():
                    found[each.name.partition(_FLAGS)[0]] = each
            except OSError as error:
                raise SourceError(f"{self.name}/{folder}: {error.strerror}") from error
        for base in sorted(found):
            try:
                size = found[base].lstat().st_size
            except OSError:  # it was moved or deleted; fetching it tells which
                size = 0
            yield Listed(base, f"{self.name}/{printable(base, 300)}", size)

    def fetch(self, listed: Listed, limit: int) -> Fetched:
        """One mail, which may have been moved from ``new`` to ``cur`` and given flags meanwhile."""
        found = read_file(self._find(listed), limit)
        seconds = _SECONDS.match(listed.key)
        if seconds is None:
            return found
        delivered = dt.datetime.fromtimestamp(int(seconds[1]), dt.UTC)
        return replace(found, received=delivered, is_arrival=True)

    def _find(self, listed: Listed) -> Path:
        """The file of a message, which others move and rename.

        Raises:
            GoneError: it was deleted meanwhile.
            SourceError: the folder cannot be read.
        """
        try:
            for folder in _FOLDERS:
                plain = self._path / folder / listed.key
                if plain.is_symlink() or plain.exists():
                    return plain
                for each in plain.parent.iterdir():
                    if each.name.partition(_FLAGS)[0] == listed.key:
                        return each
        except OSError as error:
            raise SourceError(f"{self.name}: {error.strerror}") from error
        raise GoneError(f"{listed.address} was deleted meanwhile")

    def close(self) -> None:
        """Nothing: no file stays open."""


@dataclass(slots=True)
class _Mail:
    """A mail of an mbox while it is listed: where it begins, its length, and its digest so far."""

    offset: int
    digest: hashlib._Hash
    size: int = 0


class MboxSource:
    """The mails in one mbox, each named by the digest of its bytes: other mails may be deleted."""

    is_remote = False

    def __init__(self, path: Path) -> None:
        """Use the file; nothing is read yet."""
        self._path = path.absolute()
        self.name = printable(str(self._path), 1000)

    def keys(self, cursor: str) -> Iterator[Listed]:
        """Every mail, in the order of the file, which is read once from beginning to end.

        Raises:
            SourceError: the file cannot be read.
        """
        del cursor
        try:
            with self._path.open("rb") as file:
                for mail in _mails(file):
                    key = mail.digest.hexdigest()
                    address = f"{self.name}#{key[:16]}"
                    yield Listed(key, address, mail.size, offset=mail.offset)
        except OSError as error:
            raise SourceError(f"{self.name}: {error.strerror}") from error

    def fetch(self, listed: Listed, limit: int) -> Fetched:
        """One mail without the line that begins it, whose time is that of delivery.

        Raises:
            FetchError: the file was changed since it was listed.
        """
        wanted = min(listed.size, limit + 1)
        found = read_file(self._path, wanted + _LINE_BYTES, listed.offset)
        line, _, rest = found.raw.partition(b"\n")
        raw = rest[:wanted]
        is_whole = wanted == listed.size
        if is_whole and hashlib.sha256(raw).hexdigest() != listed.key:
            raise FetchError(f"{listed.address}: the mailbox was changed meanwhile")
        arrived = separator_time(line)
        return Fetched(
            _QUOTED.sub(rb"\1", raw), arrived or found.received, is_arrival=arrived is not None
        )

    def close(self) -> None:
        """Nothing: no file stays open."""


def _mails(file: BinaryIO) -> Iterator[_Mail]:
    """Each mail; one begins where a line with ``From`` follows an empty one, or the file begins."""
    mail: _Mail | None = None
    held = b""  # the empty line before the next mail belongs to neither
    offset, begins_line = 0, True
    while piece := file.readline(_LINE_BYTES):
        is_line = begins_line and piece.endswith(b"\n")
        if is_line and piece.startswith(_FROM) and (mail is None or held):
            if mail is not None:
                yield mail
            mail, held = _Mail(offset, hashlib.sha256()), b""
        elif mail is not None:
            _add(mail, held)
            held = piece if is_line and not piece.strip(b"\r\n") else b""
            _add(mail, b"" if held else piece)
        offset += len(piece)
        begins_line = piece.endswith(b"\n")
    if mail is not None:
        yield mail


def _add(mail: _Mail, piece: bytes) -> None:
    mail.digest.update(piece)
    mail.size += len(piece)
