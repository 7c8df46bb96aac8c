"""List the sections of an RFC with the code and the tests that refer to them.

``python tools/rfc.py [RFC ...]`` (`make rfc`) prints RFC 8461 and RFC 8460, or those named, and
fails on a reference to a section that ``tools/rfc_sections.toml`` does not have. A reference is
spelt "RFC 8461 section 3.2", "RFC 8461 sections 4.2 and 5" or "RFC 6960 appendix A.1".
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from syntax_trees import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "tools" / "rfc_sections.toml"
_NUMBER = r"[0-9]+(?:\.[0-9]+)*"
_SPACE = r"[\s\"'#|f]*\s[\s\"'#|f]*"  # a reference may continue on the next line of a comment
REFERENCE = re.compile(
    rf"\bRFC ?(?P<rfc>[0-9]{{4}}){_SPACE}(?:"
    rf"sections?{_SPACE}(?P<sections>{_NUMBER}(?:(?:,|{_SPACE}(?:and|or|to)){_SPACE}{_NUMBER})*)"
    rf"|appendix{_SPACE}(?P<appendix>[A-Z](?:\.[0-9]+)*))"
)
# References in another spelling.
OTHER = re.compile(
    r"\bRFC[- ]?[0-9]{4}(?:,? ?§|,? [Ss]ec\.|, section|,? s\.[0-9]|#section|-section| Section)"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """One mention of a section: of which RFC, in which file and line, inside which function."""

    rfc: str
    section: str
    path: str
    line: int
    inside: str = ""

    @property
    def place(self) -> str:
        """The file, and in code the function, class or table."""
        return f"{self.path}:{self.inside}" if self.inside else self.path


def references(text: str, path: str) -> Iterator[Reference]:
    """Every reference in a text; those of Python code say which definition they stand in."""
    matches = list(REFERENCE.finditer(text))
    inside = _definitions(text) if matches and path.endswith(".py") else {}
    for match in matches:
        line = text.count("\n", 0, match.start()) + 1
        if match["appendix"]:
            found = [f"appendix {match['appendix']}"]
        else:
            found = re.findall(_NUMBER, match["sections"])
        for section in found:
            yield Reference(match["rfc"], section, path, line, inside.get(line, ""))


def _definitions(text: str) -> dict[int, str]:
    """The name of the function, class or variable that each line of a module belongs to."""
    found: dict[int, str] = {}
    for node in parsed(text).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                name = node.name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                pass
            case _:
                continue
        found |= dict.fromkeys(range(node.lineno, (node.end_lineno or 0) + 1), name)
    return found


def unknown(found: Sequence[Reference], table: Mapping[str, Mapping[str, str]]) -> list[str]:
    """A line for each reference to a section that the table does not have."""
    return [
        f"{each.path}:{each.line}: RFC {each.rfc} {_named(each.section)} is not in "
        f"{TABLE.relative_to(ROOT)}: correct the number, or read the section and add it"
        for each in found
        if each.section not in table.get(each.rfc, {})
    ]


def misspelt(text: str, path: str) -> list[str]:
    """A line for each reference in another spelling."""
    return [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}: '{match[0]}...': "
        "write 'RFC 8461 section 3.2'"
        for match in OTHER.finditer(text)
    ]


def _named(section: str) -> str:
    return section if section.startswith("appendix") else f"section {section}"


def overview(rfc: str, found: Sequence[Reference], sections: Mapping[str, str]) -> Iterator[str]:
    """The lines about one RFC: each section that is referred to, its code, and its tests."""
    code, tests = defaultdict(set), defaultdict(set)
    for each in found:
        if each.rfc == rfc:
            is_test = each.path.startswith("tests/")
            (tests if is_test else code)[each.section].add(each.place)
    yield f"RFC {rfc}"
    for section, title in sections.items():
        if section in code or section in tests:
            yield f"  {section} {title}"
            yield from (f"    {place}" for place in sorted(code[section]))
            yield from (f"    test {place}" for place in sorted(tests[section]))
            if not tests[section]:
                yield "    test -"


def texts() -> dict[str, str]:
    """Every text of the repository that may have a reference, by its path."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.md", "*.jsonl", "*.j2", "*.toml", "*.yaml", "*.yml"],  # noqa: S607 - git is on PATH
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    own = {"tools/rfc.py", "tests/tools/test_rfc.py"}
    return {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in listed.stdout.splitlines()
        if name not in own and (ROOT / name).is_file()
    }


def main(wanted: Sequence[str]) -> int:
    """Print the overview of ``wanted`` RFCs; returns 1 if a reference is wrong, else 0."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    named = texts()
    found = [each for name, text in named.items() for each in references(text, name)]
    for rfc in wanted or ["8461", "8460"]:
        print("\n".join(overview(rfc, found, table.get(rfc, {}))))
    wrong = [line for name, text in named.items() for line in misspelt(text, name)]
    wrong += unknown(found, table)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
