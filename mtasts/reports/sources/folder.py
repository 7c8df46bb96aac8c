"""A folder of mails and report files, with all folders below it, or a single file."""

from __future__ import annotations

import datetime as dt
import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.reports.sources.source import (
    Fetched,
    FetchError,
    GoneError,
    Listed,
    NoFileError,
    SourceError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class FolderSource:
    """Every regular file below a folder; links are not followed."""

    is_remote = False

    def __init__(self, path: Path) -> None:
        """Use the folder, or the one file; nothing is read yet."""
        self._path = path.absolute()
        self.name = printable(str(self._path), 1000)

    def keys(self, cursor: str) -> Iterator[Listed]:
        """The files, sorted within each folder.

        Raises:
            SourceError: a folder cannot be read: reports in it would be left out without a word.
        """
        del cursor
        try:
            is_folder = self._path.is_dir()
        except OSError as error:
            raise SourceError(f"{self.name}: {error.strerror}") from error
        if is_folder:
            yield from self._below(self._path)
        elif (found := self._listed(self._path)) is not None:
            yield found

    def _below(self, folder: Path) -> Iterator[Listed]:
        """Every file below a folder, in order.

        Raises:
            SourceError: a folder cannot be read.
        """
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda each: each.name)
        except OSError as error:
            raise SourceError(f"{_shown(folder)}: {error.strerror}") from error
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                yield from self._below(Path(entry.path))
            elif (listed := self._listed(Path(entry.path))) is not None:
                yield listed

    def _listed(self, path: Path) -> Listed | None:
        """The file, or None if it is no longer there."""
        try:
            seen = path.lstat()
        except OSError:
            return None
        return Listed(str(path), _shown(path), seen.st_size, f"{seen.st_size} {seen.st_mtime_ns}")

    def fetch(self, listed: Listed, limit: int) -> Fetched:
        """The file; the time is that of its last change."""
        return read_file(Path(listed.key), limit)

    def close(self) -> None:
        """Nothing: no file stays open."""


def read_file(path: Path, limit: int, offset: int = 0) -> Fetched:
    """At most ``limit`` bytes and one more of a regular file; raises as `Source.fetch`.

    A pipe or device is not opened: that could wait without an end.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            seen = os.fstat(file.fileno())
            if not stat.S_ISREG(seen.st_mode):
                raise NoFileError("it is a pipe or a device")
            file.seek(offset)
            raw = file.read(limit + 1)
    except FileNotFoundError as error:
        raise GoneError(f"{_shown(path)} was deleted meanwhile") from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NoFileError("it is a link") from error
        if error.errno == errno.ENXIO:
            raise NoFileError("it is a socket") from error
        raise FetchError(f"{_shown(path)}: {error.strerror}") from error
    return Fetched(raw, dt.datetime.fromtimestamp(seen.st_mtime, dt.UTC), is_arrival=False)


def _shown(path: Path) -> str:
    return printable(str(path), 1000)
