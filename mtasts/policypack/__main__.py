"""``python -m mtasts.policypack`` prints where the policy pack lies, for ``--policy-pack``."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.extras import MissingExtraError, require

if TYPE_CHECKING:
    from collections.abc import Callable

_HERE = Path(__file__).parent


def folder(package: Path = _HERE) -> Path:
    """The folder that Pulumi runs: in the package, or at the top of a checkout."""
    installed = package / "pack"
    return installed if installed.is_dir() else package.parents[1] / "policypack"


def main(find: Callable[[str], object] = find_spec) -> int:
    """Print the folder of the policy pack; returns the exit code.

    The code is 2 if packages are missing that the pack needs. ``find`` returns None for a module
    that is not installed.
    """
    try:
        require("policypack", find)
    except MissingExtraError as error:
        sys.stderr.write(f"mtasts: {error}\n")
        return 2
    sys.stdout.write(f"{folder()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
