"""The entry point: picks the command, turns errors into one line and an exit code.

A command's module is imported only when it is named: start-up time counts.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from mtasts import __version__
from mtasts.cli.completion import (
    OPTION,
    SHELLS,
    PrintCompletion,
    configure_if_installed,
    is_asked_for,
)
from mtasts.cli.output import Exit, Help, Parser
from mtasts.cli.outside import Outside
from mtasts.errors import MtaStsError, UndeterminedError
from mtasts.extras import missing_extra
from mtasts.findings import for_stack

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

# Name: module and one line of help. Each module has configure(parser) and
# run(arguments, outside) -> int.
COMMANDS = {
    "demo": ("mtasts.cli.demo", "show a whole rollout on a local cloud, and check each step"),
    "init": ("mtasts.cli.init", "write a first stack file from the live MX records"),
    "local": (
        "mtasts.cli.local",
        "the local cloud: the real Pulumi engine, with stand-ins for AWS and Cloudflare",
    ),
    "ledger": (
        "mtasts.cli.ledger",
        "list, verify or repair the record of every policy that a stack served",
    ),
    "gate": ("mtasts.cli.gate", "collect and judge the evidence that mode enforce needs"),
    "move": ("mtasts.cli.move", "print the next step of a move to another cloud or DNS provider"),
    "plan-mx": (
        "mtasts.cli.plan_mx",
        "print the steps, with dates, that change a domain's MX hosts without losing mail",
    ),
    "preview": (
        "mtasts.cli.preview",
        "what the next run would change, and what senders would see of it",
    ),
    "status": (
        "mtasts.cli.status",
        "the state of every domain of every stack, and what somebody has to do",
    ),
    "adopt": ("mtasts.cli.adopt", "take over domains whose MTA-STS was set up without mtasts"),
    "iam": ("mtasts.cli.iam", "print the least permissions that preview, up or check needs"),
    "recover": (
        "mtasts.cli.recover",
        "bring the state in line with the account after a run was killed or the state was lost",
    ),
    "check": (
        "mtasts.cli.check",
        "check live domains as senders see them: DNS, policy, certificates, MX hosts",
    ),
    "reports": (
        "mtasts.cli.reports.verbs",
        "read, store, verify and summarise TLS reports (RFC 8460)",
    ),
    "send": (
        "mtasts.cli.send",
        "show, step by step, whether a sending server would deliver to a domain",
    ),
    "docs": ("mtasts.cli.docs", "print a page of the documentation, or list all pages"),
    "lint": ("mtasts.cli.lint", "check policy bodies, DNS records and stack files for mistakes"),
}


def main(
    argv: Sequence[str] | None = None,
    outside: Outside | None = None,
    commands: Mapping[str, tuple[str, str]] = COMMANDS,
) -> int:
    """Run one of the ``commands``, which meets ``outside``; returns its exit code.

    Raises:
        ModuleNotFoundError: a module is missing that no extra brings: a mistake of this program.
        OSError: one that names no file: a mistake of this program as well.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(words, outside or Outside(), commands)
    except ModuleNotFoundError as error:
        message = missing_extra(error)
        if message is None:
            raise
        sys.stderr.write(f"mtasts: {message}\n")
        return Exit.USAGE
    except OSError as error:
        if error.filename is None:
            raise
        from mtasts.findings import printable  # late: nearly no command ends like this

        sys.stderr.write(f"mtasts: {printable(str(error.filename), 1024)}: {error.strerror}\n")
        return Exit.USAGE


def _run(words: list[str], outside: Outside, commands: Mapping[str, tuple[str, str]]) -> int:
    # Only the module of this command is imported: start-up time counts.
    named = next((word for word in words if not word.startswith("-")), None)
    parser = Parser(
        prog="mtasts",
        formatter_class=Help,
        description="MTA-STS and TLS-RPT as code.",
        epilog="example: mtasts lint policy mta-sts.txt --domain example.gov",
    )
    parser.add_argument("--version", action="version", version=f"mtasts {__version__}")
    parser.add_argument(
        OPTION,
        choices=SHELLS,
        action=PrintCompletion,
        help="print the completion script of this shell",
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, help_line) in commands.items():
        command = subparsers.add_parser(
            name, help=help_line, description=help_line, formatter_class=Help
        )
        if is_asked_for(words):
            configure_if_installed(module, command)
        elif name == named:
            import_module(module).configure(command)
    arguments = parser.parse_args(words)
    try:
        code = import_module(commands[arguments.command][0]).run(arguments, outside)
        sys.stdout.flush()
    except UndeterminedError as error:
        sys.stderr.write(f"mtasts: could not find out: {_named(error, arguments)}\n")
        return Exit.UNDETERMINED
    except MtaStsError as error:
        sys.stderr.write(f"mtasts: {_named(error, arguments)}\n")
        return Exit.USAGE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has gone; Python would complain again when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return int(code)


def _named(error: MtaStsError, arguments: argparse.Namespace) -> str:
    """What an error says, with the stack's name in its commands, if the command was given one."""
    match getattr(arguments, "stack", None):
        case str(stack) | [stack]:
            return for_stack(str(error), stack)
    return str(error)
