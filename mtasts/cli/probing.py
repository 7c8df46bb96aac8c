"""Where the probes connect: the options of all commands that look at live domains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.errors import UsageError
from mtasts.probe.reach import ConnectTo, endpoint

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from mtasts.cli.outside import Outside
    from mtasts.probe.reach import Reach


def add_probe_options(parser: ArgumentParser) -> None:
    """Add ``--resolver``, ``--ca``, ``--connect-to`` and ``--allow-private``."""
    add = parser.add_argument
    add("--resolver", metavar="IP:PORT", help="send DNS queries to this server")
    add(
        "--ca",
        type=Path,
        metavar="FILE",
        help="trust the certificate authorities in this PEM file, in place of the Mozilla roots",
    )
    add(
        "--connect-to",
        action="append",
        default=[],
        metavar="HOST:PORT:ADDR:PORT",
        help="connect to ADDR:PORT in place of HOST:PORT, as curl does; may be given again",
    )
    add(
        "--allow-private",
        action="store_true",
        help="also connect to addresses that are not reachable from the Internet (RFC 6890)",
    )


def reach_of(arguments: Namespace, outside: Outside) -> Reach:
    """The reach by the options; they go before the variables of a local cloud.

    Raises:
        UsageError: an option is malformed, or names no file.
    """
    reach = outside.reach()
    if arguments.resolver is not None:
        reach = replace(reach, resolver=endpoint(arguments.resolver))
    if arguments.ca is not None:
        if not arguments.ca.is_file():
            raise UsageError(f"--ca {arguments.ca}: there is no such file")
        reach = replace(reach, ca_file=arguments.ca)
    rows = tuple(map(ConnectTo.parse, arguments.connect_to))
    return replace(
        reach, connect_to=(*rows, *reach.connect_to), allow_private=arguments.allow_private
    )
