"""The table of checks says what the code does."""

from __future__ import annotations

import sys
from pathlib import Path

TOOLS = Path(__file__).parents[2] / "tools"


def test_the_document_is_made_from_the_code() -> None:
    sys.path.insert(0, str(TOOLS))
    try:
        from checks_table import DOCUMENT, PEERS, peers, table  # a script
    finally:
        sys.path.remove(str(TOOLS))
    written = table()
    assert DOCUMENT.read_text() == written, "run python tools/checks_table.py"
    ids = [line.split("`")[1] for line in written.splitlines() if line.startswith("| `")]
    assert len(ids) == len(set(ids)) > 120
    used = {peers(id_) for id_ in ids}
    assert set(PEERS.values()) <= used
