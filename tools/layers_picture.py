"""Draw ``docs/layers.svg``, the picture of the layers, from the imports.

``python tools/layers_picture.py`` writes it; a test compares it. A row is a layer of the import
contract in ``pyproject.toml``, a box is a folder. An arrow says that one folder imports another. An
import that other arrows imply has no arrow.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import grimp

from mtasts import templating

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "layers.svg"
LAYERS = "layers of the library"
VOCABULARY = "vocabulary"
_ROW, _BOX, _GAP, _MARGIN, _HEIGHT = 78, 130, 64, 24, 40
Graph = dict[str, set[str]]


@dataclass(frozen=True, slots=True)
class Box:
    """A folder in the picture: its text, and its place and size in pixels."""

    name: str
    x: int
    y: int
    width: int = _BOX
    height: int = _HEIGHT


def rows(contract: Sequence[str], folders: set[str]) -> list[list[str]]:
    """The layers that have folders, highest first; modules without a folder are the last row."""
    found = [
        [name for name in (each.strip() for each in layer.split("|")) if name in folders]
        for layer in contract
    ]
    return [*(row for row in found if row), [VOCABULARY]]


def graph(imports: Mapping[str, set[str]], folders: set[str]) -> Graph:
    """The folders that each folder imports, from the modules that each module imports."""
    found: Graph = {}
    for importer, imported in imports.items():
        source = _folder(importer, folders)
        for each in imported:
            target = _folder(each, folders)
            if source and target and source != target:
                found.setdefault(source, set()).add(target)
    return found


def _folder(module: str, folders: set[str]) -> str:
    first, _, rest = module.partition(".")
    if first != "mtasts":
        return ""
    name = rest.partition(".")[0]
    if name == "__main__":
        return "cli"
    return name if name in folders else VOCABULARY if rest else ""


def reduced(found: Graph) -> Graph:
    """The graph without arrows that other arrows imply; ``found`` has no cycle."""

    def reached(start: str) -> set[str]:
        return {start}.union(*(reached(each) for each in found.get(start, ())))

    return {
        source: {
            each
            for each in targets
            if not any(each in reached(other) for other in targets - {each})
        }
        for source, targets in found.items()
    }


def boxes(layers: Sequence[Sequence[str]]) -> list[Box]:
    """The boxes of all layers, each row centred."""
    wide = max(map(len, layers))
    full = wide * _BOX + (wide - 1) * _GAP
    found = []
    for number, row in enumerate(layers):
        if row == [VOCABULARY]:
            found.append(Box(VOCABULARY, _MARGIN, _MARGIN + number * _ROW, full, _HEIGHT + 18))
            continue
        left = _MARGIN + (full - len(row) * _BOX - (len(row) - 1) * _GAP) // 2
        found += [
            Box(name, left + place * (_BOX + _GAP), _MARGIN + number * _ROW)
            for place, name in enumerate(row)
        ]
    return found


def render(found: Sequence[Box], arrows: Graph, words: Sequence[str]) -> str:
    """The picture as SVG; ``words`` are the modules at the top of the library."""
    by_name = {each.name: each for each in found}
    lines = [
        (
            by_name[source].x + by_name[source].width // 2,
            by_name[source].y + _HEIGHT,
            _end(by_name[source], by_name[target]),
        )
        for source in sorted(arrows)
        for target in sorted(arrows[source])
    ]
    half = (len(words) + 1) // 2
    return templating.render(
        "docs/layers.svg",
        boxes=found,
        lines=lines,
        words=[" ".join(words[:half]), " ".join(words[half:])],
        vocabulary=VOCABULARY,
        width=max(each.x + each.width for each in found) + _MARGIN,
        height=max(each.y + each.height for each in found) + _MARGIN,
    )


def _end(source: Box, target: Box) -> tuple[int, int]:
    """The end of an arrow: at the top edge of its target."""
    middle = source.x + source.width // 2
    inside = min(max(middle, target.x + 12), target.x + target.width - 12)
    return (inside if target.name == VOCABULARY else target.x + target.width // 2), target.y


def picture() -> str:
    """The picture of this checkout's imports as SVG."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (contract,) = [each["layers"] for each in contracts if each["name"] == LAYERS]
    folders = {path.parent.name for path in (ROOT / "mtasts").glob("*/__init__.py")}
    known = grimp.build_graph("mtasts", cache_dir=None, exclude_type_checking_imports=True)
    imports = {each: known.find_modules_directly_imported_by(each) for each in known.modules}
    words = sorted(
        path.stem for path in (ROOT / "mtasts").glob("*.py") if not path.stem.startswith("_")
    )
    return render(boxes(rows(contract, folders)), reduced(graph(imports, folders)), words)


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
