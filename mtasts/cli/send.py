"""``mtasts send``: what a sending server would do with a message to a domain, and why."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cli.output import Exit, write
from mtasts.cli.probing import add_probe_options, reach_of
from mtasts.cli.stacks import mail_domain
from mtasts.errors import UsageError
from mtasts.findings import printable
from mtasts.policy import MAX_AGE_LIMIT, PolicySyntaxError, parse
from mtasts.sender.delivery import send
from mtasts.sender.dialects import DIALECTS
from mtasts.sender.machine import CachedPolicy, Conclusion, Sender

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from mtasts.cli.outside import Outside

# The most that RFC 8461 section 3.3 suggests senders to read.
_POLICY_MAX_BYTES = 64 * 1024


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.description = (
        "Act as a sending server by RFC 8461 section 5: look up the record, fetch the policy, "
        "connect to the MX hosts, start TLS. No message is sent: each connection ends before "
        "MAIL FROM. Exit code 0 if a message would be delivered, 1 if it would wait or bounce."
    )
    parser.epilog = "example: mtasts send example.gov --cached old.txt --id 1 --age 3600"
    add = parser.add_argument
    add("domain", metavar="DOMAIN", help="the recipient's domain")
    add(
        "--cached", type=Path, metavar="FILE", help="a policy body that the sender has in its cache"
    )
    add(
        "--id",
        default="",
        metavar="ID",
        help="the id of the STS record when that policy was fetched",
    )
    add(
        "--age",
        type=int,
        default=0,
        metavar="S",
        help="how many seconds ago that policy was fetched (0)",
    )
    add(
        "--as",
        dest="dialect",
        choices=tuple(DIALECTS),
        default="rfc",
        help="the sender whose behaviour to follow (rfc)",
    )
    add_probe_options(parser)
    add("--format", choices=("text", "json"), default="text")


def run(arguments: Namespace, outside: Outside) -> int:
    """Print each step; exit code 0 if the message would be delivered, 1 if deferred or bounced."""
    name = mail_domain(arguments.domain)
    now = outside.clock()()
    sender = Sender(name, now, _cached(arguments, now), dialect=DIALECTS[arguments.dialect])
    reach = reach_of(arguments, outside)
    done = asyncio.run(send(sender, None, reach, outside.resolver(reach), probes=outside.probes()))
    policy = done.policy
    if arguments.format == "json":
        document = {
            "domain": name,
            "as": arguments.dialect,
            "conclusion": done.conclusion,
            "mode": policy.mode if policy else None,
            "id": done.cached.id if done.cached else None,
            "story": list(done.story),
        }
        write(json.dumps(document) + "\n")
    else:
        lines = [f"{number}. {line}" for number, line in enumerate(done.story, start=1)]
        write("\n".join([*lines, f"{name}: {done.conclusion}"]) + "\n")
    return Exit.GOOD if done.conclusion is Conclusion.DELIVERED else Exit.FINDINGS


def _cached(arguments: Namespace, now: dt.datetime) -> CachedPolicy | None:
    """The policy that the sender has; None without one.

    Raises:
        UsageError: the file holds no policy or cannot be read, or the options contradict.
    """
    if arguments.cached is None:
        if arguments.id or arguments.age:
            raise UsageError("--id and --age describe a cached policy: give --cached FILE, too")
        return None
    if not 0 <= arguments.age <= MAX_AGE_LIMIT:
        raise UsageError(f"--age takes 0 to {MAX_AGE_LIMIT} seconds")
    try:
        with arguments.cached.open("rb") as file:
            policy = parse(file.read(_POLICY_MAX_BYTES + 1))
    except OSError as error:
        raise UsageError(f"{arguments.cached}: {error.strerror}") from error
    except PolicySyntaxError as error:
        reason = printable(str(error), 300)
        raise UsageError(f"{arguments.cached} is no valid policy: {reason}") from error
    return CachedPolicy(policy, arguments.id, now - dt.timedelta(seconds=arguments.age))
