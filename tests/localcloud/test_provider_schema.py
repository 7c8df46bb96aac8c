"""The generated schemas are those of the installed provider packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_schema_is_current() -> None:
    script = ROOT / "tools" / "provider_schema.py"
    done = subprocess.run([sys.executable, script, "--check"], check=False, timeout=60)
    assert done.returncode == 0, "run python tools/provider_schema.py"
