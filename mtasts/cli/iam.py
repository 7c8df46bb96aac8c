"""``mtasts iam``: what a command has to be allowed, as policies and as a token's permissions."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from mtasts.cli.folder_options import add_stacks
from mtasts.cli.output import Exit, write
from mtasts.cli.paths import known_stack_file
from mtasts.cloud.inbox_permissions import inbox_permissions
from mtasts.cloud.of_inbox import InboxClouds
from mtasts.cloud.permissions import Granting
from mtasts.config import load_inbox_stack, load_stack
from mtasts.config.fields import FieldError
from mtasts.config.folder import is_inbox_file
from mtasts.config.identifiers import account_id
from mtasts.errors import UsageError
from mtasts.iam.statements import Command
from mtasts.render.permissions import FORMATS
from mtasts.watch.notify import Topic

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from pathlib import Path

    from mtasts.cli.outside import Outside
    from mtasts.render.permissions import Permissions


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.description = (
        "Print the permissions that a role, user or token needs, and no more: IAM policies for "
        "AWS, with the stack's account, bucket, region and zones filled in, and the permissions of "
        "a Cloudflare token. preview: only read, which mtasts status needs, too. up: read and "
        "write, for a run. check: what mtasts check and the ledger commands read."
    )
    parser.epilog = "example: mtasts iam up --stack example-agency --format terraform"
    add = parser.add_argument
    add(
        "verb",
        metavar="COMMAND",
        choices=[str(each) for each in Command],
        help="preview, up or check",
    )
    add("--stack", required=True, metavar="STACK", help="the stack's name")
    add_stacks(parser)
    add("--account", metavar="ID", help="the AWS account, if the stack file names none or several")
    add(
        "--zone-id",
        action="append",
        default=[],
        metavar="ZONE",
        help="id of a zone to write to; ROLE=ZONE for a zone of a dnsRoleArn; * for every zone; "
        "may be given again (without: zones are looked up)",
    )
    add("--sns", metavar="ARN", help="the SNS topic that mtasts check --watch --sns publishes to")
    add("--format", choices=tuple(FORMATS), default="text")


def run(arguments: Namespace, outside: Outside) -> int:
    """Print the permissions; assumptions and warnings go to standard error, too."""
    stack = arguments.stack
    path = known_stack_file(stack, arguments.stacks)
    if is_inbox_file(path):
        return _of_an_inbox(path, arguments)
    config, values = load_stack(path)
    if arguments.sns is not None:
        Topic(arguments.sns)  # refuses what is none
    granting = Granting(
        outside.clouds(config, values, stack),
        account=_account(arguments.account),
        zone_ids=arguments.zone_id,
        topic=arguments.sns,
    )
    return _print(granting.permissions(Command(arguments.verb)), arguments)


def _of_an_inbox(path: Path, arguments: Namespace) -> int:
    """Print what the stack of an inbox needs."""
    config, values = load_inbox_stack(path)
    clouds = InboxClouds.of(arguments.stack, config, values, os.environ)
    zones = [each.rpartition("=")[2] for each in arguments.zone_id]
    found = inbox_permissions(
        clouds, Command(arguments.verb), account=_account(arguments.account), zone_ids=zones
    )
    return _print(found, arguments)


def _print(found: Permissions, arguments: Namespace) -> int:
    if arguments.format != "text":
        for note in (*(f"assumed: {each}" for each in found.assumed), *found.warnings):
            sys.stderr.write(f"iam: {note}\n")
    write(FORMATS[arguments.format](found))
    return Exit.GOOD


def _account(text: str | None) -> str | None:
    """The account that an option names.

    Raises:
        UsageError: it is no account id.
    """
    try:
        return None if text is None else account_id(text)
    except FieldError as error:
        raise UsageError(f"--account: {error.summary}: {error.fix}") from error
