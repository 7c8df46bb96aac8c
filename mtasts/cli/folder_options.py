"""Options that many commands share: the folders that they read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

_STACKS = "folder of the stack files (stacks)"


def add_stacks(parser: ArgumentParser, meaning: str = _STACKS) -> None:
    """Add ``--stacks``, the folder of the stack files."""
    parser.add_argument("--stacks", type=Path, default=Path("stacks"), metavar="DIR", help=meaning)


def add_store(parser: ArgumentParser) -> None:
    """Add ``--store``, the folder of the stored TLS reports."""
    parser.add_argument(
        "--store",
        type=Path,
        default=Path("tls-reports"),
        metavar="DIR",
        help="folder of the stored reports (tls-reports)",
    )
