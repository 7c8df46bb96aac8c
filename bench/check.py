"""`mtasts check` on 200 lab domains, against checkdmarc 6.0.4 on the same servers.

Both ask one resolver that answers after 20 ms, and the same HTTPS and mail servers, in a network
namespace of their own. That needs Linux and root; without them the benchmark says so and measures
nothing. The two programs check different things: `docs/checks.md` has the list. checkdmarc checks
its domains one by one, so it gets fewer domains, and the cost of one domain is compared. The bar
applies to processor seconds; the wall-clock seconds are printed too. `docs/check.md` says where the
time goes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import Row, Taken, row, tell, watched

from mtasts.localcloud.authority import Authority
from mtasts.localcloud.lab import namespace
from mtasts.localcloud.lab.servers import Lab
from mtasts.localcloud.lab.setup import good, reports

if TYPE_CHECKING:
    from collections.abc import Iterator

DOMAINS = 200
PEER_DOMAINS = 20
PAIRS = 3
# A domain takes no more processor time than with checkdmarc, which checks less.
BAR = 1.0
NAME = f"a domain of {DOMAINS} that are checked, against checkdmarc 6.0.4 on {PEER_DOMAINS}"
DELAY_SECONDS = 0.02
_INSIDE, _SERVE = "--inside", "--serve"
_BIN = Path(sys.executable).parent


def names(count: int) -> list[str]:
    """The names of ``count`` domains of the lab."""
    return [f"d{number}.lab.example" for number in range(count)]


async def serve(folder: Path) -> None:
    """Run the lab's servers until stdin ends."""
    authority = Authority()
    authority.write(folder / "ca.pem")
    wanted = [good("good"), reports(), *(good(f"d{number}") for number in range(DOMAINS))]
    lab = Lab(authority, wanted, addressed=True, delay_seconds=DELAY_SECONDS)
    await lab.start()
    print(flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await lab.stop()


@contextmanager
def served(folder: Path) -> Iterator[None]:
    """Run the lab in another process while the block lasts.

    Raises:
        RuntimeError: the lab did not start.
    """
    command = [sys.executable, __file__, _SERVE, str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
        # The lab prints a line once it listens; if it fails, the pipe ends.
        if process.stdout is None or process.stdin is None or not process.stdout.readline():
            raise RuntimeError("the lab did not start")
        try:
            yield
        finally:
            process.stdin.close()


def ours(folder: Path) -> tuple[Taken, int]:
    """The seconds of mtasts for one domain, and the number of failed look-ups in all domains.

    Raises:
        RuntimeError: mtasts did not find the policy of every domain.
    """
    listed = folder / "names"
    listed.write_text("\n".join(names(DOMAINS)))
    own = {
        **os.environ,
        "MTASTS_LOCAL_CLOUD": str(folder),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "CLOUDFLARE_BASE_URL": "http://127.0.0.1:1",
        "MTASTS_RESOLVER": "127.0.0.1:53",
        "MTASTS_CA_FILE": str(folder / "ca.pem"),
    }
    words = [str(_BIN / "mtasts"), "check", "--file", str(listed), "--format", "json"]
    with watched() as watch:
        quiet = subprocess.DEVNULL
        ran = subprocess.run(words, env=own, check=False, stdout=subprocess.PIPE, stderr=quiet)
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    if len(rows) != DOMAINS or not all(row["mode"] == "enforce" for row in rows):
        raise RuntimeError(f"{len(rows)} domains were checked, exit code {ran.returncode}")
    return _each(watch.taken, DOMAINS), sum(len(row["unknown"]) for row in rows)


def peers(folder: Path) -> Taken:
    """The seconds of checkdmarc for one domain.

    Raises:
        RuntimeError: checkdmarc did not find every domain valid.
    """
    listed = folder / "peer"
    listed.write_text("\n".join(names(PEER_DOMAINS)))
    roots = str(folder / "ca.pem")
    own = {**os.environ, "SSL_CERT_FILE": roots, "REQUESTS_CA_BUNDLE": roots}
    out = folder / "peer.json"
    words = [str(_BIN / "checkdmarc"), str(listed), "--check-mx-tls", "-n", "127.0.0.1"]
    with watched() as watch:
        subprocess.run([*words, "-o", str(out)], env=own, check=True, stdout=subprocess.DEVNULL)
    rows = json.loads(out.read_text())
    valid = [row for row in rows if row["mta_sts"]["valid"] and row["spf"]["valid"]]
    if len(valid) != PEER_DOMAINS:
        raise RuntimeError(f"checkdmarc took {len(valid)} of {PEER_DOMAINS} domains for valid")
    return _each(watch.taken, PEER_DOMAINS)


def _each(taken: Taken, count: int) -> Taken:
    return Taken(taken.wall / count, taken.processor / count)


def measure() -> Row:
    """Measure both programs in turns, on the same servers.

    Raises:
        RuntimeError: a look-up of mtasts failed, so the result would not be comparable.
    """
    with namespace.prepared(), tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        with served(folder):
            found = [(ours(folder), peers(folder)) for _ in range(PAIRS)]
    unknown = sum(count for (_, count), _ in found)
    if unknown:
        raise RuntimeError(f"{unknown} things could not be found out")
    return row(NAME, [(own, theirs) for (own, _), theirs in found], BAR)


def main() -> int:
    """Enter the namespace and measure, or say what is missing; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument(_INSIDE, action="store_true")
    parser.add_argument(_SERVE, type=Path)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(arguments.serve))
    elif arguments.inside:
        return tell([measure()])
    elif lacking := namespace.missing():
        print(json.dumps({"name": "check", "left out": "; ".join(lacking)}))
    else:
        return namespace.enter([sys.executable, __file__, _INSIDE])
    return 0


if __name__ == "__main__":
    sys.exit(main())
