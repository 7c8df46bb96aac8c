"""Put a preview into a pull request: one comment a stack, updated in place, with the ``gh`` CLI.

``python tools/post_preview.py OWNER/REPOSITORY NUMBER FILE``, where FILE is what ``mtasts preview
STACK --format markdown`` printed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

_MARKER = re.compile(r"<!-- mtasts preview [A-Za-z0-9_.-]+ -->")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
# GitHub takes 65 536 characters; a longer preview is cut with a word.
_BODY_MAX = 65_000
_SECONDS = 120
_BOT = "github-actions[bot]"


class PostError(Exception):
    """The preview cannot be posted; the text says why."""


def gh(*words: str, body: str | None = None) -> Any:  # noqa: ANN401 - whatever JSON holds
    """What ``gh api`` answers."""
    done = subprocess.run(
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


def post(repository: str, number: str, text: str) -> str:
    """Post or update the comment; what was done."""
    marker = text.partition("\n")[0]
    if not _MARKER.fullmatch(marker):
        raise PostError("the file does not begin with the marker of a preview")
    if not number.isdecimal() or not _REPOSITORY.fullmatch(repository):
        raise PostError(f"{repository!r} and {number!r} are no repository and pull request")
    if len(text) > _BODY_MAX:
        text = f"{text[:_BODY_MAX]}\n\n(cut: run mtasts preview to see all of it)\n"
    comments = f"repos/{repository}/issues/{number}/comments"
    pages = gh("--paginate", "--slurp", comments)
    me = author()
    ours = [
        comment["id"]
        for page in pages
        for comment in page
        if comment["user"]["login"] == me and comment["body"].startswith(marker)
    ]
    body = json.dumps({"body": text})
    if ours:
        where = f"repos/{repository}/issues/comments/{ours[0]}"
        gh("--method", "PATCH", "--input", "-", where, body=body)
        return f"updated comment {ours[0]}"
    gh("--method", "POST", "--input", "-", comments, body=body)
    return "posted a new comment"


def main(words: list[str]) -> int:
    """The exit code."""
    if len(words) != 3:
        sys.stderr.write(__doc__ or "")
        return 2
    repository, number, file = words
    try:
        print(post(repository, number, Path(file).read_text("utf-8")))
    except (PostError, OSError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"post_preview: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
