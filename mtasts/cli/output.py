"""What every command shares: exit codes, ``--fail-on``, findings as text."""

from __future__ import annotations

import os
import sys
from argparse import Action, ArgumentError, ArgumentParser, HelpFormatter
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from mtasts.findings import Severity

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Mapping

    from mtasts.findings import Finding

_GIVEN = "_given"
_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}


class Exit(IntEnum):
    """The exit codes of every command."""

    GOOD = 0
    FINDINGS = 1
    USAGE = 2
    UNDETERMINED = 3


class Help(HelpFormatter):
    """Help as wide as the terminal.

    argparse makes a formatter for every argument, and would import shutil (3 ms) to measure.
    """

    def __init__(self, prog: str) -> None:
        """Measure as `shutil.get_terminal_size` does."""
        super().__init__(prog, width=columns_of(os.environ, os.get_terminal_size) - 2)


def columns_of(environment: Mapping[str, str], measure: Callable[[int], os.terminal_size]) -> int:
    """How many columns ``environment`` says that the terminal has, or that it ``measure``s."""
    try:
        return int(environment.get("COLUMNS") or 0) or measure(1).columns
    except (ValueError, OSError):
        return 80


class _Once(Action):
    """An option with one value. argparse would silently drop the first of two."""

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Keep the value; the parser ends the command at the second."""
        del parser
        given = namespace.__dict__.setdefault(_GIVEN, set())
        if option_string is not None and self.dest in given:
            raise ArgumentError(self, "it takes one value, and was given twice: give it once")
        given.add(self.dest)
        setattr(namespace, self.dest, values)


class Parser(ArgumentParser):
    """A parser that refuses a second value for an option that takes one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - argparse's own
        """As an `ArgumentParser`; its subparsers are of this class, too."""
        super().__init__(*args, **kwargs)
        for action in (None, "store"):
            self.register("action", action, _Once)


def add_output_options(
    parser: ArgumentParser, *, formats: tuple[str, ...] = ("text", "json")
) -> None:
    """Add ``--format`` and ``--fail-on``."""
    parser.add_argument("--format", choices=formats, default="text")
    parser.add_argument(
        "--fail-on",
        choices=[level.label for level in Severity],
        default=Severity.ERROR.label,
        help="end with exit code 1 for findings of at least this severity (error)",
    )


def exit_code(findings: Iterable[Finding], fail_on: str) -> Exit:
    """1 where a finding is at or above the threshold, else 0."""
    threshold = Severity.parse(fail_on)
    return Exit.FINDINGS if any(f.severity >= threshold for f in findings) else Exit.GOOD


def write(text: str) -> None:
    """Write to standard output; characters that its encoding lacks are escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


def describe(finding: Finding, *, plain: bool = False) -> str:
    """A finding for people: severity, id and summary, then evidence and fix, each on its line.

    On a terminal the severity has a colour, unless ``plain``.
    """
    colour = not plain and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    label = finding.severity.label
    if colour:
        label = f"\x1b[{_COLOURS[finding.severity]}m{label}\x1b[0m"
    lines = [f"  {label} {finding.id}: {finding.summary} ({finding.clause})"]
    lines += [f"      seen: {finding.evidence}"] if finding.evidence else []
    lines += [f"      fix: {finding.fix}"] if finding.fix else []
    return "\n".join(lines)
