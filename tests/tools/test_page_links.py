"""What the pages say of each other: every link leads somewhere, and each word is explained once."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from pages import ROOT, pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GLOSSARY = ROOT / "docs" / "glossary.md"
_HEADING = re.compile(r"#+ (.+)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CALLED = re.compile(r"\b((?:docs|\.\.)/(?:[a-z]+/)*[0-9a-z-]+\.(?:md|svg))(#[a-z0-9-]+)?\b")
# The longest line of prose. Tables, headings, pictures and addresses are not broken, nor is code.
WIDTH = 105
_UNBROKEN = re.compile(r"^\s*(?:\||#|!\[|<!--)|https?://")
_SPAN = re.compile(r"`[^`]*`")
# These are made from code.
MADE = frozenset({"checks.md", "iam.md", "rulings.md"})


def prose(page: Path) -> Iterator[tuple[int, str]]:
    """The lines of a page outside of its code blocks, with their numbers."""
    is_code = False
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code:
            yield number, line


def anchors(page: Path) -> set[str]:
    """What a link may name after ``#``: the headings, as code hosts spell them.

    Lower case, spaces to hyphens, and of the rest letters, digits, hyphens and underscores.
    """
    found: Counter[str] = Counter()
    names = set()
    for _, line in prose(page):
        if match := _HEADING.fullmatch(line):
            name = re.sub(r"[^\w\- ]", "", match[1].lower()).replace(" ", "-")
            names.add(f"{name}-{found[name]}" if found[name] else name)
            found[name] += 1
    return names


def broken(page: Path) -> Iterator[str]:
    """The links of a page, and the pages that it calls by their paths, that lead nowhere."""
    for number, line in prose(page):
        targets = [(page.parent, link) for link in _LINK.findall(line) if ":" not in link]
        targets += [(ROOT, f"{path}{anchor}") for path, anchor in _CALLED.findall(line)]
        for folder, link in targets:
            path, _, anchor = link.partition("#")
            # A picture or page may be named from the root, or as a link from its own folder.
            places = [folder / path, page.parent / path] if path else [page]
            place = next((each for each in places if each.is_file()), None)
            if place is None or (anchor and anchor not in anchors(place)):
                yield f"{page.relative_to(ROOT)}:{number}: {link}"


def terms(text: str) -> list[str]:
    return [line.removeprefix("### ") for line in text.splitlines() if line.startswith("### ")]


def order(term: str) -> tuple[str, str]:
    return term.casefold().replace("-", " "), term


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert list(broken(page)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# One\n\nSee [it](#one), `other.md`.\n", 0),
        ("# One\n\nSee [it](#two).\n", 1),
        ("# One\n\nSee [it](missing.md).\n", 1),
        ("# One\n\nSee `docs/no-such-page.md`.\n", 1),
        ("# One\n\nSee `docs/glossary.md`.\n", 0),
        ("# One\n\n```text\n[it](missing.md)\n```\n", 0),
        ("# The agency's `x.y`\n\nSee [it](#the-agencys-xy).\n", 0),
        ("# One\n# One\n\nSee [it](#one-1).\n", 0),
    ],
)
def test_what_is_a_broken_link(
    tmp_path: Path, text: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "glossary.md").write_text("# Glossary\n")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert len(list(broken(page))) == expected


def test_every_page_that_a_message_names_exists() -> None:
    lost = set()
    for folder in ("mtasts", "components", "tools"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for name, anchor in _CALLED.findall(path.read_text("utf-8")):
                page = ROOT / name
                if not page.is_file() or (anchor and anchor[1:] not in anchors(page)):
                    lost.add(f"{path.relative_to(ROOT)}: {name}{anchor}")
    assert lost == set()


def test_the_glossary_has_each_term_once_in_the_order_of_the_alphabet() -> None:
    found = terms(GLOSSARY.read_text("utf-8"))
    assert found == sorted(found, key=order)
    assert [term for term, times in Counter(map(str.casefold, found)).items() if times > 1] == []


def test_every_term_of_the_glossary_is_explained() -> None:
    parts = GLOSSARY.read_text("utf-8").split("\n### ")[1:]
    assert [part.splitlines()[0] for part in parts if len(part.split()) < 8] == ["host"]


@pytest.mark.parametrize("name", ["README.md", "docs/config.md", "docs/emergencies.md"])
def test_a_reader_finds_the_glossary(name: str) -> None:
    assert "docs/glossary.md" in (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize(
    "page", [page for page in pages() if page.name not in MADE], ids=lambda page: page.name
)
def test_lines_of_prose_are_broken(page: Path) -> None:
    lines = [(number, line) for number, line in prose(page) if not _UNBROKEN.search(line)]
    assert [number for number, line in lines if len(_SPAN.sub("", line)) > WIDTH] == []
