"""A query of the store in the SQL of another engine, ready to run over the same Parquet files."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlglot.expressions import Expr

    from mtasts.reports.store import Value
    from mtasts.tlsrpt.query_files import Query

DIALECTS: Final = ("duckdb", "spark", "trino")


def spelt(query: Query, dialect: str, values: Mapping[str, Value]) -> str:
    """The query with its parameters written in, in the SQL of one of `DIALECTS`."""
    import sqlglot  # 60 ms
    from sqlglot import exp

    def written(node: Expr) -> Expr:
        if not isinstance(node, exp.Placeholder):
            return node
        value = values[node.name]
        if isinstance(value, dt.date):
            return exp.cast(exp.Literal.string(value.isoformat()), "DATE")
        return exp.convert(value)

    tree: Expr = sqlglot.parse_one(query.sql, read="duckdb").transform(written)
    return f"{tree.sql(dialect, pretty=True)}\n"
