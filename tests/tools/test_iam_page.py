"""The page on permissions says what the code grants."""

from __future__ import annotations

import sys
from pathlib import Path

from mtasts.iam.statements import STATEMENTS

TOOLS = Path(__file__).parents[2] / "tools"


def test_the_document_is_made_from_the_code() -> None:
    sys.path.insert(0, str(TOOLS))
    try:
        from iam_page import DOCUMENT, page  # a script
    finally:
        sys.path.remove(str(TOOLS))
    written = page()
    assert DOCUMENT.read_text() == written, "run python tools/iam_page.py"
    for row in STATEMENTS:
        assert f"### {row.sid}\n" in written
        assert row.purpose in written
