"""The transcripts of the documentation are what a newcomer sees, line by line.

With ``--update-golden`` the page gets what was seen.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from pages import ROOT, Block, command_blocks
from programs import MADE as LEFT

from mtasts.localcloud import warm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from newcomer import Newcomer

pytestmark = [
    pytest.mark.engine,
    pytest.mark.languages,
    pytest.mark.long,
    pytest.mark.xdist_group("newcomers"),
]

PAGE = ROOT / "docs" / "transcripts.md"
HEADINGS = tuple(re.findall(r"(?m)^## (.+)$", PAGE.read_text()))
POLICY = (
    "version: STSv1\nmode: testing\nmx: mx1.mail.example\nmx: mx2.mail.example\nmax_age: 604800\n"
)
# The program that differs most between the two ways stays cold, as it is without a warm process.
COLD = "Python"
MARK = "@@ the newcomer types line "
MASKS = (
    # Not every machine has IPv6.
    (re.compile(r" and \[::1\]:\d+"), ""),
    (re.compile(r"passed at (1 address|2 addresses)\b"), "passed at 2 addresses"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"\(process \d+\)"), "(process ID)"),
    (re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?"), "DATE"),
    (
        re.compile(
            r"\((\d+m)?\d+(\.\d+)?m?s\)"
            r"|\b(\d+m ?)?\d+(\.\d+)?( s|s| seconds)\b"
            r"|\b\d+m\b"  # npm leaves the seconds out
        ),
        "TIME",
    ),
    (re.compile(r"\b(Z[0-9A-Z]{14,}|E[0-9A-Z]{12,}|d[0-9a-z]{13}(?=\.cloudfront))\b"), "ID"),
)
# What is said only where something takes its time.
HURRIED = ("local: ", "go: downloading ")
# A resource of the engine's display, made or left as it was; other lines of progress are dropped.
MADE = re.compile(r"^ +[+~-]+ +(\S+ \S+) (created|updated|deleted)\b")
RUNS = ("@ ", "Updating (")
PROGRESS = re.compile(r"^( +[+~-]* *\S+:\S+ |@ |Updating \(|$)")


def block(number: int) -> Block:
    return command_blocks(PAGE)[number]


def masked(text: str, folder: Path) -> str:
    """What of a command's words is the same in every run."""
    text = text.replace("\r\n", "\n").replace(str(folder), "FOLDER")
    for pattern, word in MASKS:
        text = pattern.sub(word, text)
    lines = [line for line in text.splitlines() if not line.startswith(HURRIED)]
    return "".join(f"{line.rstrip()}\n" for line in settled(lines))


def settled(lines: list[str]) -> Iterator[str]:
    """Lines without those of the engine's progress; what it made stands sorted in their place."""
    made = sorted({f" + {found[1]} {found[2]}" for line in lines if (found := MADE.match(line))})
    if not made and not any(line.startswith(RUNS) for line in lines):
        yield from lines
        return
    yield from made
    yield from (line for line in lines if not PROGRESS.match(line))


def clone(newcomer: Newcomer, folder: Path) -> Path:
    """What a clone has of examples and plugin; the plugin's environment is the newcomer's."""
    folder.mkdir()
    shutil.copy(ROOT / "requirements.lock", folder)
    for name in ("examples", "plugin"):
        shutil.copytree(ROOT / name, folder / name, ignore=LEFT)
    (folder / "plugin" / ".venv").symlink_to(newcomer.folder / ".venv")
    return folder


def play(newcomer: Newcomer, commands: tuple[str, ...]) -> tuple[str, list[str]]:
    """The transcript, and what each command said."""
    script = ["exec 2>&1"]
    for command in commands:
        script += [f"echo '{MARK}'", command]
    done = newcomer.bash("\n".join(script))
    assert done.returncode == 0, done.stdout
    said = [masked(each, newcomer.folder) for each in done.stdout.split(f"{MARK}\n")[1:]]
    rows = (f"$ {command}\n{words}" for command, words in zip(commands, said, strict=True))
    return "".join(rows), said


@pytest.fixture(scope="module")
def warmed(
    installed: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, str]]:
    """The variables that lead to a warm process of the newcomers' environment."""
    socket, python = tmp_path_factory.mktemp("warm") / "socket", installed / "bin" / "python"
    plain = {"PATH": os.environ["PATH"]}
    with warm.running(socket, plain, python=str(python)) as found:
        yield found


@pytest.mark.parametrize("number", range(len(HEADINGS)), ids=HEADINGS)
def test_a_newcomer_sees_what_the_page_shows(
    newcomer: Newcomer,
    warmed: Mapping[str, str],
    request: pytest.FixtureRequest,
    tmp_path: Path,
    number: int,
) -> None:
    shown = block(number)
    if HEADINGS[number] != COLD:
        newcomer.environment.update(warmed)
    newcomer.environment["CLONE"] = str(clone(newcomer, tmp_path / "clone"))
    found, said = play(newcomer, shown.commands)
    assert said[-2] == POLICY
    if request.config.getoption("--update-golden"):
        PAGE.write_text(PAGE.read_text().replace(f"{shown.text}\n", found))
        shown = block(number)
    assert found == f"{shown.text}\n", f"{PAGE}: if it is meant, pytest --update-golden"
