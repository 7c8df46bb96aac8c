"""DuckDB, embedded: it reads and writes the Parquet files of the store, and loads no extension."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mtasts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    from duckdb import DuckDBPyConnection


def connect(
    scratch: Path | None = None,
    *,
    memory_mb: int = 512,
    threads: int | None = None,
    load: Callable[[str], ModuleType] = import_module,
) -> DuckDBPyConnection:
    """A database in memory; what exceeds ``memory_mb`` goes to the folder ``scratch``.

    Raises:
        UsageError: DuckDB is not installed.
    """
    try:
        duckdb = load("duckdb")  # 100 ms
    except ImportError as error:
        raise UsageError(
            "the store of reports needs DuckDB: pip install 'mtasts[reports]'"
        ) from error
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
