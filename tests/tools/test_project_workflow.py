"""The workflows that a project of one's own gets are those of this repository."""

from __future__ import annotations

import pytest
import yaml
from pages import ROOT
from project_workflow import THEIRS, workflow

PROJECT = ROOT / "templates" / "project"


def test_the_file_is_made_from_that_of_this_repository() -> None:
    assert workflow() == THEIRS.read_text("utf-8")


@pytest.mark.parametrize("name", ["stacks.yml", "checks.yml"])
def test_no_step_needs_a_clone(name: str) -> None:
    jobs = yaml.safe_load((PROJECT / name).read_text("utf-8"))["jobs"]
    steps = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    assert not [run for run in steps if "make " in run or "tools/" in run]
    assert any("requirements.txt" in run for run in steps)


def test_what_gets_credentials_installs_by_sums_before() -> None:
    jobs = yaml.safe_load((PROJECT / "stacks.yml").read_text("utf-8"))["jobs"]
    holding = [job for job in jobs.values() if "id-token" in job["permissions"]]
    assert len(holding) == 2
    for job in holding:
        steps = [each.get("run") or each["uses"].partition("@")[0] for each in job["steps"]]
        (install,) = (each for each in steps if "pip install" in each)
        assert "--require-hashes -r requirements.lock" in install
        given = steps.index("aws-actions/configure-aws-credentials")
        plugins = steps.index(".venv/bin/mtasts local plugins --sums downloads.sums")
        assert steps.index(install) < plugins < given
    assert not [job for job in jobs.values() if "--no-deps" not in str(job) and "pip" in str(job)]
