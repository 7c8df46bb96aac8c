"""Stacks of 1, 10 and 40 domains against a bare program with the same resources (bar: 1.3 times).

Both are brought up by the same engine, provider and local cloud, in turns, and the median of their
pairs counts. `bare_program.py` declares the same number of resources of the same kinds; what ours
does besides is the survey, the verdicts, the ledger and the proofs. Two previews are timed, of a
new stack and of one that has nothing to do, and the first `up`. Waiting is left in: the proofs',
for an edge that takes 0.3 s to learn of a change.

Seconds depend on what else the machine does, and by more for whoever waits more. So the bar is held
against the processor's seconds of engine, program and provider, which other work moves little; the
cloud's own are not among them. What one waits for stands beside.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud import lifecycle, moto_host
from localcloud.cloud import Cloud
from localcloud.control_client import Control
from localcloud.engine import find
from localcloud.project import ROOT, Project

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZES = (1, 10, 40)
ROUNDS = 3
RUN_SECONDS = 900
BAR = 1.3
BAR_SIZE = 40
OURS = {
    "aws:region": "us-east-1",
    "aws:allowedAccountIds": ["123456789012"],
    "mtasts:agency": "Department of Growth",
    "mtasts:profile": "rfc",
    "mtasts:hosting": "aws",
    "mtasts:dns": "route53",
    "mtasts:mode": "testing",
    "mtasts:cacheSeconds": 1,
    "mtasts:proofSeconds": 300,
    "mtasts:tlsReports": ["mailto:tlsrpt@reports.example"],
}


def say(text: str) -> None:
    """Show progress where it does not get in the way of the numbers."""
    sys.stderr.write(f"bench: {text}\n")


class Bench:
    """Makes stacks in one local cloud."""

    def __init__(self, folder: Path) -> None:
        """Work in ``folder``, where the local cloud is, too."""
        self.folder = folder

    @property
    def cloud(self) -> Cloud:
        """The local cloud as it is now."""
        return Cloud.read(self.folder / "cloud")

    def _made(self, name: str, config: dict[str, object]) -> Project:
        """A project with a stack of that name; JSON is YAML."""
        stacks = self.folder / name
        stacks.mkdir()
        file = stacks / f"Pulumi.{name}.yaml"
        file.write_text(json.dumps({"config": config}))
        environment = lifecycle.environment(self.cloud, os.environ)
        made = Project.make(self.folder / f"{name}-project", environment, file)
        return replace(made, deadline_seconds=RUN_SECONDS)

    def _seed(self, name: str, size: int) -> list[str]:
        """Domains with a zone each."""
        names = [f"d{number:03}-{name}.example" for number in range(size)]
        seeding = self.folder / f"{name}-seed"
        seeding.mkdir()
        listed = [{"name": each, "mx": [f"mx1.{each}"]} for each in names]
        config = {"config": {**OURS, "mtasts:domains": listed}}
        (seeding / f"Pulumi.{name}.yaml").write_text(json.dumps(config))
        Control(self.cloud.control, deadline_seconds=120).add_stacks(seeding)
        return names

    def ours(self, name: str, size: int) -> Project:
        """A stack of ours."""
        listed = [{"name": each, "mx": [f"mx1.{each}"]} for each in self._seed(name, size)]
        return self._made(name, {**OURS, "mtasts:domains": listed})

    def bare(self, name: str, size: int) -> Project:
        """A stack of the bare program."""
        names = self._seed(name, size)
        client = moto_host.session().client("route53", endpoint_url=self.cloud.aws)
        pages = client.get_paginator("list_hosted_zones").paginate()
        zones = {
            row["Name"].rstrip("."): row["Id"] for page in pages for row in page["HostedZones"]
        }
        listed = [{"name": each, "zone": zones[each].rpartition("/")[2]} for each in names]
        config = {each: value for each, value in OURS.items() if each.startswith("aws:")}
        more = {"bare:bucket": f"bare-{name}", "bare:domains": listed}
        made = self._made(name, {**config, **more})
        settings = made.folder / "Pulumi.yaml"
        settings.write_text(settings.read_text().replace("name: mtasts", "name: bare", 1))
        shutil.copy(ROOT / "bench" / "bare_program.py", made.folder / "__main__.py")
        return replace(made.select(name), deadline_seconds=RUN_SECONDS)


@dataclass(frozen=True, slots=True)
class Taken:
    """What one command took, in seconds: of somebody who waits, and of processors."""

    wall: float
    processor: float


def spent() -> float:
    """Processor seconds of all that this process has waited for, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def take(project: Project, *words: str) -> Taken:
    """Run one command."""
    began, before = time.perf_counter(), spent()
    project.pulumi(*words).required()
    return Taken(time.perf_counter() - began, spent() - before)


