"""One UTC day of the store made anew from what has arrived.

What a day holds is a set, and each file of it a function of that set: so neither the order of
arrival nor a run that was killed half way shows in the bytes.

Of several reports with one identity the best receipt decides which one is counted: the highest
trust, then the earliest arrival. So nobody can displace a report that is verified. The others that
say something else are in quarantine (RFC 8460 section 4.4: the identity is unique).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mtasts.reports.database import quoted
from mtasts.tlsrpt.tables import DAY, ENTRY, TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from mtasts.tlsrpt.tables import Column, Table

PART = "part.parquet"
# DuckDB reserves twice the length of the longest line, which is a whole report.
_LINE_BYTES = 1024 * 1024
_ARRIVAL = "report_key, body, via, source"
# The receipt that decides comes first; what follows the time only makes the choice a certain one.
_BEST = (
    "trust_rank DESC, received, via, source, body, signer, signing_key, signing_key_sha256, "
    "trust_reason, reporter, submitter, organization, contact"
)
# Of several readings of one arrival, the one that knew most of its domains.
_RICHEST = "length(content) DESC, content"
_ORDER = {
    "policies": "report_key, policy_row",
    "failures": "report_key, policy_row, detail_row",
    "dropped": "report_key, dropped_row",
    "reports": "report_key",
    "receipts": _ARRIVAL,
    "quarantine": "report_key, body",
}


def compact_day(
    database: DuckDBPyConnection, store: Path, day: str, arrivals: Sequence[Path], scratch: Path
) -> None:
    """Take the files ``arrivals`` into the tables of ``day``, spelt as 2026-01-31.

    What is not whole yet lies in the folder ``scratch``, which is on the disk of the store.

    Killed at any point, it leaves whole files; the next run with the same arrivals ends the work.
    """
    entries = _part(store, ENTRY, day)
    files = ", ".join(quoted(each) for each in arrivals)
    types = ", ".join(f"{each.name}: '{each.type}'" for each in _kept(ENTRY))
    longest = max(_LINE_BYTES, *(each.stat().st_size for each in arrivals))
    options = f"format = 'newline_delimited', maximum_object_size = {longest}"
    sources = [
        f"SELECT {_names(ENTRY)} FROM read_json([{files}], {options}, columns = {{{types}}})"
    ]
    if entries.exists():
        sources.append(f"SELECT {_names(ENTRY)} FROM read_parquet({quoted(entries)})")
    database.execute(
        f"CREATE OR REPLACE TEMP TABLE entries AS SELECT {_names(ENTRY)} FROM "
        f"({' UNION ALL '.join(sources)}) "
        f"QUALIFY row_number() OVER (PARTITION BY {_ARRIVAL} ORDER BY {_BEST}, {_RICHEST}) = 1"
    )
    _write(database, f"SELECT {_names(ENTRY)} FROM entries ORDER BY {_ARRIVAL}", entries, scratch)
    database.execute(
        "CREATE OR REPLACE TEMP TABLE counted AS SELECT * FROM entries "
        f"QUALIFY row_number() OVER (PARTITION BY report_key ORDER BY {_BEST}, {_RICHEST}) = 1"
    )
    for table in TABLES.values():
        select = f"SELECT {_names(table)} FROM ({_rows(table)}) ORDER BY {_ORDER[table.name]}"
        _write(database, select, _part(store, table, day), scratch)


def _rows(table: Table) -> str:
    if table.name == "reports":
        return "SELECT * FROM counted WHERE is_report"
    if table.name == "receipts":
        return "SELECT * FROM entries WHERE is_report"
    if table.name == "quarantine":
        return (
            "SELECT e.*, c.body AS counted_body FROM entries AS e JOIN counted AS c "
            "ON e.report_key = c.report_key AND e.body <> c.body "
            "QUALIFY row_number() OVER (PARTITION BY e.report_key, e.body ORDER BY "
            + ", ".join(f"e.{each}" for each in _BEST.split(", "))
            + ", length(e.content) DESC, e.content) = 1"
        )
    shape = ", ".join(f'"{each.name}": "{each.type}"' for each in table.own)
    own = ", ".join(f"row.{each.name}" for each in table.own)
    entry = ", ".join(each.name for each in _kept(table) if each.of_entry)
    return (
        f"SELECT {entry}, {own} FROM (SELECT *, "
        f"unnest(from_json(content -> '$.{table.name}', '[{{{shape}}}]')) AS row FROM counted)"
    )


def _kept(table: Table) -> tuple[Column, ...]:
    """The columns in the file: the day is in the name of its folder."""
    return tuple(each for each in table.columns if each is not DAY)


def _names(table: Table) -> str:
    return ", ".join(each.name for each in _kept(table))


def _part(store: Path, table: Table, day: str) -> Path:
    return store / table.name / f"day={day}" / PART


def _write(database: DuckDBPyConnection, select: str, path: Path, scratch: Path) -> None:
    """Write the rows to a file in one step; without rows there is none."""
    temporary = scratch / PART
    database.execute(f"COPY ({select}) TO {quoted(temporary)} (FORMAT parquet, COMPRESSION zstd)")
    if database.fetchall() == [(0,)]:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Have the file or folder on the disk before what comes next."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
