"""Somebody who has the wheel, an empty folder and an empty home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from pages import ROOT

from mtasts.localcloud.engine import cache_folder

SECONDS = 600


@dataclass(frozen=True)
class Newcomer:
    """Somebody with an empty folder, an empty home and the package in ``.venv``."""

    folder: Path
    environment: dict[str, str]

    @classmethod
    def make(cls, wheel: Path, folder: Path) -> Newcomer:
        """The wheel alone is installed; what it depends on comes from this environment.

        A ``.pth`` file leads to the packages of this one. Such files in a folder that is reached in
        this way are not read, so that the checkout's own editable install stays out.
        """
        home, own = folder / "home", folder / "mail"
        for each in (home, own):
            each.mkdir()
        make = [sys.executable, "-m", "venv", "--without-pip", str(own / ".venv")]
        subprocess.run(make, check=True, capture_output=True)
        python = own / ".venv" / "bin" / "python"
        (packages,) = (own / ".venv" / "lib").glob("python*/site-packages")
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
        # So are the packages of Node and the modules of Go.
        environment["npm_config_update_notifier"] = "false"
        for name, place in (("cache", ".npm"), ("userconfig", ".npmrc")):
            environment[f"npm_config_{name}"] = str(Path.home() / place)
        if shutil.which("go"):
            names = ("GOCACHE", "GOENV", "GOMODCACHE")
            asked = subprocess.run(["go", "env", *names], check=True, capture_output=True)
            environment |= dict(zip(names, asked.stdout.decode().splitlines(), strict=True))
        kept = ("MTASTS_ENGINE", "npm_config_", "PIP_", "UV_", "GO")
        environment |= {key: os.environ[key] for key in os.environ if key.startswith(kept)}
        return cls(own, environment)

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
