"""A query in the SQL of another engine, with its parameters written in."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mtasts.reports.dialects import DIALECTS, spelt
from mtasts.tlsrpt import query_files
from mtasts.tlsrpt.query_files import Query, queries

if TYPE_CHECKING:
    from mtasts.reports.store import Value

# Not of `queries`, which remembers them: coverage follows no call while tests are collected.
NAMES = sorted(each.stem for each in Path(query_files.__file__).parent.glob("queries/*.sql"))
VALUES: dict[str, Value] = {
    "since": dt.date(2026, 1, 1),
    "until": dt.date(2026, 1, 31),
    "domain": "it's; DROP",
    "trust": 2,
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", NAMES)
def test_no_parameter_is_left(name: str, dialect: str) -> None:
    text = spelt(queries()[name], dialect, VALUES)
    assert "$" not in text
    assert ":" not in text
    assert "?" not in text


def test_a_text_stays_a_text() -> None:
    query = Query("x", "", "SELECT day FROM policies WHERE domain = $domain AND day > $since")
    for dialect, escaped in (("duckdb", "''"), ("trino", "''"), ("spark", "\\'")):
        text = spelt(query, dialect, VALUES)
        assert f"'it{escaped}s; DROP'" in text
        assert "CAST('2026-01-01' AS DATE)" in text
