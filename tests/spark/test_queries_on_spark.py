"""Every query gives the same rows on DuckDB and on a real local Spark: make spark."""

from __future__ import annotations

import datetime as dt
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

sys.path.insert(0, str(Path(__file__).parents[1] / "mtasts"))
from report_samples import ARRIVED, receipt, report, result

from mtasts.reports.dialects import spelt
from mtasts.reports.store import Store, Value
from mtasts.tlsrpt.query_files import queries
from mtasts.tlsrpt.report import Drop, DroppedRow, Failure
from mtasts.tlsrpt.rows import Arrival, Skipped
from mtasts.tlsrpt.tables import TABLES
from mtasts.tlsrpt.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.spark
ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-spark" / "bin" / "python"
TYPES = ("certificate-expired", "starttls-not-supported", "tlsa-invalid", "<script>", "=cmd")
ASKED: list[dict[str, Value]] = [
    {"since": dt.date(2026, 1, 1), "until": dt.date(2026, 2, 1), "domain": "", "trust": 0},
    {"since": dt.date(2026, 1, 5), "until": dt.date(2026, 1, 9), "domain": "", "trust": 3},
    {"since": dt.date(2026, 1, 1), "until": dt.date(2026, 1, 9), "domain": "b.example", "trust": 1},
    {"since": dt.date(2026, 1, 1), "until": dt.date(2026, 1, 9), "domain": "it's", "trust": 1},
]


def sample() -> Iterator[Arrival | Skipped]:
    """300 reports of all kinds; the largest counts that a report can have are among them."""
    chance = random.Random(8460)  # noqa: S311 - a sample that is the same each time
    for number in range(300):
        domain = chance.choice(("a.example", "b.example"))
        details = [
            Failure(
                chance.choice(TYPES),
                chance.choice((None, 0, 1, 7, 2**53 - 1)),
                chance.choice(("", "mx1.a.example", "mx2.a.example")),
            )
            for _ in range(chance.randrange(4))
        ]
        failures = chance.choice((0, 3, 2**53 - 1))
        type_ = chance.choice(("sts", "tlsa", "no-policy-found", ""))
        first = result(*details, domain=domain, failures=failures, policy_type=type_)
        second = result(domain=domain, failures=failures, policy_type="tlsa", strings=())
        found = report(
            first,
            *[second][: number % 2],
            day=chance.randrange(20),
            report_id=str(number // 2 * 2),
            contact=f"tls@{chance.choice('xyz')}.example",
        )
        row = DroppedRow(Drop.ROW, f"policies[{number}]", "no domain", None)
        trust = chance.choice(list(Trust))
        yield Arrival(
            structs.replace(found, dropped=(row,) * (number % 3 == 0)),
            receipt(trust, f"s3://inbox/{number}", ARRIVED + dt.timedelta(seconds=number)),
            foreign={"c.example": 2} if number % 5 == 0 else {},
        )
    # Two that say they are one.
    yield Arrival(report(result(successes=1), report_id="same"), receipt(source="a"))
    yield Arrival(report(result(successes=2), report_id="same"), receipt(source="b"))
    yield Skipped("mail-without-report", "no part", ARRIVED, "mail", "s3://x", "ab")


def plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | bool | int) else str(value)


def test_every_row_of_every_query_is_the_same_on_spark(tmp_path: Path) -> None:
    assert PYTHON.exists(), "make spark installs it"
    store = Store(tmp_path / "store")
    store.add(sample())
    asked = {
        f"{query.name}-{i}": spelt(query, "spark", values)
        for query in queries().values()
        for i, values in enumerate(ASKED)
    }
    answers = {
        f"{query.name}-{i}": store.ask(query, values)
        for query in queries().values()
        for i, values in enumerate(ASKED)
    }
    file = tmp_path / "asked.json"
    file.write_text(json.dumps({"tables": sorted(TABLES), "queries": asked}))
    run = subprocess.run(
        [PYTHON, str(ROOT / "tests" / "spark" / "ask_spark.py"), store.folder, file],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    of_spark = json.loads(run.stdout)
    for name, answer in answers.items():
        assert of_spark[name]["columns"] == list(answer.columns), name
        assert of_spark[name]["rows"] == [[plain(v) for v in row] for row in answer.rows], name
    # None of them is equal because it is empty.
    asked_as = range(len(ASKED))
    told = {name: any(answers[f"{name}-{i}"].rows for i in asked_as) for name in queries()}
    assert [name for name, has_rows in told.items() if not has_rows] == []
