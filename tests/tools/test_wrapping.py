"""List items of made pages are broken; nothing else is touched."""

from __future__ import annotations

import pytest
from wrapping import WIDTH, wrapped


def test_a_long_item_goes_on_indented() -> None:
    lines = wrapped("- " + "word " * 60).splitlines()
    assert lines[0].startswith("- word")
    assert all(line.startswith("  word") for line in lines[1:])
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize("line", ["- short", "| a | " + "b " * 80 + "|", "text " * 40, ""])
def test_what_is_no_long_item_stays(line: str) -> None:
    assert wrapped(f"{line}\n") == f"{line}\n"
