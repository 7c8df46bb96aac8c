"""``mtasts docs``: the pages of the documentation, which are part of the package.

Messages name a page by this command, so that the reader needs neither a clone nor a network.
"""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from importlib.resources import files
from itertools import takewhile
from typing import TYPE_CHECKING

from mtasts.cli.output import Exit, write
from mtasts.errors import UsageError
from mtasts.findings import printable

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

    from mtasts.cli.outside import Outside

_SUFFIX = ".md"
_HEADING = re.compile(r"(?P<marks>#+) (?P<title>.+)")
_FENCE = 3 * "`"
_INDENTED = re.compile(r"  ")


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.description = "Print a page of the documentation. Without a name, list all pages."
    parser.epilog = "example: mtasts docs emergencies; mtasts docs checks#host-redirect"
    parser.add_argument(
        "page",
        metavar="NAME",
        nargs="?",
        help="a page, such as emergencies, or a section of a page, as NAME#SECTION",
    )
    parser.add_argument(
        "--folder",
        action="store_true",
        help="print the folder of the pages, which mtasts check --docs takes",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: Namespace, _: Outside) -> int:
    """Print what was asked for."""
    top = folder()
    if arguments.folder:
        write(f"{top}\n")
        return Exit.GOOD
    found = dict(pages(top))
    if arguments.page is None:
        write(_listed({name: title(page) for name, page in found.items()}, arguments.format))
        return Exit.GOOD
    given, _, anchor = arguments.page.partition("#")
    name = named(given, found)
    text = found[name].read_text("utf-8")
    text = section(text, anchor) if anchor else text
    write(json.dumps({"name": name, "text": text}) + "\n" if arguments.format == "json" else text)
    return Exit.GOOD


def folder() -> Traversable:
    """The folder of the pages: in the installed package, or in a clone."""
    return files("mtasts") / "docs"


def pages(root: Traversable, above: str = "") -> Iterator[tuple[str, Traversable]]:
    """Every page below a folder by its name, such as ``mistakes/id``, in the names' order."""
    for each in sorted(root.iterdir(), key=lambda entry: entry.name):
        if each.is_dir():
            yield from pages(each, f"{above}{each.name}/")
        elif each.name.endswith(_SUFFIX):
            yield above + each.name.removesuffix(_SUFFIX), each


def named(text: str, found: dict[str, Traversable]) -> str:
    """The page that ``text`` names, also if it is spelled as a path, such as ``docs/config.md``.

    Raises:
        UsageError: there is no such page; the text has those whose names are alike.
    """
    name = text.removeprefix("docs/").removesuffix(_SUFFIX)
    if name in found:
        return name
    alike = get_close_matches(name, found, n=3)
    hint = f": did you mean {' or '.join(alike)}?" if alike else ": mtasts docs lists the pages"
    raise UsageError(f"there is no page {printable(text)}{hint}")


def section(text: str, anchor: str) -> str:
    """The part of a page below ``#anchor``: a heading with its text, or one item of a list.

    Raises:
        UsageError: the page has no such place.
    """
    lines = text.splitlines(keepends=True)
    headings = _headings(lines)
    for number, line in enumerate(lines):
        level, title_ = headings.get(number, (0, ""))
        if level and slug(title_) == anchor:
            ends = (index for index in headings if index > number and headings[index][0] <= level)
            return "".join(lines[number : next(ends, None)])
        if f'<a id="{anchor}">' in line:
            return line + "".join(takewhile(_INDENTED.match, lines[number + 1 :]))
    raise UsageError(f"the page has no section {printable(anchor)}")


def slug(heading: str) -> str:
    """The anchor of a heading, as code hosts make it: lower case, spaces to hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _headings(lines: list[str]) -> dict[int, tuple[int, str]]:
    """Level and title of each heading by its line's number; a block of code has none."""
    found, is_code = {}, False
    for number, line in enumerate(lines):
        is_code ^= line.lstrip().startswith(_FENCE)
        if not is_code and (heading := _HEADING.match(line)):
            found[number] = (len(heading["marks"]), heading["title"])
    return found


def title(page: Traversable) -> str:
    """The heading of a page."""
    return page.read_text("utf-8").partition("\n")[0].removeprefix("# ")


def _listed(titles: dict[str, str], form: str) -> str:
    if form == "json":
        rows = [{"name": name, "title": text} for name, text in titles.items()]
        return json.dumps(rows) + "\n"
    width = max(map(len, titles))
    return "".join(f"{name:{width}}  {text}\n" for name, text in titles.items())
