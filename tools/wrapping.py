"""Wraps the list items of Markdown pages that are made from the code."""

from __future__ import annotations

import textwrap

WIDTH = 100


def wrapped(page: str) -> str:
    """``page`` with every list item over `WIDTH` characters wrapped; words are kept whole."""
    lines: list[str] = []
    for line in page.splitlines():
        is_long_item = line.startswith("- ") and len(line) > WIDTH
        lines += (
            textwrap.wrap(
                line, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
            )
            if is_long_item
            else [line]
        )
    return "\n".join(lines) + "\n"
