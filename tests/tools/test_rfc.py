"""References to RFCs: found wherever they wrap, in one spelling, and to sections that exist."""

from __future__ import annotations

import pytest
from rfc import Reference, main, misspelt, overview, references, unknown

TABLE = {"8461": {"3.2": "MTA-STS Policies", "3.3": "HTTPS Policy Fetching", "appendix B": "Code"}}


def found(text: str, path: str = "a.md") -> list[tuple[str, str]]:
    return [(each.rfc, each.section) for each in references(text, path)]


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        ("as RFC 8461 section 3.2 has it", ["3.2"]),
        ("RFC 8461 sections 4.2 and 5.", ["4.2", "5"]),
        ("RFC 8461 sections 3.1, 3.2 or 3.3", ["3.1", "3.2", "3.3"]),
        ("RFC 8461\n    # section 3.2", ["3.2"]),
        ('"(RFC 8461 "\n    f"section 3.2)"', ["3.2"]),
        ("RFC 8461 appendix B", ["appendix B"]),
        ("RFC 8461 of 2018", []),
        ("section 3.2", []),
    ],
)
def test_a_reference_is_found_however_it_wraps(text: str, sections: list[str]) -> None:
    assert found(text) == [("8461", each) for each in sections]


CODE = '''"""RFC 8461 section 3.3."""
LIMIT = 5  # RFC 8461 section 3.2
class Parser:
    def parse(self):
        """RFC 8461 section 3.2."""
'''


def test_code_says_in_which_definition_it_stands() -> None:
    places = [each.place for each in references(CODE, "mtasts/a.py")]
    assert places == ["mtasts/a.py", "mtasts/a.py:LIMIT", "mtasts/a.py:Parser"]


@pytest.mark.parametrize("section", ["3.4", "appendix A"])
def test_a_section_that_does_not_exist_is_named_with_file_and_line(section: str) -> None:
    (line,) = unknown([Reference("8461", section, "docs/a.md", 7)], TABLE)
    assert line.startswith("docs/a.md:7: RFC 8461 ")
    assert section in line
    assert unknown([Reference("8461", "3.2", "docs/a.md", 7)], TABLE) == []
    assert unknown([Reference("1234", "3.2", "docs/a.md", 7)], TABLE) != []


@pytest.mark.parametrize("text", ["RFC 8461 §3.2", "RFC8461, sec. 3", "RFC 8461, section 3.2"])
def test_another_spelling_is_named(text: str) -> None:
    (line,) = misspelt(f"one\n{text}", "docs/a.md")
    assert line.startswith("docs/a.md:2: 'RFC")
    assert misspelt("RFC 8461 section 3.2", "docs/a.md") == []


def test_the_overview_goes_from_section_to_code_to_test() -> None:
    every = [
        Reference("8461", "3.2", "mtasts/a.py", 1, "parse"),
        Reference("8461", "3.2", "tests/test_a.py", 2, "test_it"),
        Reference("8461", "appendix B", "mtasts/b.py", 3),
    ]
    assert list(overview("8461", every, TABLE["8461"])) == [
        "RFC 8461",
        "  3.2 MTA-STS Policies",
        "    mtasts/a.py:parse",
        "    test tests/test_a.py:test_it",
        "  appendix B Code",
        "    mtasts/b.py",
        "    test -",
    ]


@pytest.mark.xdist_group("syntax-trees")
def test_every_reference_of_this_repository_is_to_a_section(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["8461", "8460"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "  3.2 MTA-STS Policies\n" in printed.out
