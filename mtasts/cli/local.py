"""``mtasts local``: the embedded local cloud, for hand use."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Add the verbs."""
    parser.epilog = "example: mtasts local engine --format json"
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    engine = verbs.add_parser(
        "engine",
        help="find, fetch or build the Pulumi engine, and say where it is",
        epilog="example: MTASTS_ENGINE=build mtasts local engine",
    )
    engine.add_argument("--format", choices=("text", "json"), default="text")


def _say(text: str) -> None:
    sys.stderr.write(f"engine: {text}\n")
    sys.stderr.flush()


def run(arguments: Namespace) -> int:
    """Run the verb."""
    # The one crossing from the library to the local cloud, made only when it is asked for.
    from localcloud.engine import find  # noqa: PLC0415

    found = find(os.environ, _say)
    row = {"binary": str(found.binary), "version": found.version, "source": found.source}
    if arguments.format == "json":
        sys.stdout.write(json.dumps(row) + "\n")
    else:
        sys.stdout.write(f"engine: Pulumi {found.version} ({found.source}) at {found.binary}\n")
    return 0
