"""``mtasts move``: the next step of a move to another cloud or DNS provider."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from mtasts.cli.folder_options import add_stacks
from mtasts.cli.output import Exit, write
from mtasts.cli.paths import known_stack_file
from mtasts.config import Dns, Hosting, load_stack
from mtasts.config.fields import FieldError
from mtasts.config.identifiers import cloudflare_account, region
from mtasts.errors import UsageError
from mtasts.rollout.next_move import Goal, Step, check_goal, commands, next_step

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from mtasts.cli.outside import Outside
    from mtasts.ledger.history import Ledger
    from mtasts.ledger.recorder import Recorder


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.epilog = "example: mtasts move example-agency --hosting cloudflare"
    add = parser.add_argument
    add("stack", metavar="STACK", help="the stack's name")
    add(
        "--hosting",
        choices=list(map(str, Hosting)),
        help="the cloud that shall host the policies (without: unchanged)",
    )
    add(
        "--dns",
        choices=("route53", "cloudflare"),
        help="the DNS provider that shall have the records (without: the one that --hosting needs)",
    )
    add(
        "--cloudflare-account",
        metavar="ID",
        help="the Cloudflare account, if the stack file has none",
    )
    add(
        "--region",
        default="us-east-1",
        metavar="R",
        help="the AWS region, if the stack file has none (us-east-1)",
    )
    add_stacks(parser)
    add("--format", choices=("text", "json"), default="text")


def run(arguments: Namespace, outside: Outside) -> int:
    """Print the step; nothing is changed. Exit code 1 while the move is not complete."""
    config, values = load_stack(known_stack_file(arguments.stack, arguments.stacks))
    hosting = Hosting(arguments.hosting or config.hosting)
    needed = Dns.CLOUDFLARE if hosting is Hosting.CLOUDFLARE else config.dns
    if hosting is Hosting.AWS and Hosting.CLOUDFLARE in (config.hosting, config.leaving):
        needed = Dns.ROUTE53  # a Worker needs its zone at Cloudflare, so both leave together
    account = arguments.cloudflare_account
    goal = Goal(
        hosting,
        Dns(arguments.dns or needed),
        None if account is None else _valid(cloudflare_account, account),
        _valid(region, arguments.region),
    )
    check_goal(config, goal)
    recorder, _ = outside.ledgers(config, values, arguments.stack)
    names = [each.name for each in config.domains if not each.parked]
    ledgers = asyncio.run(_read(recorder, names))
    step = next_step(config, ledgers, goal, outside.clock()())
    if step is not None:  # a key that the stack file lacks needs no command to remove it
        set_keys = tuple((key, value) for key, value in step.keys if value or key in values)
        step = replace(step, keys=set_keys)
    write(
        _as_json(arguments.stack, step)
        if arguments.format == "json"
        else _as_text(arguments.stack, step)
    )
    return Exit.GOOD if step is None else Exit.FINDINGS


def _valid(parse: Callable[[object], str], text: str) -> str:
    """The value of an option, parsed as the config key is; raises `UsageError`."""
    try:
        return parse(text)
    except FieldError as error:
        raise UsageError(f"{error.summary}: {error.fix}") from error


async def _read(recorder: Recorder, names: list[str]) -> dict[str, Ledger]:
    """The ledgers of the domains that were ever published."""
    found = await asyncio.gather(*map(recorder.read, names))
    pairs = zip(names, found, strict=True)
    return {name: ledger for name, ledger in pairs if ledger.last_proven is not None}


def _as_json(stack: str, step: Step | None) -> str:
    if step is None:
        return json.dumps({"done": True}) + "\n"
    return (
        json.dumps(
            {
                "done": False,
                "why": step.why,
                "before": step.before,
                "notBefore": step.not_before.isoformat() if step.not_before else None,
                "run": commands(stack, step),
            }
        )
        + "\n"
    )


def _as_text(stack: str, step: Step | None) -> str:
    if step is None:
        return f"{stack}: the move is complete, and nothing is left to do\n"
    lines = [f"{stack}: {step.why}"]
    if step.before:
        lines.append(f"  first {step.before}; then")
    lines += [f"  {' '.join(each)}" for each in commands(stack, step)]
    return "\n".join(lines) + "\n"
