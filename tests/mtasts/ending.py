"""A command of the tests, which ends as what it meets outside says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.cli.outside import Outside

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

COMMANDS = {"end": ("ending", "a command of the tests")}


@dataclass(frozen=True)
class Ending(Outside):
    """How the command ends: by an exit code, or by what it raises."""

    by: BaseException | int = 0


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "example: mtasts end"


def run(_: Namespace, outside: Ending) -> int:
    if isinstance(outside.by, BaseException):
        raise outside.by
    return outside.by
