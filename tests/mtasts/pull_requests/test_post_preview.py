"""The comments on a pull request, with a ``gh`` on PATH that keeps its comments in a file."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from gh_stand_in import StandIn

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = ("-m", "mtasts.pull_requests", "post")
MARKER = "<!-- mtasts preview example-agency -->"
WHOLE = "<!-- mtasts pull request -->"
COMMIT = "_Commit abc._"


class Lab:
    """What two jobs handed over, and the comments of the pull request."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gh = StandIn(folder)
        self.put("remarks/pull-request.md", f"{WHOLE}\n")

    def put(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def stack(self, preview: str | None, name: str = "example-agency") -> None:
        """The hand-over about a stack that was previewed."""
        marker = f"<!-- mtasts preview {name} -->"
        self.put(f"remarks/previewed/{name}.md", f"{marker}\n{COMMIT}\n")
        if preview is not None:
            self.put(f"reviews/preview-{name}/preview.md", f"{marker}\n{preview}\n")

    def post(
        self, *, repository: str = "agency/mail", number: str = "7", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *SCRIPT, repository, number, "remarks", "reviews"],
            cwd=self.folder,
            env={"PATH": f"{self.folder}:{os.environ['PATH']}"} | variables,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_the_first_preview_is_posted_and_the_next_takes_its_place(lab: Lab) -> None:
    lab.stack("blocked")
    assert lab.post().stdout == "posted a new comment\n"
    lab.stack("evidence added")
    assert lab.post().stdout == "updated comment 1\n"
    assert lab.gh.bodies == [f"{MARKER}\n{COMMIT}\n\nevidence added"]


def test_each_stack_has_a_comment_of_its_own(lab: Lab) -> None:
    lab.stack("one")
    lab.stack("two", "another")
    lab.post()
    assert [body.splitlines()[0] for body in lab.gh.bodies] == [
        "<!-- mtasts preview another -->",
        MARKER,
    ]


def test_a_stack_that_is_refused_says_why_and_no_preview_is_read(lab: Lab) -> None:
    lab.stack("from another run")
    (lab.folder / "remarks/previewed/example-agency.md").unlink()
    lab.put("remarks/refused/example-agency.md", f"{MARKER}\nwhy\n")
    lab.post()
    assert lab.gh.bodies == [f"{MARKER}\nwhy\n"]


def test_a_preview_that_did_not_come_out_is_said(lab: Lab) -> None:
    lab.stack(None)
    lab.post()
    assert "There is no preview" in lab.gh.bodies[0]


def test_a_stack_that_is_no_longer_changed_is_told_so(lab: Lab) -> None:
    lab.gh.keep(("agency-bot", f"{MARKER}\nblocked"))
    assert lab.post().stdout == "updated comment 1\n"
    assert lab.gh.bodies == [f"{MARKER}\nThis pull request no longer changes this stack."]


def test_the_pull_request_as_a_whole_is_spoken_of_while_there_is_something(lab: Lab) -> None:
    assert lab.post().stdout == "\n"
    assert lab.gh.bodies == []
    lab.put("remarks/pull-request.md", f"{WHOLE}\n> a symbolic link\n")
    lab.post()
    assert lab.gh.bodies == [f"{WHOLE}\n> a symbolic link\n"]
    lab.put("remarks/pull-request.md", f"{WHOLE}\n")
    lab.post()
    assert lab.gh.bodies == [
        f"{WHOLE}\nNothing is wrong with the files of this pull request any more.\n"
    ]


def test_a_comment_of_somebody_else_is_never_touched(lab: Lab) -> None:
    lab.gh.keep(("mallory", f"{MARKER}\nlooks like ours"), ("agency-bot", "a word of thanks"))
    lab.stack("ours")
    lab.post()
    assert lab.gh.bodies == [
        f"{MARKER}\nlooks like ours",
        "a word of thanks",
        f"{MARKER}\n{COMMIT}\n\nours\n",
    ]


def test_a_workflows_token_is_the_bots(lab: Lab) -> None:
    lab.stack("one")
    lab.post(GH_BROKEN_USER="1")
    lab.stack("two")
    lab.post(GH_BROKEN_USER="1")
    assert lab.gh.bodies == [f"{MARKER}\n{COMMIT}\n\ntwo"]


def test_a_preview_too_long_for_a_comment_is_cut_with_a_word(lab: Lab) -> None:
    lab.stack("x" * 3_000_000)
    lab.post()
    (body,) = lab.gh.bodies
    assert len(body) < 65_536
    assert body.endswith("(cut: mtasts preview STACK shows all of it)\n")


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("remarks/pull-request.md", "### no marker\n", "do not begin with their marker"),
        ("remarks/previewed/a.md", "### no marker\n", "do not begin with its marker"),
        ("remarks/previewed/a.md", f"{MARKER}\n", "do not begin with its marker"),
        ("remarks/previewed/.md", "<!-- mtasts preview .md -->\n", "do not begin with its marker"),
        ("remarks/refused/-x.md", "<!-- mtasts preview -x -->\n", "do not begin with its marker"),
        (
            "reviews/preview-example-agency/preview.md",
            "<!-- mtasts preview another -->\nx\n",
            "a preview does not begin with its stack's marker",
        ),
        ("reviews/preview-example-agency/preview.md", f"{MARKER} x\n", "a preview does not"),
    ],
)
def test_a_hand_over_of_another_form_is_not_posted(
    lab: Lab, path: str, text: str, says: str
) -> None:
    lab.stack("fine")
    lab.put(path, text)
    done = lab.post()
    assert done.returncode == 1
    assert says in done.stderr
    assert lab.gh.bodies == []


def test_a_hand_over_that_is_no_file_is_not_followed(lab: Lab) -> None:
    lab.stack(None)
    review = lab.folder / "reviews" / "preview-example-agency" / "preview.md"
    review.parent.mkdir(parents=True)
    review.symlink_to("/etc/passwd")
    assert "preview.md is no regular file" in lab.post().stderr
    assert lab.gh.bodies == []


def test_a_hand_over_about_too_many_stacks_is_not_posted(lab: Lab) -> None:
    for number in range(257):
        lab.stack(None, f"s{number}")
    assert "more than 256 stacks" in lab.post().stderr


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"number": "7/../8"}, "are no repository and pull request"),
        ({"repository": "a/b/c"}, "are no repository and pull request"),
        ({"GH_DOWN": "1"}, "HTTP 503"),
    ],
)
def test_what_cannot_be_posted_is_said(lab: Lab, more: dict[str, str], says: str) -> None:
    lab.stack("fine")
    done = lab.post(**more)
    assert done.returncode == 1
    assert says in done.stderr
    assert lab.gh.bodies == []
