"""`mtasts lint policy` against a bare start of the same interpreter: what a user waits for."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 21
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.gov\r\nmax_age: 1209600\r\n"


def timed(words: list[str]) -> float:
    """Seconds that one run takes."""
    started = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def measure() -> dict[str, object]:
    """Median of both, run in turns so that both see the same machine."""
    mtasts = Path(sys.executable).with_name("mtasts")
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder, "mta-sts.txt")
        body.write_bytes(POLICY)
        pairs = [
            (
                timed([str(mtasts), "lint", "policy", str(body), "--format", "json"]),
                timed([sys.executable, "-c", "pass"]),
            )
            for _ in range(RUNS)
        ]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {
        "name": "lint policy, against a bare Python start",
        "ratio": round(ours / theirs, 2),
        "ours": round(ours * 1000, 1),
        "theirs": round(theirs * 1000, 1),
        "unit": "ms",
    }


if __name__ == "__main__":
    print(json.dumps(measure()))
