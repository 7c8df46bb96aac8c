"""Texts as they may go to a terminal or a page, whoever wrote them."""

from __future__ import annotations

LIMIT = 2000


def visible(text: str, limit: int = LIMIT) -> str:
    """``text`` on one line, cut at ``limit``; what cannot be seen is escaped.

    Letters of any language stay, and escapes that somebody else has made are not escaped again.
    """
    start = text[: limit + 1]
    line = " ".join(each.strip() for each in start.splitlines())
    shown = "".join(each if each.isprintable() else _escaped(each) for each in line)
    return shown if len(start) <= limit else f"{shown[: limit - 3]}..."


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
