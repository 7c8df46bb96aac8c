"""``mtasts demo``: a whole rollout on the real engine and a local cloud, each step checked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cli.output import Exit
from mtasts.cli.paths import writable
from mtasts.extras import require

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from mtasts.cli.outside import Outside

_FOLDER = Path(".local/demo")


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.epilog = "example: mtasts demo && cat .local/demo/summary.json"
    parser.add_argument(
        "--directory",
        type=Path,
        default=_FOLDER,
        metavar="DIR",
        help=f"folder for the demo's project, its local cloud and summary.json ({_FOLDER})",
    )
    parser.add_argument(
        "--cloud",
        choices=("aws", "cloudflare"),
        default="aws",
        help="the cloud that hosts the policies (aws)",
    )


def run(arguments: Namespace, _: Outside) -> int:
    """Play the demo; exit code 1 if a step is not ok."""
    require("local")
    require("reports")
    from mtasts.localcloud.demo import run as play  # the crossing to the local cloud

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    ok = play(writable(arguments.directory), say, arguments.cloud)
    say(f"{'all steps are ok' if ok else 'not ok'}: {arguments.directory / 'summary.json'}")
    return Exit.GOOD if ok else Exit.FINDINGS
