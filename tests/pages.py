"""The pages of the documentation: their command blocks, and whether each is run by a test."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Words behind the three backticks of a block that somebody may paste into a shell. Whatever has
# none of them, nor one of a language that is no shell, is refused by a test.
SHELL = frozenset({"sh", "bash", "shell", "console"})
OTHER = frozenset({"sql", "yaml", "json", "text", "python", "diff", "mermaid"})
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\S*)\s*$")
_MARKER = re.compile(r"^ *<!-- not run: (?P<why>.+?) -->$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page; ``why_not`` is the marker's reason for not running it."""

    page: str
    line: int
    language: str
    text: str
    why_not: str = ""

    @property
    def commands(self) -> tuple[str, ...]:
        """What is typed, a line each: in a ``console`` block what follows the prompt."""
        rows = self.text.splitlines()
        if self.language == "console":
            rows = [row.removeprefix("$ ") for row in rows if row.startswith("$ ")]
        return tuple(row for row in rows if row.strip())


def pages() -> tuple[Path, ...]:
    """The README and whatever is below ``docs/``."""
    own = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
    return (*(ROOT / name for name in own), *sorted((ROOT / "docs").rglob("*.md")))


def blocks(page: Path) -> tuple[Block, ...]:
    """Every fenced block of a page, those in lists too."""
    found, lines = [], page.read_text("utf-8").splitlines()
    name = str(page.relative_to(ROOT))
    start, fence, before = 0, None, ""
    for number, line in enumerate(lines):
        opened = _FENCE.match(line)
        if fence is None and opened:
            start, fence = number, opened
            marked = _MARKER.match(before)
            why = marked["why"] if marked else ""
        elif fence is not None and line.strip() == "```":
            body = (row.removeprefix(fence["indent"]) for row in lines[start + 1 : number])
            found.append(Block(name, start + 1, fence["language"], "\n".join(body), why))
            fence = None
        before = line
    return tuple(found)


def command_blocks(page: Path) -> tuple[Block, ...]:
    """Those that somebody may paste into a shell."""
    return tuple(each for each in blocks(page) if each.language in SHELL)
