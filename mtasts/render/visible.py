"""Texts as they may go to a terminal or a page, whoever wrote them."""

from __future__ import annotations

from mtasts.escapes import shown

# A text from outside may be megabytes long; a terminal or a page needs its beginning.
LIMIT = 2000


def visible(text: str, limit: int = LIMIT) -> str:
    """``text`` on one line, cut at ``limit``; what cannot be seen is escaped.

    Letters of any language stay, and escapes that somebody else has made are not escaped again.
    """
    start = text[: limit + 1]
    line = shown(start).strip()
    return line if len(start) <= limit else f"{line[: limit - 3]}..."
