"""The queries over the store: SQL files, portable, with every column written out.

A file begins with a comment: what it answers. Its parameters are ``$since`` and ``$until`` (days,
both included), ``$domain`` (a policy domain; empty: all of them) and ``$trust`` (the least
``trust_rank`` that is counted). DuckDB runs the files as they are; `mtasts.reports.dialects` spells
them for other engines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from mtasts.errors import UsageError

PARAMETERS = ("since", "until", "domain", "trust")
_SUFFIX = ".sql"
_PARAMETER = re.compile(r"\$([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Query:
    """One query: its name, what it answers, and its SQL with parameters such as ``$since``."""

    name: str
    answers: str
    sql: str

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters that occur in it, each once."""
        return tuple(dict.fromkeys(_PARAMETER.findall(self.sql)))


@cache
def queries() -> dict[str, Query]:
    """All queries by name, sorted."""
    folder = files("mtasts.tlsrpt") / "queries"
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(_SUFFIX))
    return {
        name.removesuffix(_SUFFIX): _query(
            name.removesuffix(_SUFFIX), (folder / name).read_text("utf-8")
        )
        for name in names
    }


def _query(name: str, text: str) -> Query:
    lines = text.splitlines()
    comment = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
    sql = [line for line in lines if not line.startswith("--")]
    return Query(name, " ".join(comment), "\n".join(sql).strip() + "\n")


def query_named(name: str) -> Query:
    """One query.

    Raises:
        UsageError: there is none of that name; the text says which there are.
    """
    try:
        return queries()[name]
    except KeyError:
        raise UsageError(f"there is no query {name!r}: {', '.join(queries())}") from None
