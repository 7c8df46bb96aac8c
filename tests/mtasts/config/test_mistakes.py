"""The table of mistakes: each is named as its id, used by the code and covered by a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mtasts.config.mistakes import Mistake

ROOT = Path(__file__).parents[3]
CODE = "".join(path.read_text() for path in (ROOT / "mtasts" / "config").glob("*.py"))
TESTS = "".join(
    path.read_text()
    for folder in ("mtasts/config", "mtasts/check", "mtasts/cli", "mtasts/run", "components")
    for path in (ROOT / "tests" / folder).glob("*.py")
)


@pytest.mark.parametrize("mistake", Mistake)
def test_each_is_named_as_its_id_and_is_used_and_tested(mistake: Mistake) -> None:
    assert mistake == f"config-{mistake.name.lower().replace('_', '-')}"
    assert mistake.meaning
    assert re.search(rf"\bMistake\.{mistake.name}\b", CODE)
    assert re.search(rf"[\"']{mistake}[\"']", TESTS)
