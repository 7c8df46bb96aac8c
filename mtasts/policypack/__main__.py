"""``python -m mtasts.policypack`` prints where the policy pack lies, for ``--policy-pack``."""

from __future__ import annotations

import sys
from pathlib import Path

_HERE = Path(__file__).parent


def folder(package: Path = _HERE) -> Path:
    """The folder that Pulumi runs: in the package, or at the top of a checkout."""
    installed = package / "pack"
    return installed if installed.is_dir() else package.parents[1] / "policypack"


if __name__ == "__main__":
    sys.stdout.write(f"{folder()}\n")
