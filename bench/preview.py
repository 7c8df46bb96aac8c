"""A preview that finds no change, against two others on the same engine and backend.

One is the preview of an empty Python program (bar: 2.2 times). The other is the same preview, but
it does not read the ledger, the MX and the live record (bar: 1.4 times). They run in turns, so that
other work on the machine affects all of them.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from measuring import Taken, row, tell, watched

from mtasts.localcloud import lifecycle
from mtasts.localcloud.engine import find
from mtasts.localcloud.project import Project

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 9
EMPTY_BAR = 2.2
WITHOUT_BAR = 1.4
# With this code the program sees no ledger, no MX and no live record, as for a new domain. Its
# revision is then 0, and so its policy id is the published one.
FORGETFUL = """
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.ledger.history import Ledger
from mtasts.run.stack_memory import Memory
from mtasts.run.survey import Surveyor

look = Surveyor._lookup


async def history(self, domain):
    return Ledger(), ()


async def at_zone(self, zone, name, type_):
    return DnsAnswer(name, type_, DnsStatus.NXDOMAIN)


async def lookup(self, name, type_):
    nothing = DnsAnswer(name, type_, DnsStatus.NO_DATA)
    return nothing if type_ == "MX" else await look(self, name, type_)


Memory.history, Surveyor._at_zone, Surveyor._lookup = history, at_zone, lookup
"""


def say(text: str) -> None:
    """Print progress to stderr; the figures go to stdout."""
    sys.stderr.write(f"bench: {text}\n")


def take(project: Project) -> Taken:
    """Run one preview, which must find no change; returns its seconds."""
    with watched() as watch:
        project.pulumi("preview", "--expect-no-changes").required()
    return watch.taken


def empty(folder: Path, ours: Project) -> Project:
    """A project whose program declares nothing, brought up."""
    folder.mkdir()
    settings = (ours.folder / "Pulumi.yaml").read_text()
    (folder / "Pulumi.yaml").write_text(settings.replace("name: mtasts", "name: empty", 1))
    (folder / "__main__.py").write_text("")
    project = Project(folder, ours.environment, "").select("empty")
    project.up().required()
    return project


def forgetful(folder: Path, ours: Project) -> Project:
    """A project for the same stack, whose program does not read ledger, MX and live record."""
    shutil.copytree(ours.folder, folder)
    program = (ours.folder / "__main__.py").read_text()
    begin, _, end = program.rpartition("run()")
    (folder / "__main__.py").write_text(f"{begin}{FORGETFUL}\nrun(){end}")
    return Project(folder, ours.environment, ours.stack)


def main() -> int:
    """Print one JSON line for each peer; 1 if a bar is missed."""
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
            without = forgetful(folder / "forgetful", ours)
            say(f"{ROUNDS} previews of each")
            taken = [(take(ours), take(theirs), take(without)) for _ in range(ROUNDS)]
        finally:
            lifecycle.stop(folder / "cloud")
    return tell(
        [
            row(
                "preview: no change in one domain, against an empty Python program",
                [(mine, peer) for mine, peer, _ in taken],
                EMPTY_BAR,
            ),
            row(
                "preview: with ledger, MX and live record, against the same without",
                [(mine, peer) for mine, _, peer in taken],
                WITHOUT_BAR,
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
