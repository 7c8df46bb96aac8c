"""The table of checks says what the code does."""

from __future__ import annotations

import sys
from pathlib import Path

from mtasts.check.checks import CHECKS

TOOLS = Path(__file__).parents[2] / "tools"


def test_the_document_is_made_from_the_code() -> None:
    sys.path.insert(0, str(TOOLS))
    try:
        from checks_table import DOCUMENT, PEERS, table  # a script
    finally:
        sys.path.remove(str(TOOLS))
    written = table()
    assert DOCUMENT.read_text() == written, "run python tools/checks_table.py"
    assert all(f"</a>`{id_}` (" in written for id_ in CHECKS)
    assert {letter for row in CHECKS.values() for letter in row.peers.split()} == set(PEERS)
