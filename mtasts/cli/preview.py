"""``mtasts preview``: what a run of the engine would do, and what that means to senders."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cli.output import Exit, write
from mtasts.cli.paths import known_stack_file
from mtasts.cli.together import in_turn
from mtasts.render.review import as_json, as_markdown, as_text
from mtasts.rollout.outlook import FILE_VARIABLE, parse_forecast
from mtasts.rollout.plan_review import read_plan

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from mtasts.cli.outside import Outside

_FORMATS = {"text": as_text, "markdown": as_markdown, "json": as_json}


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.epilog = "example: mtasts preview example-agency --format markdown"
    parser.add_argument(
        "stack", metavar="STACK", nargs="+", help="name of a stack; several may be given"
    )
    parser.add_argument("--format", choices=tuple(_FORMATS), default="text")


def run(arguments: Namespace, outside: Outside) -> int:
    """Run the engine's preview; exit code 1 where a domain is held, 2 where the config is wrong.

    Of several stacks, one after the other, the worst: first 2, then 1, then 3.
    """
    first = arguments.stack[0]

    def one(stack: str) -> int:
        if stack != first and arguments.format != "json":
            write("\n")
        return _preview(stack, arguments.format, outside)

    return in_turn({stack: partial(one, stack) for stack in arguments.stack}, arguments.stack)


def _preview(stack: str, format_: str, outside: Outside) -> int:
    known_stack_file(stack, Path("stacks"))
    engine = outside.engine(stack)
    sys.stderr.write(f"preview: running the engine's preview of {stack}\n")
    sys.stderr.flush()
    with tempfile.TemporaryDirectory(prefix="mtasts-") as folder:
        file = Path(folder) / "outlook.json"
        file.touch()
        plan = engine.plan({FILE_VARIABLE: str(file)})
        review = read_plan(stack, plan, parse_forecast(file.read_text("utf-8")))
    write(_FORMATS[format_](review, outside.clock()()))
    sys.stdout.flush()
    if review.is_held:
        return Exit.FINDINGS
    return Exit.USAGE if review.problems else Exit.GOOD
