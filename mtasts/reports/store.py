"""The store of TLS reports: Parquet files by UTC day, each report in it exactly once.

What arrives is appended to ``arrivals/``, in files that are named by their own digest, so an
arrival that is repeated changes nothing. `Store.settle` takes them into the tables
(`mtasts.reports.compaction`) and deletes them last. A process that is killed at any point leaves
whole files, and the next `settle` ends its work: stores that were given the same reports are then
equal, byte for byte.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mtasts.errors import MtaStsError, UndeterminedError, UsageError
from mtasts.files import TEMPORARY, write_whole
from mtasts.json_fields import JsonError, read_fields
from mtasts.reports.compaction import PART, compact_day, sync
from mtasts.reports.database import connect, quoted
from mtasts.tlsrpt.rows import entry_of
from mtasts.tlsrpt.tables import SCHEMA, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from duckdb import DuckDBPyConnection

    from mtasts.tlsrpt.query_files import Query
    from mtasts.tlsrpt.rows import Arrival, Skipped
    from mtasts.tlsrpt.tables import Table

_FORMAT = "store.json"
_FORMAT_MAX_BYTES = 1000
_ARRIVALS = "arrivals"
_LOCK = ".lock"
_SCRATCH = ".scratch-"
_BATCH_BYTES = 8 * 1024 * 1024
_FETCH = 10_000
_LOCK_SECONDS = 600.0  # taking in 100 000 reports takes a minute
_LOCK_PAUSE_SECONDS = 0.05

Value = str | int | bool | dt.date | dt.datetime | None


class StoreError(MtaStsError):
    """The folder is no store that this release can read; nothing in it was changed."""


class StoreBusyError(UndeterminedError):
    """Another process has the store, and did not give it back in time; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows that a query gives; a count is an int, a time is in UTC without a zone."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    def records(self) -> Iterator[dict[str, Value]]:
        """Each row by the names of its columns."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


class Store:
    """The store in one folder, which is made with the first report.

    ``memory_mb`` bounds what the database takes; what exceeds it goes to the store's own folder.
    """

    def __init__(
        self, folder: Path, *, memory_mb: int = 512, lock_seconds: float = _LOCK_SECONDS
    ) -> None:
        """Nothing is read or made yet; other processes are waited for ``lock_seconds``."""
        self.folder = folder
        self._lock_seconds = lock_seconds
        self._memory_mb = memory_mb
        self._until: ExitStack | None = None
        self._asked: DuckDBPyConnection | None = None

    def add(self, arrived: Iterable[Arrival | Skipped], *, batch_bytes: int = _BATCH_BYTES) -> int:
        """Keep what arrived, and return how many; it is on the disk once this returns.

        What is kept already changes nothing. `settle` makes it visible to queries. At most
        ``batch_bytes`` and one report are in memory.

        Raises:
            StoreError: the folder is of another release.
            StoreBusyError: another process has it.
            OSError: it cannot be written; what was kept before is unchanged.
        """
        with self._locked():
            waiting: dict[str, list[bytes]] = defaultdict(list)
            size = count = 0
            for each in arrived:
                entry = entry_of(each)
                line = json.dumps(entry, sort_keys=True).encode("ascii") + b"\n"
                waiting[str(entry["day"])].append(line)
                size += len(line)
                count += 1
                if size > batch_bytes:
                    self._append(waiting)
                    size = 0
            self._append(waiting)
        return count

    def _append(self, waiting: dict[str, list[bytes]]) -> None:
        """Write a file of arrivals for each day, and forget them."""
        for day, lines in waiting.items():
            raw = b"".join(lines)
            folder = self.folder / _ARRIVALS / f"day={day}"
            write_whole(folder / f"{hashlib.sha256(raw).hexdigest()}.jsonl", raw, replace=True)
            sync(folder)
        waiting.clear()

    def settle(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Take what arrived into the tables; without arrivals this does nothing.

        ``progress`` is called after each day with how many days are done, and of how many.

        Raises:
            StoreError: the folder is of another release, or a file in it cannot be read.
            StoreBusyError: another process has it.
            OSError: it cannot be written; the next call begins anew.
        """
        if not self._arrivals():
            return
        with self._locked(), self._database(self.folder, threads=1) as (database, scratch):
            self._clear_scratch(scratch)
            days = self._arrivals()
            for done, folder in enumerate(days, start=1):
                day = folder.name.removeprefix("day=")
                # A file that does not end so was left half written by a process that was killed.
                if files := sorted(folder.glob("*.jsonl")):
                    with _readable(self.folder):
                        compact_day(database, self.folder, day, files, scratch)
                for each in folder.iterdir():
                    each.unlink()
                folder.rmdir()
                if progress is not None:
                    progress(done, len(days))

    def _clear_scratch(self, own: Path) -> None:
        """Delete what killed processes left; nobody else writes while this has the lock."""
        for each in self.folder.glob(f"{_SCRATCH}*"):
            if each != own:
                shutil.rmtree(each)
        for each in self.folder.glob(f"{TEMPORARY}*"):
            each.unlink()

    def _arrivals(self) -> list[Path]:
        """The folders of the days for which something has arrived."""
        return sorted((self.folder / _ARRIVALS).glob("day=*"))

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask one database within this context: to make it takes longer than many an answer."""
        with ExitStack() as stack:
            self._until = stack
            try:
                yield
            finally:
                self._until = self._asked = None

    def ask(self, query: Query, values: Mapping[str, Value]) -> Answer:
        """The answer of a query; ``values`` has its parameters by name.

        Raises:
            StoreError: as `settle`.
            StoreBusyError: as `settle`.
            UsageError: there is no store.
        """
        if not (self.folder / _FORMAT).exists():
            raise UsageError(f"{self.folder} has no reports: fill it with mtasts reports pull")
        self.settle()
        with self._locked(shared=True), self._to_ask() as database, _readable(self.folder):
            define_views(database, self.folder)
            given = {name: values[name] for name in query.parameters}
            found = database.execute(query.sql, given)
            columns = tuple(each[0] for each in found.description or ())
            rows: list[tuple[Value, ...]] = []
            while some := found.fetchmany(_FETCH):
                rows += (tuple(map(_plain, row)) for row in some)
        return Answer(columns, tuple(rows))

    @contextmanager
    def _to_ask(self) -> Iterator[DuckDBPyConnection]:
        """The database of `asking`, which the first question makes; or one for this question."""
        if self._until is None:
            with self._database() as (database, _):
                yield database
            return
        if self._asked is None:
            self._asked, _ = self._until.enter_context(self._database())
        yield self._asked

    @contextmanager
    def _locked(self, *, shared: bool = False) -> Iterator[None]:
        """Keep other processes from writing meanwhile, and check whose format it is."""
        if not shared:
            self.folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDONLY if shared else os.O_RDWR | os.O_CREAT
        descriptor = os.open(self.folder / _LOCK, flags, 0o644)
        try:
            self._lock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            self._check_format()
            yield
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int, how: int) -> None:
        """Wait for other processes, but not without an end: one of them may be stopped.

        Raises:
            StoreBusyError: the time is over.
        """
        end = time.monotonic() + self._lock_seconds
        while True:
            try:
                fcntl.flock(descriptor, how | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() >= end:
                    raise StoreBusyError(
                        f"{self.folder}: another process has used it for {self._lock_seconds:.0f} "
                        f"s; find it with fuser {self.folder / _LOCK}"
                    ) from error
                time.sleep(_LOCK_PAUSE_SECONDS)
            else:
                return

    def _check_format(self) -> None:
        """Hold the folder to the format that this release writes; a new one gets it.

        Raises:
            StoreError: it is of another release, or no store.
        """
        path = self.folder / _FORMAT
        if not path.exists():
            write_whole(path, json.dumps({"schema": SCHEMA}).encode() + b"\n", replace=True)
            return
        try:
            found = read_fields(path.read_bytes(), _FORMAT_MAX_BYTES).whole("schema")
        except JsonError as error:
            raise StoreError(f"{path} does not describe a store of reports") from error
        if found != SCHEMA:
            raise StoreError(
                f"{self.folder} has tables of version {found}, and this release writes version "
                f"{SCHEMA}: use the release that wrote it, or pull the reports into a new folder"
            )

    @contextmanager
    def _database(
        self, within: Path | None = None, threads: int | None = None
    ) -> Iterator[tuple[DuckDBPyConnection, Path]]:
        """A database, and the folder for what exceeds its memory, which is deleted at the end.

        It is ``within`` a folder, or where the system has such folders.
        """
        with (
            tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=within) as name,
            connect(Path(name), memory_mb=self._memory_mb, threads=threads) as database,
        ):
            yield database, Path(name)


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    """Errors of the database, in this program's own terms.

    Raises:
        StoreError: it cannot read the store; the text is the first line that it says.
    """
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise StoreError(f"{folder} cannot be read: {str(error).splitlines()[0]}") from error


def define_views(database: DuckDBPyConnection, folder: Path) -> None:
    """Give each table of the store in ``folder`` its name; one without files is empty."""
    for table in TABLES.values():
        database.execute(f"CREATE OR REPLACE TEMP VIEW {table.name} AS {_select(table, folder)}")


def _select(table: Table, folder: Path) -> str:
    if not any((folder / table.name).glob(f"day=*/{PART}")):
        nothing = ", ".join(f"CAST(NULL AS {each.type}) AS {each.name}" for each in table.columns)
        return f"SELECT {nothing} WHERE 1 = 0"
    files = quoted(folder / table.name / "day=*" / PART)
    names = ", ".join(each.name for each in table.columns)
    return (
        f"SELECT {names} FROM read_parquet({files}, hive_partitioning = true, "
        "hive_types = {'day': DATE})"
    )


def _plain(value: object) -> Value:
    """A value of the database as one of ours; a DECIMAL without a fraction is a whole number."""
    return int(value) if isinstance(value, Decimal) else cast("Value", value)
