"""``mtasts local preview``: preview every stack of a project against a local cloud.

It needs no credentials. The result is Markdown on standard output, and is appended to the file that
``GITHUB_STEP_SUMMARY`` names, if that is set. Nothing is published in a new local cloud, so the
preview treats every domain as new.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.config import source
from mtasts.findings import printable
from mtasts.localcloud.engine import find
from mtasts.localcloud.lifecycle import environment, start, stop
from mtasts.localcloud.project import Project
from mtasts.templating import render

if TYPE_CHECKING:
    from collections.abc import Mapping

_STACKS = Path("stacks")
_EVIDENCE = Path("evidence")


def has_secrets(path: Path) -> bool:
    """Whether the stack file has secrets, which only the stack's secrets provider can decrypt."""
    try:
        read = source.parse(source.read(path))
    except source.SourceError:
        return False  # the preview reports what is wrong with the file
    return bool(read.other_keys) or any(
        isinstance(value, dict) and "secure" in value for value in read.values.values()
    )


def preview(path: Path, stack: str, folder: Path, variables: Mapping[str, str]) -> tuple[bool, str]:
    """Preview one stack: whether that worked (held domains are no failure), and its Markdown.

    ``folder`` is for temporary projects.

    Raises:
        ProjectError: the engine could not make the stack, or the preview took too long.
    """
    if has_secrets(path):
        return True, _comment(
            stack, "its stack file has secrets, which a local cloud cannot decrypt"
        )
    project = Project.make(folder / stack, variables, path)
    if (_EVIDENCE / stack).is_dir():
        shutil.copytree(_EVIDENCE / stack, project.folder / _EVIDENCE / stack)
    run = project.mtasts("preview", stack, "--format", "markdown")
    return run.code in (0, 1), run.stdout or _comment(stack, printable(run.stderr, 2000))


def _comment(stack: str, text: str) -> str:
    return render("pull_request/local.md", stack=stack, said=text)


def preview_all() -> int:
    """Preview all stacks, and return the exit code: 1 if a stack cannot be previewed, else 0.

    A held domain is no failure.

    Raises:
        EngineError: there is no engine.
        LifecycleError: the local cloud did not start.
        ProjectError: as `preview`.
    """
    good = True
    with tempfile.TemporaryDirectory(prefix="mtasts-") as name:
        folder = Path(name)
        engine = find(os.environ, _say)
        cloud = start(folder / "cloud", engine, stacks=_STACKS, with_parent=True, say=_say)
        try:
            variables = environment(cloud, os.environ)
            for path in sorted(_STACKS.glob("Pulumi.*.yaml")):
                stack = path.stem.removeprefix("Pulumi.")
                done, text = preview(path, stack, folder / "projects", variables)
                good = good and done
                sys.stdout.write(f"{text}\n")
                if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
                    with Path(summary).open("a") as file:
                        file.write(f"{text}\n")
        finally:
            stop(folder / "cloud")
    return 0 if good else 1


def _say(text: str) -> None:
    sys.stderr.write(f"local: {text}\n")
