"""Texts of others inside Markdown: nothing in them becomes markup, a mention or a link."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ENTITIES = {character: f"&#{ord(character)};" for character in "\\`*_{}[]<>()|~!&"}
# GitHub looks for mentions and references in the page that Markdown has become, where an entity is
# its character again; a comment between keeps the two apart.
_ENTITIES |= {character: f"&#{ord(character)};<!-- -->" for character in "@#"}
_TABLE = str.maketrans(_ENTITIES)
# Links that need no markup: the colon of `://` and the dot of `www.`.
_LINK = re.compile(r"(?i)(?<=www)\.|:(?=//)")
_TICKS = re.compile("`{3,}")


def escaped(text: str) -> str:
    """Text that Markdown and HTML take for nothing else."""
    return _LINK.sub(lambda found: f"&#{ord(found[0])};", text.translate(_TABLE))


def fenced(lines: Iterable[str], language: str = "") -> list[str]:
    """A block of code around ``lines``; the fence is longer than any that they could close."""
    block = list(lines)
    longest = max((len(run) for line in block for run in _TICKS.findall(line)), default=2)
    fence = "`" * (longest + 1)
    return [f"{fence}{language}", *block, fence]
