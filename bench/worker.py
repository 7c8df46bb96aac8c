"""Throughput and latency of the policy's Worker, against a Worker with a constant answer.

``python bench/worker.py [--seconds S]``; the bar is 0.9 of the constant Worker's throughput. Both
run in the same workerd process and get requests in turns, so that other work on the machine affects
both. Throughput is measured with pipelined requests, latency with one request after another.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import time

from mtasts.localcloud.cloudflare.bindings import Worker
from mtasts.localcloud.cloudflare.workerd import Workerd, WorkerdError, find
from mtasts.names import MxPattern
from mtasts.policy import POLICY_PATH, Mode, Policy
from mtasts.render.worker import worker_source
from mtasts.templating import render

BAR = 0.9
BODY = Policy(Mode.ENFORCE, 604_800, (MxPattern("mx1.example.gov"),)).render()
CONSTANT = render("bench/constant.js", body=BODY.decode())
REQUEST = (
    f"GET {POLICY_PATH} HTTP/1.1\r\nHost: mta-sts.example.gov\r\nX-Forwarded-Proto: https\r\n\r\n"
).encode()
CONNECTIONS = 4
DEPTH = 32
ROUNDS = 15
LATENCIES = 3000
MARK = b"HTTP/1.1 200 OK"


async def _pump(port: int, end: float) -> int:
    """The number of answers on one connection until ``end``, with `DEPTH` requests in flight."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    done, batch = 0, REQUEST * DEPTH
    while time.monotonic() < end:
        writer.write(batch)
        seen = 0
        rest = b""
        while seen < DEPTH:
            chunk = rest + await reader.read(65_536)
            seen += chunk.count(MARK)
            cut = chunk.rfind(MARK)
            rest = chunk[max(cut + len(MARK), len(chunk) - len(MARK) + 1) :]
        while not (rest + b"").endswith(BODY[-8:]):
            rest += await reader.read(65_536)
        done += seen
    writer.close()
    return done


async def throughput(port: int, seconds: float) -> float:
    """The answered requests per second."""
    begun = time.monotonic()
    counts = await asyncio.gather(*(_pump(port, begun + seconds) for _ in range(CONNECTIONS)))
    return sum(counts) / (time.monotonic() - begun)


async def latency(port: int) -> float:
    """The 99th percentile in milliseconds, one request after another on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = []
    for _ in range(LATENCIES):
        begun = time.perf_counter()
        writer.write(REQUEST)
        await reader.readuntil(BODY[-8:])
        found.append(time.perf_counter() - begun)
    writer.close()
    return statistics.quantiles(found, n=100)[98] * 1000


async def measure(seconds: float) -> bool:
    """Measure both and print the result; whether the bar is met."""
    runtime = Workerd(lambda: find(os.environ, print))
    policy = Worker(worker_source("example.gov", BODY, 60))
    await runtime.serve({"w1": policy, "w2": Worker(CONSTANT)})
    try:
        ours, constant = runtime.ports["w1"], runtime.ports["w2"]
        for port in (ours, constant):  # until both are compiled
            await throughput(port, seconds / 2)
        ratios, rates = [], []
        for turn in range(ROUNDS):
            pair = (ours, constant) if turn % 2 else (constant, ours)
            found = {port: await throughput(port, seconds) for port in pair}
            ratios.append(found[ours] / found[constant])
            rates.append((found[ours], found[constant]))
        slow = {name: await latency(port) for name, port in (("ours", ours), ("const", constant))}
    finally:
        await runtime.stop()
    ratio = statistics.median(ratios)
    mine, other = (statistics.median(each) for each in zip(*rates, strict=True))
    print(
        f"worker: {mine:.0f} requests/s, with a constant answer {other:.0f}: ratio {ratio:.2f} "
        f"(bar {BAR}); p99 {slow['ours']:.2f} ms, with a constant answer {slow['const']:.2f} ms"
    )
    return ratio >= BAR


def main() -> int:
    """Measure; returns the exit code, 1 if the bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.5, help="for each round (0.5)")
    try:
        return 0 if asyncio.run(measure(parser.parse_args().seconds)) else 1
    except WorkerdError as error:
        print(f"worker: not measured: {error}", file=sys.stderr)
        return 0


if __name__ == "__main__":
    sys.exit(main())
