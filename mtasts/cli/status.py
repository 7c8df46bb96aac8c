"""``mtasts status``: the state of every domain of every stack, and what somebody has to do."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cli.folder_options import add_stacks
from mtasts.cli.output import Exit, write
from mtasts.cli.paths import existing, known_stack_file
from mtasts.config.folder import agency_files, stack_name
from mtasts.errors import UsageError
from mtasts.findings import printable
from mtasts.observe.observer import each_of
from mtasts.promotion.evidence_folder import FOLDER
from mtasts.render.status_html import as_html
from mtasts.render.status_json import as_json
from mtasts.render.status_text import NARROW, WIDE, as_text
from mtasts.run.stack_statuses import Asker
from mtasts.status.domain_status import refused_status
from mtasts.status.rows import Overview, Standing

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Container, Iterable, Sequence

    from mtasts.cli.outside import Outside
    from mtasts.status.rows import StackStatus

# A person waits so long before wondering whether anything happens.
_SAY_SECONDS = 2.0
# Stacks at once: what is bounded for an account or a token is bounded for all of them together.
_AT_ONCE = 8
_NAMED_MAX = 3


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.description = (
        "Print the state of every domain, from accounts, ledgers and DNS, by the same rulings as "
        "preview and up. Nothing is changed, and the engine is not needed. Exit code 1 if somebody "
        "has to do something (due, held), 2 if a stack file cannot be used, 3 if something could "
        "not be found out and no other code applies."
    )
    parser.epilog = "example: mtasts status; mtasts status example-agency --format html > x.html"
    add = parser.add_argument
    add(
        "stacks_named",
        metavar="STACK",
        nargs="*",
        help="names of stacks (without: every stack in the folder)",
    )
    add_stacks(parser)
    add(
        "--evidence",
        type=Path,
        default=FOLDER,
        metavar="DIR",
        help="folder of the evidence (evidence)",
    )
    add(
        "--deadline",
        type=float,
        default=120.0,
        metavar="S",
        help="the longest time for each stack, in seconds (120)",
    )
    add("--wide", action="store_true", help="text for 160 columns, with every column")
    add("--format", choices=("text", "json", "html"), default="text")


def run(arguments: Namespace, outside: Outside) -> int:
    """Ask, and print; exit code as the description says.

    Raises:
        UsageError: there is no stack file, or an option is out of its range.
    """
    if not 0.1 <= arguments.deadline <= 3600:
        raise UsageError("--deadline is from 0.1 to 3600 s")
    found = asyncio.run(_ask(arguments, outside))
    if arguments.format == "text":
        write(as_text(found, WIDE if arguments.wide else NARROW))
    else:
        write({"json": as_json, "html": as_html}[arguments.format](found))
    if found.is_refused:
        return Exit.USAGE
    if found.standing.needs_person:
        return Exit.FINDINGS
    return Exit.UNDETERMINED if found.standing is Standing.UNKNOWN else Exit.GOOD


async def _ask(arguments: Namespace, outside: Outside) -> Overview:
    reach = outside.reach()
    now = outside.clock()
    asker = Asker(
        outside.clouds,
        outside.resolver(reach),
        arguments.evidence,
        now,
        arguments.deadline,
    )

    async def one(stack: str) -> StackStatus:
        try:
            path = known_stack_file(stack, arguments.stacks)
        except UsageError as error:
            reason = "; ".join(line.strip() for line in str(error).splitlines())
            return refused_status(stack, str(arguments.stacks), reason, ())
        return await asker.ask(stack, path)

    stacks = _stacks(arguments.stacks_named, arguments.stacks)
    found: dict[str, StackStatus] = {}
    progress_task = asyncio.create_task(_tell(stacks, found, outside))
    try:
        async for each in each_of(stacks, one, parallel=_AT_ONCE):
            found[each.stack] = each
    finally:
        progress_task.cancel()
    return Overview(now(), tuple(found[each] for each in sorted(stacks)))


async def _tell(stacks: Sequence[str], found: Container[str], outside: Outside) -> None:
    """Every two seconds, print how many stacks are done and which are not."""
    while True:
        await outside.sleep(_SAY_SECONDS)
        waiting = [printable(each) for each in stacks if each not in found]
        more = f" and {len(waiting) - _NAMED_MAX} more" if len(waiting) > _NAMED_MAX else ""
        waited = f"{', '.join(waiting[:_NAMED_MAX])}{more}"
        done = len(stacks) - len(waiting)
        sys.stderr.write(f"status: {done} of {len(stacks)} stacks; waiting for {waited}\n")
        sys.stderr.flush()


def _stacks(named: Iterable[str], folder: Path) -> list[str]:
    """Those that were named, each once; otherwise those of the folder.

    Raises:
        UsageError: none is named, and the folder has none.
    """
    if wanted := list(dict.fromkeys(named)):
        return wanted
    if found := [stack_name(path) for path in agency_files(existing(folder))]:
        return found
    raise UsageError(f"{folder} has no stack file with mail domains: write one with mtasts init")
