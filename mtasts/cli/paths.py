"""Names and folders as they are given on the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mtasts.errors import UsageError
from mtasts.findings import printable

if TYPE_CHECKING:
    from pathlib import Path

_STACK_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


def stack_file(stack: str, folder: Path) -> Path:
    """Where the config of a stack lies; raises `UsageError` for what is no stack's name."""
    if not _STACK_NAME.fullmatch(stack):
        raise UsageError(
            f"'{printable(stack)}' is no stack name: write 1 to 100 letters, digits, dots, "
            "hyphens and underscores, such as example-agency"
        )
    return folder / f"Pulumi.{stack}.yaml"


def writable(folder: Path) -> Path:
    """The folder, made if need be; raises `UsageError` where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be a folder: {error.strerror}") from error
    return folder


def existing(folder: Path) -> Path:
    """The folder; raises `UsageError` if there is none."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder of stack files: give --stacks DIR")
    return folder
