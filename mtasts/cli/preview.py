"""``mtasts preview``: what a run of the engine would do, and what that means to senders."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtasts.cli.output import Exit, write
from mtasts.cli.paths import stack_file
from mtasts.clock import clock
from mtasts.errors import UndeterminedError, UsageError
from mtasts.findings import printable
from mtasts.render.review import as_json, as_markdown, as_text
from mtasts.rollout.review import read_plan

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

_SECONDS = 600
_FORMATS = {"text": as_text, "markdown": as_markdown, "json": as_json}


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.epilog = "example: mtasts preview example-agency --format markdown"
    parser.add_argument("stack", metavar="STACK", help="the stack's name")
    parser.add_argument("--format", choices=tuple(_FORMATS), default="text")


def run(arguments: Namespace) -> int:
    """Run the engine's preview; exit code 1 where a domain is held, 2 where the config is wrong."""
    stack_file(arguments.stack, Path())  # refuses what is no stack's name
    review = read_plan(arguments.stack, _plan(arguments.stack))
    write(_FORMATS[arguments.format](review, clock(os.environ)()))
    if review.is_held:
        return Exit.FINDINGS
    return Exit.USAGE if review.problems else Exit.GOOD


def _plan(stack: str) -> dict[str, Any]:
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        raise UsageError('no pulumi on PATH: install it, or eval "$(mtasts local env)"')
    sys.stderr.write("preview: asking the engine\n")
    sys.stderr.flush()
    try:
        done = subprocess.run(  # noqa: S603 - the user's own engine, in their project
            [pulumi, "preview", "--json", "--non-interactive", "--stack", stack],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UndeterminedError(f"the engine gave no plan within {_SECONDS} s") from error
    try:
        plan = json.loads(done.stdout)
    except ValueError as error:
        said = done.stderr.strip() or done.stdout.strip()
        raise UsageError(f"pulumi preview: {printable(said, 500)}") from error
    if not isinstance(plan, dict):
        raise UndeterminedError("the engine's plan is no JSON object")
    return plan
