"""Make a text of any origin safe to print on a terminal or a page."""

from __future__ import annotations

from mtasts.escapes import shown

# A text from outside may be megabytes long; a terminal or a page needs its beginning.
LIMIT = 2000


def visible(text: str, limit: int = LIMIT) -> str:
    """``text`` on one line, cut at ``limit``, with escapes for invisible characters.

    Letters of any language stay. Escapes that are in the text already are not escaped again.
    """
    start = text[: limit + 1]
    line = shown(start).strip()
    return line if len(start) <= limit else f"{line[: limit - 3]}..."
