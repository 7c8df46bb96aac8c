"""The page of warnings about TLS reports says what the code does."""

from __future__ import annotations

import sys
from pathlib import Path

from mtasts.tlsrpt.warning_table import WARNINGS

TOOLS = Path(__file__).parents[2] / "tools"


def test_the_document_is_made_from_the_code() -> None:
    sys.path.insert(0, str(TOOLS))
    try:
        from report_warnings_table import DOCUMENT, document  # a script
    finally:
        sys.path.remove(str(TOOLS))
    written = document()
    assert DOCUMENT.read_text() == written, "run python tools/report_warnings_table.py"
    assert all(f'<a id="{id_}"></a>`{id_}`:' in written for id_ in WARNINGS)
