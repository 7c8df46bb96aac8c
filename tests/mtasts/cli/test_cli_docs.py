"""``mtasts docs``: every page that a message names can be read where the package is installed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from figures import files
from test_commands import texts

from mtasts.cli.docs import folder, pages, section
from mtasts.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
_PATH = re.compile(r"\b(?:docs|\.\.)/(?:[a-z]+/)*[0-9a-z-]+\.md\b")
_COMMAND = re.compile(r"\bmtasts docs ([a-z][0-9a-z/-]*)")
# A page is read in a terminal, and all of them are in every wheel.
PAGE_MAX_BYTES = 100_000
ALL_MAX_BYTES = 1_000_000


def messages() -> Iterator[tuple[str, str]]:
    """Every text of the package that is no docstring, and every template, with its file."""
    for path in files("mtasts", "components", "mtasts/localcloud"):
        name = str(path.relative_to(ROOT))
        yield from ((name, text) for text in texts(path.read_text("utf-8")))
    for path in sorted((ROOT / "templates").rglob("*")):
        # Pages of docs/ are made from those; they are read beside the others.
        if path.is_file() and "docs" not in path.parts:
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")


@pytest.mark.xdist_group("syntax-trees")
def test_messages_name_pages_by_the_command_that_prints_them() -> None:
    # The pages of the classic mistakes: links of HTML, below what --docs says.
    links = "mtasts/check/row.py"
    by_path = {f"{name}: {text}" for name, text in messages() if _PATH.search(text)}
    assert {each for each in by_path if not each.startswith(links)} == set()


@pytest.mark.xdist_group("syntax-trees")
def test_every_page_that_a_message_names_is_there() -> None:
    known = dict(pages(folder()))
    told = [(name, page) for name, text in messages() for page in _COMMAND.findall(text)]
    told.remove(("mtasts/cli/docs.py", "lists"))
    assert [each for each in told if each[1] not in known] == []
    assert len(told) > 30


def test_every_page_is_listed_with_its_title(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs"]) == 0
    rows = [line.split(None, 1) for line in capsys.readouterr().out.splitlines()]
    lying = {each.relative_to(ROOT / "docs") for each in (ROOT / "docs").rglob("*.md")}
    assert {f"{name}.md" for name, _ in rows} == set(map(str, lying))
    assert ["emergencies", "Emergencies"] in rows


@pytest.mark.parametrize("name", ["mistakes/id", "docs/mistakes/id.md", "mistakes/id.md"])
def test_a_page_is_printed_as_it_is(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "mistakes" / "id.md").read_text("utf-8")
    assert main(["docs", name]) == 0
    assert capsys.readouterr().out == page
    assert main(["docs", name, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"name": "mistakes/id", "text": page}


def test_the_list_as_json_and_the_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"name": "architecture", "title": "Architecture"} in rows
    assert main(["docs", "--folder"]) == 0
    at = Path(capsys.readouterr().out.rstrip("\n"))
    assert (at / "demo.svg").read_bytes() == (ROOT / "docs" / "demo.svg").read_bytes()


PAGE = """\
# A

b

## The agency's `x`

c

### D

```sh
# e
```

## F
- <a id="g"></a>h
  i
- j
"""


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        ("the-agencys-x", "## The agency's `x`\n\nc\n\n### D\n\n```sh\n# e\n```\n\n"),
        ("d", "### D\n\n```sh\n# e\n```\n\n"),
        ("g", '- <a id="g"></a>h\n  i\n'),
    ],
)
def test_a_section_of_a_page(anchor: str, expected: str) -> None:
    assert section(PAGE, anchor) == expected


def test_a_section_is_printed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "checks#host-redirect"]) == 0
    assert capsys.readouterr().out.startswith('- <a id="host-redirect"></a>`host-redirect` (')
    assert main(["docs", "checks#host-redirected"]) == 2
    assert "the page has no section host-redirected" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("emergency", "there is no page emergency: did you mean emergencies?"),
        ("qqqq\x1b", "there is no page qqqq\\x1b: mtasts docs lists the pages"),
        ("../README", "there is no page ../README"),
    ],
)
def test_a_page_that_is_not_there(name: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", name]) == 2
    assert capsys.readouterr().err.startswith(f"mtasts: {said}")


def test_pages_are_bounded_in_size() -> None:
    sizes = {each.name: each.stat().st_size for each in (ROOT / "docs").rglob("*.*")}
    assert {name: size for name, size in sizes.items() if size > PAGE_MAX_BYTES} == {}
    assert sum(sizes.values()) <= ALL_MAX_BYTES
