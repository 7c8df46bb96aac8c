"""The pages for maintainers name files and functions that exist."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from pages import ROOT
from syntax_trees import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACE = re.compile(r"`((?:mtasts|components|tools|tests|templates|docs)/[\w./-]+)(?::([\w.]+))?`")
PAGES = ("docs/architecture.md", "CONTRIBUTING.md")


def places(page: str) -> list[tuple[str, str]]:
    """Each file that a page names, and what it names in it."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return sorted({(match[1], match[2] or "") for match in PLACE.finditer(text)})


def defined(parent: ast.AST, prefix: str = "") -> Iterator[str]:
    """The functions, classes, methods and assigned names of a module."""
    for node in ast.iter_child_nodes(parent):
        match node:
            case ast.ClassDef(name=name):
                yield prefix + name
                yield from defined(node, f"{prefix}{name}.")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield prefix + name
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                yield prefix + name
            case _:
                pass


@pytest.mark.parametrize(
    ("path", "name"), [place for page in PAGES for place in places(page)], ids=str
)
def test_what_a_page_names_exists(path: str, name: str) -> None:
    target = ROOT / path
    assert target.exists(), path
    if name:
        assert name in set(defined(parsed(target.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("name", ["Survey.survey", "survey", "Surveyor.surveys"])
def test_what_does_not_exist_is_found_out(name: str) -> None:
    tree = parsed("class Surveyor:\n    async def survey(self): ...\n")
    assert name not in set(defined(tree))
    assert "Surveyor.survey" in set(defined(tree))
