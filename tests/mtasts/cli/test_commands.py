"""Every command that is printed for pasting names its stack, in messages and in the pages.

Without ``-s`` the engine acts on whichever stack was selected last, which may be another agency's.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

import pytest
from figures import files
from pages import OTHER, ROOT, SHELL, blocks, command_blocks, pages
from syntax_trees import below, nodes

from mtasts.config import ConfigError, load_text
from mtasts.findings import for_stack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# A command ends where a shell or a sentence ends it.
_ENGINE = re.compile(
    r"pulumi (?:up|preview|destroy|refresh|import|cancel|config|state|stack)\b"
    r"(?:(?!&&|;| \|)[^\n`])*"
)
_OURS = re.compile(r"mtasts (?:preview|recover|move|adopt|ledger (?:show|verify|repair))\b[^\n`;]*")
_NAMED = re.compile(r" (?:-s|--stack) \S")
_INIT = re.compile(r"pulumi stack (?:init|ls|select)\b")
_FIRST = re.compile(
    r"mtasts (?:\w+ )??(?:show |verify |repair )?"
    r"(?:my-agency|example-agency|STACK|\{[\w.]*stack\}|\{self\.name\}|\{printable\(stack\)\})"
)
# Where a command is only called by its name: nothing that anybody would paste.
MENTIONS = {
    (
        "mtasts/rollout/vanished.py",
        "pulumi state unprotect: senders rely on the protected resources.",
    ),
    ("mtasts/pull_requests/post.py", "mtasts preview {"),  # a comment's first line
    ("mtasts/config/source.py", "pulumi config set does"),
    ("mtasts/engine.py", "pulumi stack init: {"),
    ("mtasts/engine.py", "pulumi preview: {"),
    ("mtasts/engine.py", "pulumi stack init names the stack"),
    ("mtasts/iam/statements.py", "pulumi preview --refresh). mtasts recover"),
    ("mtasts/iam/statements.py", "mtasts adopt makes it private"),
    ("mtasts/iam/statements.py", "mtasts ledger repair takes one statement"),
    ("mtasts/iam/statements.py", "mtasts ledger repair reads its policy"),
    ("mtasts/iam/statements.py", "mtasts ledger repair). The bucket"),
    ("mtasts/iam/statements.py", "mtasts recover and adopt check"),
    ("mtasts/iam/statements.py", "mtasts recover) or that existed before"),
    ("mtasts/iam/statements.py", "mtasts adopt)."),
    ("mtasts/iam/token.py", "mtasts adopt"),
    ("mtasts/cli/adopt.py", "mtasts adopt from what is live"),
    ("mtasts/rollout/emergency.py", "mtasts adopt, docs/recovery.md)"),
    ("components/aws/alarms.py", "pulumi refresh)."),
}


@cache
def texts(source: str) -> tuple[str, ...]:
    """Every text of a module that is no docstring; what is filled in stands in braces."""
    return tuple(_texts(nodes(source)))


def _texts(inside: Iterable[ast.AST]) -> Iterator[str]:
    parts: set[int] = set()
    for node in inside:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            parts.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            parts.update(map(id, below(node)))
            yield "".join(map(_part, node.values))
    for node in inside:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value


def _part(node: ast.expr) -> str:
    if isinstance(node, ast.FormattedValue):
        return f"{{{ast.unparse(node.value)}}}"
    return str(node.value) if isinstance(node, ast.Constant) else ""


def nameless(text: str) -> Iterator[str]:
    """The commands in a text that act on a stack and do not name it."""
    for found in _ENGINE.finditer(text):
        if not _NAMED.search(found[0]) and not _INIT.match(found[0]):
            yield found[0]
    for found in _OURS.finditer(text):
        if not _FIRST.match(found[0]):
            yield found[0]


@pytest.mark.xdist_group("syntax-trees")
def test_every_command_in_a_message_names_its_stack() -> None:
    found = set()
    for path in files("mtasts", "components"):
        name = str(path.relative_to(ROOT))
        for text in texts(path.read_text("utf-8")):
            for command in nameless(text):
                if not any(name == file and command.startswith(said) for file, said in MENTIONS):
                    found.add(f"{name}: {command}")
    assert found == set()


@pytest.mark.parametrize(
    ("text", "is_nameless"),
    [
        ("pulumi up", True),
        ("then pulumi up, and look", True),
        ("pulumi up -s {stack} && pulumi refresh", True),
        ("pulumi config set mtasts:mode testing -s {stack} && pulumi up -s {stack}", False),
        ("pulumi state unprotect '{urn}' -s STACK", False),
        ("pulumi stack init {stack}", False),
        ("pulumi stack rm --force {stack}", True),
        ("mtasts recover", True),
        ("mtasts recover {stack} again", False),
        ("mtasts ledger repair --domain {domain}", True),
        ("mtasts ledger repair STACK --domain {domain}", False),
        ("mtasts gate check example.gov", False),
    ],
)
def test_what_counts_as_named(text: str, *, is_nameless: bool) -> None:
    assert bool(list(nameless(text))) is is_nameless


_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
# Commands that are called by their names in running text.
NAMES = frozenset(
    {
        *(f"pulumi {verb}" for verb in ("up", "preview", "destroy", "refresh", "import", "cancel")),
        *("pulumi config set", "pulumi state unprotect", "pulumi config set --secret"),
        *("pulumi preview --refresh", "pulumi refresh --clear-pending-creates"),
        *("pulumi up --replace", "pulumi destroy --run-program"),
        *(f"mtasts {verb}" for verb in ("preview", "recover", "move", "adopt")),
        *(f"mtasts ledger {verb}" for verb in ("show", "verify", "repair")),
        "mtasts adopt --max-age-ever",
    }
)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_command_in_a_page_names_its_stack(page: Path) -> None:
    for block in command_blocks(page):
        for command in block.commands:
            assert list(nameless(command.partition("  #")[0])) == [], f"{page}:{block.line}"
    prose = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    spans = [span for span in _SPAN.findall(prose) if span not in NAMES]
    assert [each for span in spans for each in nameless(span)] == [], page


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_block_of_a_page_says_what_it_is(page: Path) -> None:
    wrong = [each.line for each in blocks(page) if each.language not in SHELL | OTHER]
    assert wrong == [], f"{page}: blocks without a language, or with an unknown one"


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_command_block_is_run_by_a_test_or_says_why_not(page: Path) -> None:
    """The engine tests play each page in an order, and fail for a block that is left."""
    tests = ROOT / "tests" / "engine"
    played = re.findall(r'Page\("([^"]+)"\)', (tests / "test_pages.py").read_text())
    name, open_ = (
        str(page.relative_to(ROOT)),
        [e.line for e in command_blocks(page) if not e.why_not],
    )
    if name == "docs/first-ten-minutes.md":
        assert len(open_) == 3  # `test_installed` takes exactly so many
    elif name == "docs/transcripts.md":
        assert len(open_) == page.read_text().count("\n## ")  # `test_transcripts` plays each
    elif name == "docs/moving.md":
        each = re.findall(r"moving\[(\d)\]", (tests / "test_moving.py").read_text())
        assert sorted(map(int, each)) == list(range(len(open_)))
    else:
        assert not open_ or name in played, open_


def test_a_message_names_the_stack_once_it_is_known() -> None:
    text = "pulumi up --refresh -s STACK, at docs/STACKS"
    assert for_stack(text, "my-agency") == "pulumi up --refresh -s my-agency, at docs/STACKS"


@pytest.mark.parametrize(
    ("file", "named"),
    [("stacks/Pulumi.my-agency.yaml", "-s my-agency"), ("other.yaml", "-s STACK")],
)
def test_a_fix_of_a_stack_file_names_its_stack(file: str, named: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_text(b"config:\n  mtasts:agency: A\n  mtasts:domains: []\n", file=file)
    assert f"pulumi destroy {named} (mtasts docs retirement)" in str(refused.value)
