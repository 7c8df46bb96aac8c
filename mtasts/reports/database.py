"""DuckDB, embedded: it reads and writes the Parquet files of the store, and loads no extension."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection


def connect(
    scratch: Path | None = None, *, memory_mb: int = 512, threads: int | None = None
) -> DuckDBPyConnection:
    """A database in memory; what exceeds ``memory_mb`` goes to the folder ``scratch``."""
    import duckdb  # 100 ms

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_mb}MB",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": str(scratch) if scratch is not None else "",
    }
    if threads is not None:
        config["threads"] = threads
    made: DuckDBPyConnection = duckdb.connect(":memory:", config=config)
    return made


def quoted(path: Path | str) -> str:
    """A path as a string literal of SQL."""
    return "'" + str(path).replace("'", "''") + "'"