def resources(project: Project) -> int:
    """How many a stack has, the stack and its provider aside."""
    found = json.loads(project.pulumi("stack", "export").required().stdout)
    types = [each["type"] for each in found["deployment"]["resources"]]
    return sum(not each.startswith("pulumi:") for each in types)


def measure(bench: Bench, size: int) -> dict[str, list[tuple[Taken, Taken]]]:
    """Pairs, ours first, by what was done."""
    taken: dict[str, list[tuple[Taken, Taken]]] = defaultdict(list)
    for number in range(ROUNDS):
        say(f"{size} domains, round {number + 1} of {ROUNDS}")
        pair = bench.ours(f"ours{size}x{number}", size), bench.bare(f"bare{size}x{number}", size)
        for name, words in (
            ("preview of a new stack", ("preview",)),
            ("up", ("up", "--yes", "--skip-preview")),
            ("preview without a change", ("preview", "--expect-no-changes")),
        ):
            # Whoever goes first pays for what both find in memory afterwards.
            order = pair if number % 2 else pair[::-1]
            by = {each.stack: take(each, *words) for each in order}
            taken[name].append((by[pair[0].stack], by[pair[1].stack]))
        counts = tuple(map(resources, pair))
        if counts[0] != counts[1]:
            raise RuntimeError(f"ours has {counts[0]} resources, the bare program {counts[1]}")
    return taken


def medians(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Ours and theirs."""
    ours, theirs = (round(statistics.median(column), 2) for column in zip(*pairs, strict=True))
    return ours, theirs


def ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """The median of the pairs, since the machine may change pace between them."""
    return round(statistics.median(ours / theirs for ours, theirs in pairs), 2)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the ratio that the bar is held against, and beside it that of whoever waits."""

    name: str
    ratio: float
    ours: float
    theirs: float
    unit: str
    wall_ratio: float
    wall_ours: float
    wall_theirs: float


def row(name: str, size: int, taken: Sequence[tuple[Taken, Taken]]) -> Row:
    """The medians of the pairs."""
    processor = [(ours.processor, theirs.processor) for ours, theirs in taken]
    wall = [(ours.wall, theirs.wall) for ours, theirs in taken]
    return Row(
        f"{name}: {size} domains, against a bare program with as many resources",
        ratio(processor),
        *medians(processor),
        "processor s",
        ratio(wall),
        *medians(wall),
    )


def main() -> int:
    """Print one JSON line for each size and command; 1 if the bar is missed."""
    sizes = tuple(map(int, sys.argv[1:])) or SIZES
    missed = []
    with tempfile.TemporaryDirectory(prefix="mtasts-bench-") as name:
        folder = Path(name)
        engine = find(os.environ, say)
        lifecycle.start(folder / "cloud", engine, stacks=None, with_parent=True, say=say)
        try:
            for size in sizes:
                for what, taken in measure(Bench(folder), size).items():
                    found = row(what, size, taken)
                    sys.stdout.write(json.dumps(asdict(found)) + "\n")
                    sys.stdout.flush()
                    if size == BAR_SIZE and found.ratio > BAR:
                        missed.append(what)
        finally:
            lifecycle.stop(folder / "cloud")
    if missed:
        say(f"over the bar of {BAR} at {BAR_SIZE} domains: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
