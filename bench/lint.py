"""`mtasts lint policy` against a bare start of the same Python interpreter."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import Row, Taken, row, tell, watched

from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy

RUNS = 21
POLICY = Policy(Mode.ENFORCE, 1_209_600, (MxPattern("mail.example.gov"),)).render()


def take(words: list[str]) -> Taken:
    """Run one command; returns its seconds."""
    with watched() as watch:
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return watch.taken


def measure() -> Row:
    """The medians of both; they run in turns, so that other work on the machine affects both."""
    mtasts = Path(sys.executable).with_name("mtasts")
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder, "mta-sts.txt")
        body.write_bytes(POLICY)
        pairs = [
            (
                take([str(mtasts), "lint", "policy", str(body), "--format", "json"]),
                take([sys.executable, "-c", "pass"]),
            )
            for _ in range(RUNS)
        ]
    return row("lint policy, against a bare Python start", pairs)


if __name__ == "__main__":
    sys.exit(tell([measure()]))
