"""Every quirk of real senders and its reject twin, as rows of ``tlsrpt_report.jsonl``.

The schema is that of RFC 8460 section 4.4; other implementations can run the same rows.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from mtasts.tlsrpt.parsed import parsed_row
from mtasts.tlsrpt.reading import parse_report
from mtasts.tlsrpt.unpacking import ReportError
from mtasts.tlsrpt.warning_table import WARNINGS, Effect

VECTORS = Path(__file__).parents[2] / "vectors" / "tlsrpt_report.jsonl"
ROWS = [json.loads(line) for line in VECTORS.read_text("ascii").splitlines()]


def raw(value: dict[str, str]) -> bytes:
    return value["text"].encode() if "text" in value else base64.b64decode(value["base64"])


@pytest.mark.parametrize("row", [pytest.param(row, id=row["id"]) for row in ROWS])
def test_a_report_gives_the_numbers_and_warnings_of_its_row(row: dict[str, Any]) -> None:
    try:
        found: Any = parse_report(raw(row["input"]))
    except ReportError as error:
        found = error
    shown: dict[str, Any] = {**parsed_row("", "", found, None)}
    assert {key: shown[key] for key in row["expect"]} == row["expect"]


def test_every_warning_about_a_report_has_a_row() -> None:
    given = {id_ for row in ROWS for id_ in row["expect"]["warnings"]}
    about_reports = {id_ for id_, row in WARNINGS.items() if row.effect is not Effect.SKIPPED}
    # Too long for a file of vectors, or about archives: test_tlsrpt_reading and test_archives.
    assert about_reports - given == {"too-large", "too-many-rows", "archive"}
    assert given <= set(WARNINGS)
