"""No Python string holds markup, a script, a policy or a stack file: those are templates."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from figures import files
from syntax_trees import below, nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FOLDERS = ("mtasts", "components", "tools", "bench")
# A word in angle brackets in a message stands for what the reader has to put there.
_PLACE = r"(?!(?:domain|mailbox|agency|id)>|each |1 to )"
LANGUAGES = {
    "tag": re.compile(rf"(?i)</?{_PLACE}[a-z][a-z0-9]*(?:\s[^<>]*)?/?>"),
    "end tag": re.compile("(?i)</[a-z]"),
    "comment": re.compile("(?i)<!--|<!doctype"),
    "table": re.compile(r"\|\s*:?---|---\|"),
    "link": re.compile(r"\]\((?!\?)"),
    "fence": re.compile("```"),
    "heading": re.compile(r"(?m)^#{1,6} \S"),
    "bold": re.compile(r"\*\*\w|> \*\*"),
    "script": re.compile(r"(?m)\b(?:const|let|function|return) [^\n]*[;{]\s*$|=> ?\{"),
    "policy": re.compile(r"(?m)^(?:version|mode|mx|max_age): \S+\r?\n"),
    "stack file": re.compile(r"(?m)^\s+(?:mtasts|aws):[A-Za-z]+:"),
}
_GROUP = re.compile(r"\(\?P<\w+>")
# What it is instead, or why it may be so.
ALLOWED = {
    "mtasts/escapes.py": "the escapes themselves: they are what writes a value as markup",
    "mtasts/pull_requests/post.py": "runs without any package, in the one job that may write "
    "comments: it compares the first line of each",
    "bench/bare_program.py": "a program as somebody writes it who has no mtasts",
}


def literals(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a module by line, but for docstrings and regular expressions."""
    inside = nodes(path.read_text("utf-8"))
    skipped = {
        id(node.value)
        for node in inside
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in inside:
        is_expression = (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
        )
        if is_expression:
            skipped |= set(map(id, below(node)))
    for node in inside:
        if isinstance(node, ast.Constant) and id(node) not in skipped:
            if isinstance(node.value, str):
                yield node.lineno, node.value
            elif isinstance(node.value, bytes):
                yield node.lineno, node.value.decode("latin-1")


def languages(text: str) -> list[str]:
    text = _GROUP.sub("(", text)
    return [name for name, pattern in LANGUAGES.items() if pattern.search(text)]


def found(path: Path) -> list[str]:
    name = path.relative_to(ROOT).as_posix()
    return [
        f"{name}:{line}: {kind}: {text[:60]!r}"
        for line, text in literals(path)
        for kind in languages(text)
    ]


def modules() -> list[Path]:
    return files(*FOLDERS)


@pytest.mark.xdist_group("syntax-trees")
def test_no_line_of_a_string_holds_markup() -> None:
    told = [
        each
        for path in modules()
        if path.relative_to(ROOT).as_posix() not in ALLOWED
        for each in found(path)
    ]
    assert told == [], "write it as a template: docs/templates.md"


@pytest.mark.xdist_group("syntax-trees")
def test_no_exception_is_left_over() -> None:
    assert all(found(ROOT / name) for name in ALLOWED)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<p>", "tag"),
        ("<td class=name>", "tag"),
        ("<br/>", "tag"),
        ("</", ""),
        ("</b", "end tag"),
        ("<!-- x -->", "comment"),
        ("| a |\n|---|", "table"),
        ("[a](b)", "link"),
        ("```diff", "fence"),
        ("## Title", "heading"),
        ("> **held**", "bold"),
        ("const A = 1;", "script"),
        ("x => {", "script"),
        ("version: STSv1\r\nmode: testing\r\n", "policy"),
        ("config:\n  mtasts:mode: testing", "stack file"),
        ("publish addresses for mta-sts.<domain>", ""),
        ("mode: testing is not enforce", ""),
        ("# a comment of YAML is a heading, too", "heading"),
        ("a < b and c > d", ""),
    ],
)
def test_each_language_is_known_and_a_sentence_is_none(text: str, kind: str) -> None:
    assert languages(text) == ([kind] if kind else [])
