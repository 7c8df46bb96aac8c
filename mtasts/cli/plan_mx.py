"""``mtasts plan-mx``: the dated sequence that moves a domain's MX without losing mail."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from mtasts.cli.folder_options import add_stacks
from mtasts.cli.output import Exit, write
from mtasts.cli.stacks import domain_name, find_domain
from mtasts.clock import minute
from mtasts.errors import UndeterminedError
from mtasts.findings import for_stack
from mtasts.rollout.mx_plan import Times, plan
from mtasts.rollout.mx_safety import live_hosts

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from mtasts.cli.outside import Outside
    from mtasts.rollout.mx_plan import Step

# For a domain without MX records there is no TTL. A day is long for an MX record, so waiting that
# long is safe.
_TTL_UNKNOWN = 86_400


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.epilog = "example: mtasts plan-mx example.gov --to mx1.provider.example"
    parser.add_argument("domain", metavar="DOMAIN", help="the policy domain")
    parser.add_argument(
        "--to",
        metavar="HOST",
        nargs="+",
        required=True,
        help="the MX hosts that the domain shall have at the end",
    )
    add_stacks(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: Namespace, outside: Outside) -> int:
    """Print the steps; nothing is changed.

    Raises:
        UndeterminedError: the MX records are not known.
    """
    name = domain_name(arguments.domain)
    to = tuple(dict.fromkeys(map(domain_name, arguments.to)))
    found = find_domain(name, arguments.stacks)
    domain = found.domain
    recorder, _ = outside.ledgers(found.config, found.values, found.stack)
    resolver = outside.resolver(outside.reach())

    async def look() -> tuple[Step, ...]:
        """The steps, from the ledger and the MX hosts of now.

        Raises:
            UndeterminedError: DNS did not tell the MX hosts.
        """
        ledger, mx = await asyncio.gather(recorder.read(name), resolver.lookup(name, "MX"))
        if not mx.settled:
            raise UndeterminedError(f"the MX records of {name}: {mx.reason}")
        times = Times(
            found.config.cache_seconds, domain.ttl_seconds, mx.ttl_seconds or _TTL_UNKNOWN
        )
        return plan(
            domain.policy,
            live=live_hosts(name, mx),
            to=to,
            ledger=ledger,
            times=times,
            now=outside.clock()(),
        )

    steps = tuple(replace(step, do=for_stack(step.do, found.stack)) for step in asyncio.run(look()))
    write(_as_json(name, steps) if arguments.format == "json" else _as_text(name, steps))
    return Exit.GOOD


def _as_json(name: str, steps: tuple[Step, ...]) -> str:
    rows = []
    for step in steps:
        row: dict[str, object] = {"do": step.do, "mx": list(step.mx)}
        if step.wait is not None:
            row["bounceSafe"] = step.wait.bounce_safe.isoformat()
            row["delaySafe"] = step.wait.delay_safe.isoformat()
            row["guaranteed"] = step.wait.guaranteed.isoformat()
        if step.not_before is not None:
            row["notBefore"] = step.not_before.isoformat()
        rows.append(row)
    return json.dumps({"domain": name, "steps": rows}) + "\n"


def _as_text(name: str, steps: tuple[Step, ...]) -> str:
    if not steps:
        return f"{name}: nothing to do\n"
    lines = [
        (
            f"{name}: these dates assume that each step is taken as early as possible; run mtasts "
            "plan-mx again after each step"
        )
    ]
    for number, step in enumerate(steps, start=1):
        lines.append(f"{number}. {step.do}")
        lines.append(f"     mx: {', '.join(step.mx)}")
        if step.wait is not None:
            lines += [
                f"     from {minute(step.wait.bounce_safe)}  no sender bounces mail (bounce-safe)",
                (
                    f"     from {minute(step.wait.delay_safe)}  no mail is late from senders that "
                    "look daily (delay-safe)"
                ),
                f"     from {minute(step.wait.guaranteed)}  safe whatever senders do (guaranteed)",
            ]
        if step.not_before is not None:
            lines.append(f"     not before {minute(step.not_before)}")
    return "\n".join(lines) + "\n"
