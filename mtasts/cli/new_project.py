"""The project that ``mtasts init`` writes where there is none: all of its files, or nothing."""

from __future__ import annotations

import re
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import yaml

from mtasts.errors import UsageError
from mtasts.files import write_whole
from mtasts.render.project import REQUIREMENTS, SETTINGS, VIRTUALENV, project_files, requirement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SETTINGS_MAX_BYTES = 1_000_000


def begin(folder: Path, *, cloudflare: bool) -> dict[str, bytes]:
    """The files that make ``folder`` a project, by path; none where it holds one already.

    Files that an interrupted `finish` has left are not among them.

    Raises:
        UsageError: files of the user's would have to be replaced, or the project is another one.
    """
    if (folder / SETTINGS).exists():
        _require_stacks(folder / SETTINGS)
        return {}
    wanted = project_files(cloudflare=cloudflare)
    if taken := sorted(_in_the_way(folder, wanted)):
        verb = "stands" if len(taken) == 1 else "stand"
        raise UsageError(
            f"{', '.join(taken)} {verb} in the way of a new project in {folder.absolute()}; "
            "nothing was written. Run this in an empty folder, and copy there what you need"
        )
    return {path: raw for path, raw in wanted.items() if not (folder / path).exists()}


def _require_stacks(settings: Path) -> None:
    """See that the engine looks for stack files in ``stacks``.

    Raises:
        UsageError: the settings are another project's, or cannot be read.
    """
    try:
        with settings.open("rb") as file:
            found = yaml.safe_load(file.read(_SETTINGS_MAX_BYTES))
    except (OSError, yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"{settings} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict) or found.get("stackConfigDir") != "stacks":
        raise UsageError(
            f"{settings} belongs to another project: it has no line stackConfigDir: stacks, so its "
            "stack files lie elsewhere. Run this in an empty folder, or give --stacks DIR"
        )


def _in_the_way(folder: Path, wanted: Mapping[str, bytes]) -> Iterator[str]:
    """What is there already and is something else, by its path in ``folder``."""
    for path, raw in wanted.items():
        above = [each for each in PurePosixPath(path).parents if each.name]
        found = [str(each) for each in above if _is_no_folder(folder / each)]
        yield from found
        place = folder / path
        is_there = place.is_symlink() or place.exists()
        if not found and is_there and not (place.is_file() and place.read_bytes() == raw):
            yield path


def _is_no_folder(path: Path) -> bool:
    return (path.is_symlink() or path.exists()) and not path.is_dir()


def finish(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of `begin`. Pulumi.yaml comes last: with it the folder is a project.

    Raises:
        UsageError: one cannot be written, or has appeared meanwhile; it is not replaced.
    """
    for path in sorted(files, key=lambda each: each == SETTINGS):
        try:
            write_whole(folder / path, files[path], replace=False)
        except OSError as error:
            raise UsageError(f"{folder / path} cannot be written: {error.strerror}") from error


def describe(files: Mapping[str, bytes]) -> str:
    """A line that names the written files; empty if there are none."""
    return f"wrote a project: {', '.join(files)}\n" if files else ""


def next_for_project(folder: Path, new: Mapping[str, bytes], *, cloudflare: bool) -> list[str]:
    """What has to be done before a project's program can run, as commands in order."""
    extra = "cloudflare" if cloudflare else ""
    if not new:
        return _add_extra(folder / REQUIREMENTS, extra)
    steps = []
    if Path(sys.prefix).resolve() != (folder / VIRTUALENV).resolve():
        python = f"{VIRTUALENV}/bin/python"
        steps.append(f"python3 -m venv {VIRTUALENV} && {python} -m pip install -r {REQUIREMENTS}")
    return [
        *steps,
        f". {VIRTUALENV}/bin/activate",
        "pulumi version  # 3.238 or newer is needed",
    ]


def _add_extra(requirements: Path, extra: str) -> list[str]:
    """The steps that bring an extra into a project whose requirements do not name it yet."""
    try:
        text = requirements.read_text("utf-8", "replace")
    except OSError:
        return []  # a clone of the toolkit, or a project with a lock of its own
    if not extra or "mtasts" not in text or re.search(rf"mtasts\[[^\]]*\b({extra}|all)\b", text):
        return []
    return [
        f"write {requirement(extra)} instead of {requirement()} into {requirements}",
        f"{VIRTUALENV}/bin/python -m pip install -r {requirements}",
    ]
