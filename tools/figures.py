"""Figures about the code: sizes, exceptions to lint rules, and docstrings that name exceptions.

``python tools/figures.py`` prints a line for each figure. `tests/tools/test_ratchets.py` limits
some of them, so that every new exception to a rule is a reviewed change.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from syntax_trees import below, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
# The local cloud is a program of its own inside the package, so it is counted separately.
LOCAL_CLOUD = "mtasts/localcloud"
CODE = ("mtasts", "components", LOCAL_CLOUD, "tools", "bench")
EXCEPTIONS = ("noqa", "type: ignore", "pragma: no cover")
_BRANCHES = (
    ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.BoolOp,
    ast.comprehension, ast.match_case, ast.Assert,
)  # fmt: skip
_PATCH = re.compile(r"\bmonkeypatch\.set(?:attr|item)\(|\bmock\.patch\b|\bpatch\(")
_RAISES = re.compile(r"Raises:|[Rr]aises (?:as )?`|[Rr]aises what ")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Found:
    """The figures of one function; ``lines`` do not include its docstring."""

    name: str
    lines: int
    branches: int
    parameters: int
    raises: bool
    names_raises: bool
    is_public: bool


def files(*folders: str) -> list[Path]:
    """Every Python file below ``folders``, sorted; the local cloud's files only if it is named."""
    inside = ROOT / LOCAL_CLOUD
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if folder == LOCAL_CLOUD or inside not in path.parents
    )


@cache
def functions(path: Path) -> tuple[Found, ...]:
    """Every function of a file, methods and inner functions included."""
    module = parsed(path.read_text(encoding="utf-8"))
    return tuple(_inside(module, str(path.relative_to(ROOT))))


def _inside(parent: ast.AST, path: str, *, is_public: bool = True) -> Iterator[Found]:
    """Every function below a node; functions inside a function are not public."""
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, Function):
            public = is_public and not node.name.startswith("_")
            yield _measure(f"{path}:{node.name}", node, is_public=public)
            yield from _inside(node, path, is_public=False)
        elif not isinstance(node, ast.expr):  # those hold no function but lambdas
            is_private = isinstance(node, ast.ClassDef) and node.name.startswith("_")
            yield from _inside(node, path, is_public=is_public and not is_private)


def _measure(name: str, node: Function, *, is_public: bool) -> Found:
    inside = below(node)
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    doc = ast.get_docstring(node) or ""
    first = node.body[0].lineno if not doc else node.body[0].end_lineno or 0
    return Found(
        name,
        (node.end_lineno or 0) - first,
        sum(isinstance(each, _BRANCHES) for each in inside),
        len([each for each in every if each.arg not in {"self", "cls"}]),
        raises=any(isinstance(each, ast.Raise) for each in inside),
        names_raises=bool(_RAISES.search(doc)),
        is_public=is_public,
    )


@cache
def comments(path: Path) -> list[str]:
    """The comments of a file."""
    source = io.StringIO(path.read_text(encoding="utf-8"))
    return [
        token.string
        for token in tokenize.generate_tokens(source.readline)
        if token.type == tokenize.COMMENT
    ]


def exceptions(*folders: str) -> Counter[str]:
    """How often ``folders`` have each of `EXCEPTIONS` in a comment."""
    found: Counter[str] = Counter()
    for path in files(*folders):
        for text in comments(path):
            found.update(each for each in EXCEPTIONS if each in text)
    return found


def tests_and_patches() -> tuple[int, int]:
    """The number of test functions, and the number of lines that patch something."""
    texts = [path.read_text(encoding="utf-8") for path in files("tests")]
    count = sum(len(re.findall(r"^\s*(?:async )?def test_", text, re.MULTILINE)) for text in texts)
    return count, sum(len(_PATCH.findall(text)) for text in texts)


def figures() -> Iterator[tuple[str, str]]:
    """A name and a value for each figure."""
    everything = [each for path in files("mtasts", "components") for each in functions(path)]
    longest = max(everything, key=lambda each: each.lines)
    branchy = max(everything, key=lambda each: each.branches)
    signatures = sorted((each.parameters for each in everything), reverse=True)[:10]
    raising = [each for each in everything if each.raises]
    sources = files(*CODE)
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in sources)
    remarks = sum(len(comments(path)) for path in sources)
    made = exceptions(*CODE)
    count, patches = tests_and_patches()
    top = [each for each in (ROOT / "mtasts").glob("*.py") if not each.stem.startswith("_")]
    yield "modules at the top of mtasts/", str(len(top))
    yield "folders of mtasts/", str(len([*(ROOT / "mtasts").glob("*/__init__.py")]))
    yield "longest function", f"{longest.name}, {longest.lines} lines"
    yield "most branches", f"{branchy.name}, {branchy.branches}"
    yield "parameters of the ten longest signatures", " ".join(map(str, signatures))
    yield "noqa per 1000 lines", f"{1000 * made['noqa'] / lines:.1f}"
    yield "type: ignore", str(made["type: ignore"])
    yield "no cover", str(made["pragma: no cover"])
    yield "comments per 100 lines", f"{100 * remarks / lines:.1f}"
    named = sum(each.names_raises for each in raising)
    yield "functions that raise, whose docstring says so", f"{100 * named / len(raising):.0f} %"
    yield "patches per 100 tests", f"{100 * patches / count:.1f}"


if __name__ == "__main__":
    for name, value in figures():
        print(f"{name:46} {value}")
