"""Somebody who has the wheel, an empty folder and an empty home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pages import ROOT

from mtasts.localcloud import lifecycle
from mtasts.localcloud.engine import cache_folder

SECONDS = 600
PLACE = ".local/cloud"
# Comparing all installed packages with each other takes pip longer than its work. Such an option is
# on if its variable is false.
UNCOMPARED = {"PIP_NO_WARN_CONFLICTS": "false"}


def install(wheel: Path, folder: Path) -> Path:
    """A virtual environment with the wheel; what that depends on comes from this environment.

    A ``.pth`` file leads to the packages of this one. Such files in a folder that is reached in
    this way are not read, so that the checkout's own editable install stays out.
    """
    made = folder / ".venv"
    make = [sys.executable, "-m", "venv", "--without-pip", str(made)]
    subprocess.run(make, check=True, capture_output=True)
    (packages,) = (made / "lib").glob("python*/site-packages")
    packages.joinpath("others.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    uv = [str(Path(sys.prefix) / "bin" / "uv"), "pip", "install"]
    ways = ["--no-deps", "--offline", "--no-index", str(wheel)]
    python = str(made / "bin" / "python")
    subprocess.run([*uv, "--python", python, *ways], check=True, capture_output=True)
    return made


@dataclass(frozen=True)
class Newcomer:
    """Somebody with an empty folder, an empty home and the package in ``.venv``."""

    folder: Path
    environment: dict[str, str]

    @classmethod
    def make(cls, installed: Path, folder: Path) -> Newcomer:
        """``.venv`` is ``installed``, which newcomers share: Python compiles modules once."""
        home, own = folder / "home", folder / "mail"
        for each in (home, own):
            each.mkdir()
        (own / ".venv").symlink_to(installed)
        environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
        environment["PATH"] = os.pathsep.join(
            part for part in environment["PATH"].split(os.pathsep) if part != f"{sys.prefix}/bin"
        )
        # The engine that is kept between runs; a newcomer's is fetched or built once.
        environment["XDG_CACHE_HOME"] = str(cache_folder(os.environ).parents[1])
        # So are the packages of Node and the modules of Go.
        environment["npm_config_update_notifier"] = "false"
        for name, place in (("cache", ".npm"), ("userconfig", ".npmrc")):
            environment[f"npm_config_{name}"] = str(Path.home() / place)
        environment |= UNCOMPARED
        if shutil.which("go"):
            names = ("GOCACHE", "GOENV", "GOMODCACHE")
            asked = subprocess.run(["go", "env", *names], check=True, capture_output=True)
            environment |= dict(zip(names, asked.stdout.decode().splitlines(), strict=True))
        kept = ("MTASTS_ENGINE", "npm_config_", "PIP_", "UV_", "GO")
        environment |= {key: os.environ[key] for key in os.environ if key.startswith(kept)}
        return cls(own, environment)

    def leave(self) -> None:
        """Stop the local clouds that a test which failed left."""
        for each in (*self.folder.glob(PLACE), *self.folder.glob(f"examples/*/{PLACE}")):
            with suppress(lifecycle.NotRunningError):
                lifecycle.stop(each)

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


def build_wheel(folder: Path) -> Path:
    """This checkout's wheel."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, check=True, cwd=ROOT, capture_output=True)
    (found,) = folder.glob("mtasts-*.whl")
    return found
