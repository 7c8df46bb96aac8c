"""Pages made from the code, with the items of their lists broken near 100 characters."""

from __future__ import annotations

import textwrap

WIDTH = 100


def wrapped(page: str) -> str:
    """A page of Markdown whose long list items go on in indented lines; words are kept whole."""
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
