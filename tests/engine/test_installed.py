"""The wheel in a virtual environment of its own, in an empty folder, with an empty home."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from pages import ROOT, command_blocks

from mtasts.localcloud import lifecycle
from mtasts.localcloud.cloud import Cloud
from mtasts.names import MxPattern
from mtasts.observations import FetchOutcome
from mtasts.policy import Mode, Policy
from mtasts.probe.dns import ADDRESS_TYPES, Resolver
from mtasts.probe.https import fetch
from mtasts.probe.reach import Reach

if TYPE_CHECKING:
    from newcomer import Newcomer

pytestmark = [
    pytest.mark.engine,
    pytest.mark.languages,
    pytest.mark.long,
    pytest.mark.xdist_group("newcomers"),
]

PAGE = ROOT / "docs" / "first-ten-minutes.md"
WHERE = """
import pathlib, sys
import mtasts, mtasts.cli.main, mtasts.components, mtasts.localcloud, mtasts.templating
places = [mtasts, mtasts.cli.main, mtasts.components, mtasts.localcloud]
inside = pathlib.Path(sys.prefix)
assert all(inside in pathlib.Path(each.__file__).parents for each in places), places
assert inside in pathlib.Path(str(mtasts.templating.folder())).parents
assert not any("components" == name.partition(".")[0] for name in sys.modules)
"""


async def served(reach: Reach, host: str) -> list[bytes]:
    """The bodies that a host serves, one of each address."""
    bodies = []
    for type_ in ADDRESS_TYPES:
        for address in (await Resolver(reach).lookup(host, type_)).values:
            got = await fetch(reach, host, address)
            assert (got.outcome, got.status) == (FetchOutcome.ANSWERED, 200)
            bodies.append(got.body)
    return bodies


def test_the_first_ten_minutes_end_with_a_policy_that_is_served(newcomer: Newcomer) -> None:
    (newcomer.folder / "components").mkdir()  # a user's folder hides nothing of ours
    where = newcomer.bash(f"python - <<'END'\n{WHERE}END")
    assert where.returncode == 0, where.stderr
    project, publish, leave = (each for each in command_blocks(PAGE) if not each.why_not)
    done = newcomer.bash(project.text)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "wrote a project" in done.stdout

    done = newcomer.bash(publish.text)
    assert done.returncode == 0, done.stdout + done.stderr
    cloud = Cloud.read(newcomer.folder / ".local" / "cloud")
    reach = Reach.from_environment(lifecycle.environment(cloud, newcomer.environment))
    body = Policy(Mode.TESTING, 604_800, (MxPattern("mail1.example.gov"),)).render()
    found = asyncio.run(served(reach, "mta-sts.example.gov"))
    assert found == [body] * len(found)
    assert len(found) == 1 + cloud.ipv6
    assert body.decode().replace("\r\n", "\n") in PAGE.read_text()
    assert "delivered" in done.stdout

    done = newcomer.bash(leave.text)
    assert done.returncode == 0, done.stdout + done.stderr
    second = newcomer.bash("mtasts init another --domain b.example --mx mx.b.example --offline")
    assert second.stdout.startswith("wrote stacks/Pulumi.another.yaml"), second.stderr


def test_the_demo_needs_no_checkout(newcomer: Newcomer) -> None:
    done = newcomer.bash("mtasts demo")
    assert done.returncode == 0, done.stdout + done.stderr
    steps = json.loads((newcomer.folder / ".local/demo/summary.json").read_text())["steps"]
    assert all(step["ok"] for step in steps)
    assert len(steps) > 10
