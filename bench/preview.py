"""A preview that finds nothing to do, against the preview of an empty Python program.

Both run on the same engine and backend, in turns, so that what else the machine does meets both.
The bar is 2.2 times (docs/architecture.md).
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from localcloud import lifecycle
from localcloud.engine import find
from localcloud.project import ROOT, Project

ROUNDS = 9


def say(text: str) -> None:
    """Show progress where it does not get in the way of the numbers."""
    sys.stderr.write(f"bench: {text}\n")


def seconds(project: Project) -> float:
    """One preview that finds nothing to do."""
    began = time.perf_counter()
    project.pulumi("preview", "--expect-no-changes").required()
    return time.perf_counter() - began


def empty(folder: Path, ours: Project) -> Project:
    """A project whose program declares nothing, up to date."""
    folder.mkdir()
    settings = (ours.folder / "Pulumi.yaml").read_text()
    (folder / "Pulumi.yaml").write_text(settings.replace("name: mtasts", "name: empty", 1))
    (folder / "__main__.py").write_text("")
    project = Project(folder, ours.environment, "").select("empty")
    project.up().required()
    return project


def main() -> None:
    """Print one JSON line."""
    with tempfile.TemporaryDirectory(prefix="mtasts-bench-") as name:
        folder = Path(name)
        say("bringing up the one-domain stack")
        engine = find(os.environ, say)
        cloud = lifecycle.start(
            folder / "cloud", engine, stacks=ROOT / "stacks", with_parent=True, say=say
        )
        try:
            environment = lifecycle.environment(cloud, os.environ)
            stack_file = ROOT / "stacks" / "Pulumi.example-agency.yaml"
            ours = Project.make(folder / "ours", environment, stack_file)
            ours.configure({"mtasts:cacheSeconds": "1"})
            ours.up().required()
            theirs = empty(folder / "empty", ours)
            say(f"{ROUNDS} previews of each")
            taken = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS)]
        finally:
            lifecycle.stop(folder / "cloud")
    # Of the pairs, since the machine may change pace between them.
    ratio = statistics.median(mine / peer for mine, peer in taken)
    mine, peer = (statistics.median(column) for column in zip(*taken, strict=True))
    row = {
        "name": "preview: no change in one domain, against an empty Python program",
        "ratio": round(ratio, 2),
        "ours": round(mine, 3),
        "theirs": round(peer, 3),
        "unit": "s",
    }
    sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
