"""Where the probes go: options that every command shares which looks at live domains."""

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
    add("--resolver", metavar="IP:PORT", help="ask this DNS server")
    add("--ca", type=Path, metavar="FILE", help="trust these authorities, not the Mozilla roots")
    add(
        "--connect-to",
        action="append",
        default=[],
        metavar="HOST:PORT:ADDR:PORT",
        help="connect there instead, as curl does",
    )
    add(
        "--allow-private",
        action="store_true",
        help="connect to addresses that nobody outside can reach, too (RFC 6890)",
    )


def reach_of(arguments: Namespace, outside: Outside) -> Reach:
    """What the options say, over what a local cloud's environment does.

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
