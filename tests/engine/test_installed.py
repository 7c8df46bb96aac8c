"""The wheel in a virtual environment of its own, in an empty folder, with an empty home."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages import ROOT, command_blocks

from mtasts.localcloud import lifecycle
from mtasts.localcloud.cloud import Cloud
from mtasts.localcloud.engine import cache_folder
from mtasts.names import MxPattern
from mtasts.observations import FetchOutcome
from mtasts.policy import Mode, Policy
from mtasts.probe.dns import ADDRESS_TYPES, Resolver
from mtasts.probe.https import fetch
from mtasts.probe.reach import Reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.localcloud.engine import Engine

pytestmark = pytest.mark.engine

PAGE = ROOT / "docs" / "first-ten-minutes.md"
SECONDS = 300
WHERE = """
import pathlib, sys
import mtasts, mtasts.cli.main, mtasts.components, mtasts.localcloud, mtasts.templating
places = [mtasts, mtasts.cli.main, mtasts.components, mtasts.localcloud]
inside = pathlib.Path(sys.prefix)
assert all(inside in pathlib.Path(each.__file__).parents for each in places), places
assert inside in pathlib.Path(str(mtasts.templating.folder())).parents
assert not any("components" == name.partition(".")[0] for name in sys.modules)
"""


@dataclass(frozen=True)
class Newcomer:
    """Somebody with an empty folder, an empty home and the package in ``.venv``."""

    folder: Path
    environment: dict[str, str]

    def bash(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run lines in one shell in which the virtual environment is active."""
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", f". .venv/bin/activate\n{script}"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout's wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, check=True, cwd=ROOT, capture_output=True)
    (found,) = folder.glob("mtasts-*.whl")
    return found


@pytest.fixture
def newcomer(engine: Engine, wheel: Path, tmp_path: Path) -> Iterator[Newcomer]:
    """The wheel alone is installed; what it depends on comes from this environment.

    A ``.pth`` file leads to the packages of this one. Such files in a folder that is reached in
    this way are not read, so that the checkout's own editable install stays out.
    """
    del engine  # found, or built, before the clock runs
    home, folder = tmp_path / "home", tmp_path / "mail"
    for each in (home, folder, folder / "components"):  # a user's folder hides nothing of ours
        each.mkdir()
    make = [sys.executable, "-m", "venv", "--without-pip", str(folder / ".venv")]
    subprocess.run(make, check=True, capture_output=True)
    python = folder / ".venv" / "bin" / "python"
    (packages,) = (folder / ".venv" / "lib").glob("python*/site-packages")
    packages.joinpath("others.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    uv = Path(sys.prefix) / "bin" / "uv"
    install = [str(uv), "pip", "install", "--python", str(python), "--no-deps", "--offline"]
    subprocess.run([*install, "--no-index", str(wheel)], check=True, capture_output=True)
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    environment["PATH"] = os.pathsep.join(
        part for part in environment["PATH"].split(os.pathsep) if part != f"{sys.prefix}/bin"
    )
    # The engine that is kept between runs; a newcomer's is fetched or built once.
    environment["XDG_CACHE_HOME"] = str(cache_folder(os.environ).parents[1])
    environment |= {key: value for key, value in os.environ.items() if key == "MTASTS_ENGINE"}
    found = Newcomer(folder, environment)
    yield found
    found.bash("mtasts local down")


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
