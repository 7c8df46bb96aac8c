"""``mtasts reports sql``: a query over the stored reports, in the SQL of another engine."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mtasts.cli.output import Exit, write
from mtasts.cli.reports.answers import add_store_options, since
from mtasts.cli.stacks import domain_name
from mtasts.tlsrpt.query_files import queries, query_named
from mtasts.tlsrpt.tables import RANKS
from mtasts.tlsrpt.trust import Trust

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from mtasts.cli.outside import Outside
    from mtasts.reports.store import Value


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.description = (
        "Print a query over the tables of the store, with its parameters written in, for DuckDB, "
        "Spark or Trino (Athena). Without a name: which queries there are. The tables are in "
        "mtasts docs report-queries."
    )
    parser.epilog = "example: mtasts reports sql failures --dialect trino --since 90d"
    parser.add_argument("name", metavar="NAME", nargs="?", help="name of the query")
    parser.add_argument("--dialect", choices=("duckdb", "spark", "trino"), default="duckdb")
    add_store_options(parser)


def run(arguments: Namespace, outside: Outside) -> int:
    """Print the query, or the names of all.

    Raises:
        UsageError: there is no such query, or an option is wrong.
    """
    if arguments.name is None:
        write("".join(f"{each.name}: {each.answers}\n" for each in queries().values()))
        return Exit.GOOD
    query = query_named(arguments.name)
    from mtasts.reports.dialects import spelt

    today = outside.clock()().astimezone(dt.UTC).date()
    values: dict[str, Value] = {
        "since": since(arguments.since, today),
        "until": today,
        "domain": domain_name(arguments.domain) if arguments.domain else "",
        "trust": RANKS[Trust(arguments.trust)],
    }
    write(spelt(query, arguments.dialect, values))
    return Exit.GOOD
