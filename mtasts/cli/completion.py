"""``--print-completion``: what a shell needs to complete the commands and their options."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

OPTION = "--print-completion"
SHELLS = ("bash", "zsh")


class PrintCompletion(argparse.Action):
    """Prints the completion of the whole parser and ends; every command has to be configured."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        """Write the script to standard output."""
        del namespace, option_string
        import shtab  # nobody else pays for it

        sys.stdout.write(f"{shtab.complete(parser, shell=str(values))}\n")
        parser.exit()


def is_asked_for(words: Sequence[str]) -> bool:
    """Whether the command line asks for a completion, before any command."""
    return bool(words) and words[0].partition("=")[0] == OPTION


def configure_if_installed(module: str, command: argparse.ArgumentParser) -> None:
    """Give a command its options; of one whose extra is not installed, the name is completed."""
    with suppress(ModuleNotFoundError):
        import_module(module).configure(command)
