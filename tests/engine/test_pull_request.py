"""A promotion as a pull request: blocked with reasons, given evidence, merged, applied.

The steps are those of the workflow itself, run as it has them; git talks to a bare remote, and a
stand-in for ``gh`` keeps the comment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from gh_stand_in import StandIn

from localcloud.project import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Lab

    from localcloud.project import Project

pytestmark = pytest.mark.engine
WORKFLOW = ROOT / ".github" / "workflows" / "stacks.yml"


class Forge:
    """A bare remote, and what its workflow does on a pull request and on a merge."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project, self.folder = project, folder
        self.remote = folder / "remote.git"
        (folder / "bin").mkdir()
        self.gh = StandIn(folder / "bin")
        self.jobs: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text())["jobs"]
        self.git(folder, "init", "--quiet", "--bare", "--initial-branch", "main", str(self.remote))
        self.git(project.folder, "init", "--quiet", "--initial-branch", "main")
        self.git(project.folder, "remote", "add", "origin", str(self.remote))

    def git(self, where: Path, *words: str) -> None:
        identity = ("-c", "user.name=Engineer", "-c", "user.email=engineer@example.gov")
        subprocess.run(["git", *identity, *words], cwd=where, check=True, capture_output=True)

    def push(self, branch: str, message: str) -> None:
        folder = self.project.folder
        (folder / "evidence").mkdir(exist_ok=True)
        self.git(folder, "add", "Pulumi.yaml", "__main__.py", "stacks", "evidence")
        self.git(folder, "commit", "--quiet", "--message", message)
        self.git(folder, "push", "--quiet", "origin", f"HEAD:{branch}")

    def checkout(self, branch: str) -> Path:
        """A fresh clone with the tools that ``make setup`` would put there."""
        clone = self.folder / f"clone-{uuid.uuid4().hex[:8]}"
        self.git(self.folder, "clone", "--quiet", "--branch", branch, str(self.remote), str(clone))
        (clone / ".venv").symlink_to(sys.prefix)
        shutil.copytree(ROOT / "tools", clone / "tools")
        return clone

    def step(self, job: str, name: str, clone: Path, **variables: str) -> int:
        """Run one step of the workflow as it is written; its exit code."""
        steps = self.jobs[job]["steps"]
        (script,) = [each["run"] for each in steps if name in (each.get("name"), each.get("run"))]
        environment = {
            **self.project.environment,
            "STACK": self.project.stack,
            "GITHUB_OUTPUT": str(clone / "output"),
            "GITHUB_REPOSITORY": "agency/mail",
            "NUMBER": "7",
            **variables,
        }
        environment["PATH"] = f"{self.folder / 'bin'}:{environment['PATH']}"
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=clone,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode

    def pull_request(self, branch: str) -> int:
        """Preview, comment, and the verdict: whether the check is green."""
        clone = self.checkout(branch)
        assert self.step("preview", "Preview", clone) == 0
        code = (clone / "output").read_text().partition("code=")[2].strip()
        assert self.step("preview", "Comment", clone) == 0
        return self.step("preview", "Fail if it is held or wrong", clone, CODE=code)

    def merge(self, branch: str) -> int:
        """Fast-forward main, and apply it."""
        clone = self.checkout("main")
        self.git(clone, "merge", "--quiet", "--ff-only", f"origin/{branch}")
        self.git(clone, "push", "--quiet", "origin", "main")
        (up,) = [
            each["run"]
            for each in self.jobs["up"]["steps"]
            if each.get("run", "").startswith("pulumi up")
        ]
        return self.step("up", up, self.checkout("main"))


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_promotion_is_blocked_given_evidence_merged_and_applied(lab: Lab, tmp_path: Path) -> None:
    domain = f"d{uuid.uuid4().hex[:8]}.example"
    project = lab.stack(f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n")
    project = replace(project, environment=dict(os.environ) | dict(project.environment))
    # Like the repository that the workflow lives in: its tools are in the checkout.
    settings = project.folder / "Pulumi.yaml"
    settings.write_text(settings.read_text().replace(f'"{sys.prefix}"', ".venv"))
    (project.folder / ".venv").symlink_to(sys.prefix)
    forge = Forge(project, tmp_path)
    forge.push("main", "Publish the domain in testing")
    project.settle()
    before = lab.sts(domain)

    project.configure({"mtasts:mode": "enforce"})
    forge.push("promotion", "Enforce")
    assert forge.pull_request("promotion") == 1
    (comment,) = forge.gh.bodies
    assert comment.startswith(f"<!-- mtasts preview {project.stack} -->")
    assert "no evidence for enforce" in comment
    assert lab.sts(domain) == before

    project.collect_evidence(domain).required()
    forge.push("promotion", "Add the evidence")
    assert forge.pull_request("promotion") == 0
    (comment,) = forge.gh.bodies  # the same one, updated in place
    assert "no evidence" not in comment
    assert "+ mode: enforce" in comment
    assert "from then on they deliver only to the hosts listed" in comment
    assert lab.sts(domain) == before

    assert forge.merge("promotion") == 0
    assert lab.sts(domain) != before
    assert "mode: enforce" in project.outputs()["domains"][domain]["policy"]
    project.unchanged()
