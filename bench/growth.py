"""Stacks of 1, 10 and 40 domains against a bare program with the same resources (bar: 1.3 times).

Both are brought up in turns by the same engine, provider and local cloud; the result is the median
over the pairs. `bare_program.py` declares the same number of resources of the same kinds. mtasts
also does the survey, the verdicts, the ledger and the proofs. Three commands are timed: the preview
of a new stack, the first `up`, and a preview without a change. The times include the waiting of the
proofs for an edge that takes 0.3 s to learn of a change.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from measuring import Taken, row, tell, watched

from mtasts.localcloud import lifecycle, moto_host
from mtasts.localcloud.cloud import Cloud
from mtasts.localcloud.control_client import Control
from mtasts.localcloud.engine import find
from mtasts.localcloud.project import Project

ROOT = Path(__file__).resolve().parents[1]
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
    """Print progress to stderr; the figures go to stdout."""
    sys.stderr.write(f"bench: {text}\n")


class Bench:
    """Makes stacks in one local cloud."""

    def __init__(self, folder: Path) -> None:
        """Make stacks in ``folder``, which also has the local cloud."""
        self.folder = folder

    @property
    def cloud(self) -> Cloud:
        """The addresses of the running local cloud."""
        return Cloud.read(self.folder / "cloud")

    def _made(self, name: str, config: dict[str, object]) -> Project:
        """A project with the stack ``name``; its stack file is JSON, which is also YAML."""
        stacks = self.folder / name
        stacks.mkdir()
        file = stacks / f"Pulumi.{name}.yaml"
        file.write_text(json.dumps({"config": config}))
        environment = lifecycle.environment(self.cloud, os.environ)
        made = Project.make(self.folder / f"{name}-project", environment, file)
        return replace(made, deadline_seconds=RUN_SECONDS)

    def _seed(self, name: str, size: int) -> list[str]:
        """Create a zone for each of ``size`` domains in the local cloud; returns their names."""
        names = [f"d{number:03}-{name}.example" for number in range(size)]
        seeding = self.folder / f"{name}-seed"
        seeding.mkdir()
        listed = [{"name": each, "mx": [f"mx1.{each}"]} for each in names]
        config = {"config": {**OURS, "mtasts:domains": listed}}
        (seeding / f"Pulumi.{name}.yaml").write_text(json.dumps(config))
        Control(self.cloud.control, deadline_seconds=120).add_stacks(seeding)
        return names

    def ours(self, name: str, size: int) -> Project:
        """A stack of mtasts with ``size`` domains."""
        listed = [{"name": each, "mx": [f"mx1.{each}"]} for each in self._seed(name, size)]
        return self._made(name, {**OURS, "mtasts:domains": listed})

    def bare(self, name: str, size: int) -> Project:
        """A stack of the bare program with ``size`` domains."""
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


def take(project: Project, *words: str) -> Taken:
    """Run one command of the engine; returns its seconds."""
    with watched() as watch:
        project.pulumi(*words).required()
    return watch.taken


def resources(project: Project) -> int:
    """The number of resources of the stack, without the stack itself and its providers."""
    found = json.loads(project.pulumi("stack", "export").required().stdout)
    types = [each["type"] for each in found["deployment"]["resources"]]
    return sum(not each.startswith("pulumi:") for each in types)


def measure(bench: Bench, size: int) -> dict[str, list[tuple[Taken, Taken]]]:
    """For each command, the seconds of mtasts and of the bare program in each round.

    Raises:
        RuntimeError: the two stacks do not have the same number of resources.
    """
    taken: dict[str, list[tuple[Taken, Taken]]] = defaultdict(list)
    for number in range(ROUNDS):
        say(f"{size} domains, round {number + 1} of {ROUNDS}")
        pair = bench.ours(f"ours{size}x{number}", size), bench.bare(f"bare{size}x{number}", size)
        for name, words in (
            ("preview of a new stack", ("preview",)),
            ("up", ("up", "--yes", "--skip-preview")),
            ("preview without a change", ("preview", "--expect-no-changes")),
        ):
            # The first of the two fills caches that both use, so the order changes each round.
            order = pair if number % 2 else pair[::-1]
            by = {each.stack: take(each, *words) for each in order}
            taken[name].append((by[pair[0].stack], by[pair[1].stack]))
        counts = tuple(map(resources, pair))
        if counts[0] != counts[1]:
            raise RuntimeError(f"ours has {counts[0]} resources, the bare program {counts[1]}")
    return taken


def main() -> int:
    """Print one JSON line for each size and command; 1 if the bar is missed."""
    sizes = tuple(map(int, sys.argv[1:])) or SIZES
    code = 0
    with tempfile.TemporaryDirectory(prefix="mtasts-bench-") as name:
        folder = Path(name)
        engine = find(os.environ, say)
        lifecycle.start(folder / "cloud", engine, stacks=None, with_parent=True, say=say)
        try:
            for size in sizes:
                peer = f"{size} domains, against a bare program with as many resources"
                bar = BAR if size == BAR_SIZE else None
                found = measure(Bench(folder), size)
                rows = [row(f"{what}: {peer}", taken, bar) for what, taken in found.items()]
                code = max(code, tell(rows))
        finally:
            lifecycle.stop(folder / "cloud")
    return code


if __name__ == "__main__":
    sys.exit(main())
