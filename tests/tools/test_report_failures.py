"""The page of result types says what the code does."""

from __future__ import annotations

from report_failures import DOCUMENT, document


def test_the_page_is_the_one_that_the_code_makes() -> None:
    assert DOCUMENT.read_text("utf-8") == document(), "run python tools/report_failures.py"
