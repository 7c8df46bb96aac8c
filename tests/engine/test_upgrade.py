"""A stack that 0.1.0 brought up is taken over: its resources stood below the stack itself then."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pages import ROOT

from mtasts.localcloud.warm_client import VARIABLE

if TYPE_CHECKING:
    from conftest import Lab

    from mtasts.localcloud.project import Project

pytestmark = pytest.mark.engine

GOLDEN = Path(__file__).parents[1] / "golden"
# The last commit of 0.1.0.
LAST = "9008ac268cb0f8052934295a5346a78ada6629c7"
PARTS = ("__main__.py", "components", "mtasts", "templates")
ROLE = "arn:aws:iam::123456789012:role/dns"
# What 0.1.0 had for a program, in the words of today: everything stands below the stack.
BEFORE = """
import pulumi
from mtasts.components.belonging import STACK
from mtasts.components.declaring import declare
from mtasts.components.given import Given

async def main():
    declared = await declare(Given.of_stack(pulumi.get_stack()), STACK)
    return {"domains": declared.domains}

pulumi.run(main)
"""
# Of a body in the ledger as it is shown: both are worked out when it is shown.
DERIVED = {"heldUntil", "proven"}
STACKS: dict[str, dict[str, Any]] = {
    "role": {"hosting": "aws", "more": f"  dnsRoleArn: {ROLE}\n"},
    "manual": {"hosting": "aws", "dns": "manual"},
    "cloudflare": {"hosting": "cloudflare"},
}


def urns(project: Project, domain: str) -> list[str]:
    """The URNs of the state, without the names that differ from run to run."""
    exported = json.loads(project.pulumi("stack", "export").required().stdout)
    found = (each["urn"].split("::", 2)[2] for each in exported["deployment"]["resources"])
    named = ((f"mtasts-{project.stack}", "STACK"), (domain, "DOMAIN"))
    return sorted(urn.replace(*named[0]).replace(*named[1]) for urn in found)


def ledger(project: Project) -> list[dict[str, Any]]:
    """The entries of the one ledger, without what later entries and the time of the look change."""
    shown = project.mtasts("ledger", "show", project.stack, "--format", "json").required()
    entries: list[dict[str, Any]] = json.loads(shown.stdout)["entries"]
    written = [{key: each[key] for key in each.keys() - DERIVED} for each in entries]
    assert DERIVED & entries[0].keys() == DERIVED
    return written


@pytest.mark.parametrize("kind", STACKS)
def test_a_stack_of_0_1_0_is_taken_over_without_a_change(lab: Lab, kind: str) -> None:
    domain = f"d{uuid.uuid4().hex[:8]}.example"
    options = dict(STACKS[kind])
    entry = f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n"
    project = lab.stack(entry + options.pop("more", ""), **options)
    (project.folder / "__main__.py").write_text(BEFORE)
    first = project.up()
    assert first.ok, first.text
    golden = (GOLDEN / f"urns-0.1.0-{kind}.txt").read_text().splitlines()
    assert urns(project, domain) == sorted(golden)
    before = ledger(project)

    (project.folder / "__main__.py").write_text((ROOT / "__main__.py").read_text())
    planned = json.loads(project.pulumi("preview", "--json").stdout)
    changed = [each for each in planned["steps"] if each["op"] != "same"]
    assert [(each["op"], each["urn"].split("::", 2)[2]) for each in changed] == [
        ("create", f"mtasts:index:Agency::{project.stack}")
    ]
    project.up().required()
    after = ledger(project)
    assert after[: len(before)] == before  # it goes on where it was
    assert "body" not in [each["kind"] for each in after[len(before) :]]
    now = [each.removeprefix("mtasts:index:Agency$") for each in urns(project, domain)]
    assert sorted(set(now)) == sorted({*golden, f"mtasts:index:Agency::{project.stack}"})
    project.unchanged()
    project.pulumi("destroy", "--yes", "--skip-preview").required()


def of_history(folder: Path) -> None:
    """Put the program of 0.1.0 and what it imports into a folder; skip where git has none of it."""
    git = ["git", "archive", "--format=tar", LAST, *PARTS]
    packed = subprocess.run(git, cwd=ROOT, capture_output=True, check=False)
    if packed.returncode != 0:
        pytest.skip(f"this clone does not have the commit {LAST[:7]}: git fetch --unshallow")
    folder.mkdir()
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")


@pytest.mark.parametrize("hosting", ["aws", "cloudflare"])
def test_the_program_of_0_1_0_itself_is_taken_over(lab: Lab, hosting: str, tmp_path: Path) -> None:
    old = tmp_path / "old"
    of_history(old)
    domain = f"d{uuid.uuid4().hex[:8]}.example"
    entry = f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n"
    project = lab.stack(entry, hosting=hosting)
    # A warm process has imported the modules of today.
    cold = {key: value for key, value in project.environment.items() if key != VARIABLE}
    program = (old / "__main__.py").read_text()
    where = f"import sys; sys.path.insert(0, {str(old)!r})\nimport mtasts.policy\n"
    proof = f"assert mtasts.policy.__file__.startswith({str(old)!r})\n"
    (project.folder / "__main__.py").write_text(where + proof + program)
    replace(project, environment=cold).up().required()
    before, sts = ledger(project), lab.sts(domain)

    (project.folder / "__main__.py").write_text((ROOT / "__main__.py").read_text())
    planned = json.loads(project.pulumi("preview", "--json").stdout)
    changed = [each for each in planned["steps"] if each["op"] != "same"]
    assert [(each["op"], each["urn"].split("::", 2)[2]) for each in changed] == [
        ("create", f"mtasts:index:Agency::{project.stack}")
    ]
    project.up().required()
    assert ledger(project)[: len(before)] == before
    assert lab.sts(domain) == sts
    project.unchanged()
