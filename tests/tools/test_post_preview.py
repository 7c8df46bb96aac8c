"""The comment on a pull request, with a ``gh`` on PATH that keeps its comments in a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from gh_stand_in import StandIn

SCRIPT = Path(__file__).parents[2] / "tools" / "post_preview.py"
MARKER = "<!-- mtasts preview example-agency -->"


class Lab:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gh = StandIn(folder)

    def post(
        self, text: str, *, repository: str = "agency/mail", number: str = "7", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        file = self.folder / "preview.md"
        file.write_text(text)
        return subprocess.run(
            [sys.executable, str(SCRIPT), repository, number, str(file)],
            env={"PATH": f"{self.folder}:{os.environ['PATH']}"} | variables,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_the_first_preview_is_posted_and_the_next_takes_its_place(lab: Lab) -> None:
    assert lab.post(f"{MARKER}\nblocked").stdout == "posted a new comment\n"
    assert lab.post(f"{MARKER}\nevidence added").stdout == "updated comment 1\n"
    assert lab.gh.bodies == [f"{MARKER}\nevidence added"]


def test_each_stack_has_a_comment_of_its_own(lab: Lab) -> None:
    lab.post(f"{MARKER}\none")
    lab.post("<!-- mtasts preview another -->\ntwo")
    assert len(lab.gh.bodies) == 2


def test_a_comment_of_somebody_else_is_never_touched(lab: Lab) -> None:
    lab.gh.keep(("mallory", f"{MARKER}\nlooks like ours"), ("agency-bot", "a word of thanks"))
    lab.post(f"{MARKER}\nours")
    assert lab.gh.bodies == [f"{MARKER}\nlooks like ours", "a word of thanks", f"{MARKER}\nours"]


def test_a_workflows_token_is_the_bots(lab: Lab) -> None:
    lab.post(f"{MARKER}\none", GH_BROKEN_USER="1")
    lab.post(f"{MARKER}\ntwo", GH_BROKEN_USER="1")
    assert lab.gh.bodies == [f"{MARKER}\ntwo"]


def test_a_preview_too_long_for_a_comment_is_cut_with_a_word(lab: Lab) -> None:
    lab.post(f"{MARKER}\n" + "x" * 70_000)
    (body,) = lab.gh.bodies
    assert len(body) < 65_536
    assert body.endswith("(cut: run mtasts preview to see all of it)\n")


@pytest.mark.parametrize(
    ("text", "more", "says"),
    [
        ("### no marker", {}, "does not begin with the marker"),
        (f"{MARKER} and more\n", {}, "does not begin with the marker"),
        (f"{MARKER}\n", {"number": "7/../8"}, "are no repository and pull request"),
        (f"{MARKER}\n", {"repository": "a/b/c"}, "are no repository and pull request"),
        (f"{MARKER}\n", {"GH_DOWN": "1"}, "HTTP 503"),
    ],
)
def test_what_cannot_be_posted_is_said(
    lab: Lab, text: str, more: dict[str, str], says: str
) -> None:
    done = lab.post(text, **more)
    assert done.returncode == 1
    assert says in done.stderr
    assert lab.gh.bodies == []
