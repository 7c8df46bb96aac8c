"""Names and folders as they are given on the command line."""

from __future__ import annotations

import re
from pathlib import Path

from mtasts.errors import UsageError
from mtasts.findings import printable

_PROJECT = "Pulumi.yaml"
_STACK_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


def stack_file(stack: str, folder: Path) -> Path:
    """The path of a stack's file; raises `UsageError` if ``stack`` is no name of a stack."""
    if not _STACK_NAME.fullmatch(stack):
        raise UsageError(
            f"'{printable(stack)}' is no stack name: write 1 to 100 letters, digits, dots, "
            "hyphens and underscores, such as example-agency"
        )
    return folder / f"Pulumi.{stack}.yaml"


def writable(folder: Path) -> Path:
    """The folder, created if it does not exist; raises `UsageError` if that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"the folder {folder} cannot be created: {error.strerror}") from error
    return folder


def known_stack_file(stack: str, folder: Path) -> Path:
    """The path of a stack's file, which exists.

    Raises:
        UsageError: it is no name of a stack, or has no file; the text lists the stacks that have.
    """
    path = stack_file(stack, existing(folder))
    if not path.exists():
        from mtasts.config.folder import describe_missing  # late: few commands need it

        raise UsageError(describe_missing(path))
    return path


def existing(folder: Path) -> Path:
    """The folder; raises `UsageError` if there is none."""
    if folder.is_dir():
        return folder
    raise UsageError(_wrong_folder(folder) or f"there is no folder {folder}: give --stacks DIR")


def own_project(folder: Path) -> Path:
    """The folder, which need not exist; raises `UsageError` in a subfolder of a project."""
    reason = None if folder.is_dir() else _wrong_folder(folder)
    if reason is not None:
        raise UsageError(reason)
    return folder


def _wrong_folder(folder: Path) -> str | None:
    """What to do in a subfolder of a project; None anywhere else."""
    here = Path.cwd()
    if folder.is_absolute() or (here / _PROJECT).exists():
        return None
    for above in here.parents:
        if (above / _PROJECT).exists():
            return (
                f"there is no folder {folder} in {here}. The project is in {above}: run the "
                f"command there (cd {above}), or give --stacks {above / folder}"
            )
    return None
