"""Our language host runs programs for the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Pulumi = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.engine


def write(tmp_path: Path, program: str) -> None:
    (tmp_path / "project" / "__main__.py").write_text(program)


def test_a_program_gets_its_config_and_a_second_run_changes_nothing(
    pulumi: Pulumi, tmp_path: Path
) -> None:
    write(tmp_path, "import pulumi\npulumi.export('word', pulumi.Config().require('word'))\n")
    pulumi("config", "set", "word", "hello")
    applied = pulumi("up", "--yes")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert pulumi("stack", "output", "word").stdout == "hello\n"
    again = pulumi("up", "--yes", "--expect-no-changes")
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_program_that_raises_fails_the_run_with_its_own_text(
    pulumi: Pulumi, tmp_path: Path
) -> None:
    write(tmp_path, "raise ValueError('no such luck')\n")
    failed = pulumi("up", "--yes")
    assert failed.returncode != 0
    assert "no such luck" in failed.stdout + failed.stderr


def test_a_missing_virtual_environment_is_named(pulumi: Pulumi, tmp_path: Path) -> None:
    write(tmp_path, "")
    project = tmp_path / "project" / "Pulumi.yaml"
    project.write_text(project.read_text().replace("virtualenv: /", "virtualenv: /none/"))
    failed = pulumi("preview")
    assert failed.returncode != 0
    assert "/none/" in failed.stdout + failed.stderr
