"""A real engine with a file backend of its own, nothing of the caller's environment."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from localcloud.engine import Engine, find
from localcloud.language_host import EXEC_SCRIPT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECONDS = 60


@pytest.fixture(scope="session")
def engine() -> Engine:
    return find(os.environ, print)


@pytest.fixture
def pulumi(engine: Engine, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the engine in ``tmp_path / "project"``; the program is its ``__main__.py``."""
    binaries, project = tmp_path / "bin", tmp_path / "project"
    for folder in (binaries, project, tmp_path / "backend"):
        folder.mkdir()
    (binaries / "pulumi").symlink_to(engine.binary)
    if engine.exec_script is not None:
        host = binaries / "pulumi-language-python"
        words = shlex.join([sys.executable, "-m", "localcloud.language_host"])
        script = shlex.quote(str(engine.exec_script))
        host.write_text(f'#!/bin/sh\n{EXEC_SCRIPT}={script} exec {words} "$@"\n')
        host.chmod(0o755)
    environment = {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'backend'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    options = f"virtualenv: {sys.prefix}"
    (project / "Pulumi.yaml").write_text(
        f"name: p\nruntime:\n  name: python\n  options:\n    {options}\n"
    )

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *words, "--non-interactive"],
            executable=str(binaries / "pulumi"),
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    assert run("stack", "init", "dev").returncode == 0
    return run
