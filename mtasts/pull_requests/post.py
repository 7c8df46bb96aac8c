"""Put previews into a pull request: one comment a stack, updated in place, with the ``gh`` CLI.

``python -m mtasts.pull_requests post OWNER/REPOSITORY NUMBER REMARKS REVIEWS``: REMARKS is what
``take`` wrote, and ``REVIEWS/preview-STACK/preview.md`` what ``mtasts
preview STACK --format markdown`` printed. All of it was made by jobs that read what the pull
request says, so it is read as data: within bounds, by names of one form, and never run.

Of what ``gh api`` answers, each call takes the keys that it needs.
"""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

_PULL_REQUEST = "<!-- mtasts pull request -->"
_STACK = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_MARKER = re.compile(rf"<!-- mtasts preview {_STACK.pattern} -->")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
# GitHub takes 65 536 characters; a longer preview is cut with a word.
_BODY_MAX = 65_000
_FILE_MAX = 1024 * 1024
_STACKS_MAX = 256
_SECONDS = 120
_BOT = "github-actions[bot]"
_SILENT = "There is no preview: the log of the job Preview says why.\n"
_SETTLED = "Nothing is wrong with the files of this pull request any more.\n"
_UNCHANGED = "This pull request no longer changes this stack.\n"


class PostError(Exception):
    """The previews cannot be posted; the text says why."""


def gh(*words: str, body: str | None = None) -> Any:  # noqa: ANN401 - whatever JSON holds
    """What ``gh api`` answers; raises `PostError` where it fails."""
    done = subprocess.run(  # noqa: S603 - the runner's own
        ["gh", "api", *words],  # noqa: S607 - the runner's own
        input=body,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise PostError(f"gh api {words[-1]}: {done.stderr.strip()}")
    return json.loads(done.stdout or "null")


def author() -> str:
    """Who posts: a comment of anybody else is not ours, whatever it begins with."""
    try:
        return str(gh("user")["login"])
    except PostError:
        return _BOT  # a workflow's token is no user's


def read(path: Path) -> str:
    """A file of the hand-over, within bounds, empty where there is none; or raises `PostError`."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise PostError(f"{path.name} is no regular file")
        with path.open("rb") as file:
            return file.read(_FILE_MAX).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def texts(remarks: Path, reviews: Path) -> dict[str, str]:
    """The comments by the first line of each; an empty one says that there is nothing to say.

    Raises:
        PostError: what was handed over is not of its form; nothing is posted.
    """
    marker, _, text = read(remarks / "pull-request.md").partition("\n")
    if marker != _PULL_REQUEST:
        raise PostError("the remarks do not begin with their marker")
    found = {marker: text}
    files = sorted([*remarks.glob("previewed/*.md"), *remarks.glob("refused/*.md")])
    if len(files) > _STACKS_MAX:
        raise PostError(f"there are remarks about more than {_STACKS_MAX} stacks")
    for path in files:
        marker, _, text = read(path).partition("\n")
        if not _STACK.fullmatch(path.stem) or marker != f"<!-- mtasts preview {path.stem} -->":
            raise PostError("remarks about a stack do not begin with its marker")
        if path.parent.name == "previewed":
            text = f"{text}\n{_review(reviews / f'preview-{path.stem}' / 'preview.md', marker)}"
        found[marker] = text
    return found


def _review(path: Path, marker: str) -> str:
    """A preview without its marker, or what to say where none came out."""
    first, _, text = read(path).partition("\n")
    if not first:
        return _SILENT
    if first != marker:
        raise PostError("a preview does not begin with its stack's marker")
    return text


def post(repository: str, number: str, comments: dict[str, str]) -> str:
    """Post or update every comment; what was done, a line each.

    Raises:
        PostError: the request was refused, or the names are none; comments before it are posted.
    """
    if not number.isdecimal() or not _REPOSITORY.fullmatch(repository):
        raise PostError(f"{repository!r} and {number!r} are no repository and pull request")
    place = f"repos/{repository}/issues/{number}/comments"
    pages = gh("--paginate", "--slurp", place)
    login = author()
    comment_ids: dict[str, int] = {}
    for comment in (each for page in pages for each in page):
        marker = comment["body"].partition("\n")[0].rstrip("\r")
        if comment["user"]["login"] == login and (
            marker == _PULL_REQUEST or _MARKER.fullmatch(marker)
        ):
            # If an earlier run posted a comment twice, the first one is updated.
            comment_ids.setdefault(marker, comment["id"])
    done = []
    for marker in [*comments, *(each for each in comment_ids if each not in comments)]:
        text = comments.get(marker, _UNCHANGED)
        if marker in comment_ids:
            body = json.dumps({"body": _cut(f"{marker}\n{text.strip() or _SETTLED}")})
            where = f"repos/{repository}/issues/comments/{comment_ids[marker]}"
            gh("--method", "PATCH", "--input", "-", where, body=body)
            done.append(f"updated comment {comment_ids[marker]}")
        elif text.strip():
            body = json.dumps({"body": _cut(f"{marker}\n{text}")})
            gh("--method", "POST", "--input", "-", place, body=body)
            done.append("posted a new comment")
    return "\n".join(done)


def _cut(text: str) -> str:
    if len(text) <= _BODY_MAX:
        return text
    return f"{text[:_BODY_MAX]}\n\n(cut: mtasts preview STACK shows all of it)\n"


def main(words: list[str]) -> int:
    """The exit code."""
    if len(words) != 4:
        sys.stderr.write(__doc__ or "")
        return 2
    repository, number, remarks, reviews = words
    try:
        done = post(repository, number, texts(Path(remarks), Path(reviews)))
        sys.stdout.write(f"{done}\n")
    except (PostError, OSError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"mtasts.pull_requests post: {error}\n")
        return 1
    return 0
