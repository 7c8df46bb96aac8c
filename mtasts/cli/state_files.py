"""Files of options such as ``--state``: what a command reported, or writes for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mtasts.errors import MtaStsError, UsageError
from mtasts.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


def load_state(path: Path, read: Callable[[bytes], T], max_bytes: int) -> T | None:
    """The content of ``--state``; None if the file does not exist yet.

    ``read`` gets one byte more than ``max_bytes`` of a file that is too large.

    Raises:
        UsageError: it cannot be read; the text says what to do.
    """
    try:
        with path.open("rb") as file:
            return read(file.read(max_bytes + 1))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"--state {path}: {error.strerror}") from error
    except MtaStsError as error:
        raise UsageError(
            f"--state {path}: {error}; move the file away to begin anew (every finding is then "
            "reported again)"
        ) from error


def store_file(option: str, path: Path, raw: bytes) -> None:
    """Write the file that ``option`` names, whole or not at all; raises `UsageError`."""
    try:
        write_whole(path, raw, replace=True)
    except OSError as error:
        raise UsageError(f"{option} {path} cannot be written: {error.strerror}") from error
