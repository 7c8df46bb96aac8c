"""The store of TLS reports: 10 million failure rows summarised (bar: 1.5 times a query by hand).

mtasts runs the query `failures` of the store with all that comes before it: the lock, the views
over the Parquet files, the parameters. The peer is a query written by hand in DuckDB over the same
files, with the same answer. Each runs in its own process, in turns; the result is the median over
the pairs. After that one process stores 100 000 reports, sorts them into the tables and summarises
them; it may use 1 GB of resident memory.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measuring import Taken, row, tell, watched

from mtasts.reports.database import connect, quoted
from mtasts.reports.store import Store, Value
from mtasts.tlsrpt.query_files import query_named
from mtasts.tlsrpt.report import Failure, PolicyResult, Report
from mtasts.tlsrpt.rows import Arrival
from mtasts.tlsrpt.tables import FAILURES, Type
from mtasts.tlsrpt.trust import Receipt, Trust

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 10_000_000
DAYS = 90
ROUNDS = 5
BAR = 1.5
REPORTS = 100_000
MEMORY_BAR_MB = 1024
FIRST = dt.date(2026, 1, 1)
VALUES: dict[str, Value] = {
    "since": FIRST,
    "until": FIRST + dt.timedelta(days=DAYS),
    "domain": "",
    "trust": 1,
}
# The SQL expression of each column from the row number ``n``; all other columns are empty.
MADE = {
    "report_key": "md5(CAST(n // 20 AS VARCHAR))",
    "reporter": "'reporter' || (n // 20) % 50 || '.example'",
    "trust": "'verified'",
    "trust_rank": "3",
    "policy_row": "0",
    "detail_row": "n % 20",
    "domain": "'domain' || (n // 20) % 40 || '.example'",
    "policy_type": "'sts'",
    "result_type": "['certificate-expired', 'validation-failure', 'sts-policy-invalid'][1 + n % 3]",
    "mx": "'mx' || n % 4 || '.example'",
    "sessions": "1 + n % 7",
    "concerns_sts": "true",
    "is_repeat": "false",
}
BY_HAND = """
SELECT domain, result_type, mx, policy_type, count(DISTINCT report_key), count(DISTINCT reporter),
    min(day), max(day), sum(sessions) AS sessions
FROM read_parquet({files}, hive_partitioning = true)
WHERE day BETWEEN '{since}' AND '{until}' AND trust_rank >= 1 AND NOT is_repeat
GROUP BY ALL ORDER BY domain, sessions DESC, result_type, mx, policy_type
"""


def say(text: str) -> None:
    """Print progress to stderr; the figures go to stdout."""
    sys.stderr.write(f"bench: {text}\n")


def make(folder: Path) -> None:
    """Make a store with `ROWS` failures over `DAYS` days."""
    Store(folder).add(reports(1))
    Store(folder).settle()
    columns = [
        f"CAST({MADE.get(each.name, 'NULL' if each.type is not Type.TEXT else repr(''))} "
        f"AS {each.type}) AS {each.name}"
        for each in FAILURES.columns
        if each.type is not Type.DAY
    ]
    with connect() as database:
        for day in range(DAYS):
            path = folder / "failures" / f"day={FIRST + dt.timedelta(days=day)}" / "part.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = f"range({day * (ROWS // DAYS)}, {(day + 1) * (ROWS // DAYS)}) AS made(n)"
            database.execute(
                f"COPY (SELECT {', '.join(columns)} FROM {rows}) TO {quoted(path)} "
                "(FORMAT parquet, COMPRESSION zstd)"
            )


def reports(count: int) -> Iterator[Arrival]:
    """Reports of different senders and days, each with two failures."""
    for number in range(count):
        begin = dt.datetime.combine(
            FIRST + dt.timedelta(days=number % DAYS), dt.time(), tzinfo=dt.UTC
        )
        details = tuple(
            Failure("certificate-expired", 1, f"mx{each}.example", "192.0.2.1", "198.51.100.1")
            for each in range(2)
        )
        strings = ("version: STSv1", "mode: enforce", "mx: *.example", "max_age: 604800")
        name = f"domain{number % 40}.example"
        result = PolicyResult("sts", name, strings, ("*.example",), 100, 2, details)
        yield Arrival(
            Report(
                "Sender",
                f"tls@reporter{number % 50}.example",
                f"{number}",
                begin,
                begin + dt.timedelta(hours=24, seconds=-1),
                (result,),
            ),
            Receipt(Trust.VERIFIED, "", "", "", "", begin, "mail", f"s3://inbox/{number}"),
        )


def child(what: str, folder: Path) -> None:
    """Do one thing in this process, and print its answer or its peak of memory in MB."""
    if what == "ours":
        found = Store(folder).ask(query_named("failures"), VALUES).rows
        print(json.dumps([[str(cell) for cell in each] for each in found]))
    elif what == "hand":
        import duckdb

        files = quoted(folder / "failures" / "*" / "part.parquet")
        text = BY_HAND.format(files=files, since=VALUES["since"], until=VALUES["until"])
        rows = duckdb.connect().execute(text).fetchall()
        print(json.dumps([[str(cell) for cell in each] for each in rows]))
    else:
        store = Store(folder)
        store.add(reports(REPORTS))
        store.settle()
        (only,) = store.ask(query_named("trust"), VALUES).rows
        store.ask(query_named("failures"), VALUES)
        store.ask(query_named("summary"), VALUES)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps([only[2], peak]))


def run(what: str, folder: Path) -> tuple[Taken, Any]:
    """Run `child` in another process; returns its seconds and its output."""
    with watched() as watch:
        done = subprocess.run(
            [sys.executable, __file__, what, str(folder)], check=True, capture_output=True
        )
    return watch.taken, json.loads(done.stdout)


def main() -> int:
    """Measure and print the rows; returns the exit code, 1 if a bar was missed."""
    if len(sys.argv) == 3:
        child(sys.argv[1], Path(sys.argv[2]))
        return 0
    with tempfile.TemporaryDirectory() as name:
        store, many = Path(name) / "rows", Path(name) / "reports"
        say(f"writing {ROWS} rows of failures")
        make(store)
        pairs = []
        for number in range(ROUNDS):
            say(f"round {number + 1} of {ROUNDS}")
            (ours, found), (hand, expected) = run("ours", store), run("hand", store)
            if found != expected:
                say("the two answers differ")
                return 1
            pairs.append((ours, hand))
        made = row("10 million failure rows", pairs, BAR)
        say(f"storing {REPORTS} reports")
        _, (stored, peak) = run("store", many)
    memory = {"name": "stored reports", "reports": stored, "peak_mb": peak, "bar": MEMORY_BAR_MB}
    code = tell([made])
    print(json.dumps(memory))
    return max(code, int(peak > MEMORY_BAR_MB or stored != REPORTS))


if __name__ == "__main__":
    sys.exit(main())
