"""Run by the Python that has pyspark: asks a local Spark queries over the Parquet files of a store.

Arguments: the store's folder, and a file of JSON with the tables and the SQL of each query. Prints
the columns and rows of each query as JSON.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Decimal):
        return int(value)
    return value if value is None or isinstance(value, str | bool | int) else str(value)


def main() -> None:
    """Answer, and write to standard output."""
    folder, asked = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    for table in asked["tables"]:
        session.read.parquet(str(folder / table)).createOrReplaceTempView(table)
    answers = {}
    for name, sql in asked["queries"].items():
        found = session.sql(sql)
        answers[name] = {
            "columns": found.columns,
            "rows": [[plain(value) for value in row] for row in found.collect()],
        }
    session.stop()
    sys.stdout.write(json.dumps(answers))


if __name__ == "__main__":
    main()
