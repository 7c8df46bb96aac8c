"""The commands that messages print, run as they are printed, in the situation that prints them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

import pytest

from mtasts.config import load_file
from mtasts.policy import Mode

if TYPE_CHECKING:
    from conftest import Lab

    from mtasts.localcloud.project import Project

pytestmark = pytest.mark.engine
# What somebody at a terminal answers.
ANSWERED = {"PULUMI_SKIP_CONFIRMATIONS": "true"}


def entry(domain: str, more: str = "") -> str:
    return f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n{more}"


@pytest.fixture
def names() -> tuple[str, str]:
    first, second = (f"d{uuid.uuid4().hex[:8]}.example" for _ in range(2))
    return first, second


@pytest.fixture
def published(lab: Lab, names: tuple[str, str]) -> Project:
    """A project that has published both domains."""
    first, second = names
    project = lab.stack(entry(first) + entry(second))
    project.up().required()
    return project


def paste(project: Project, command: str, code: int = 0) -> str:
    """Run the text of a command in a shell, and require its exit code."""
    path = f"{project.environment['PATH']}:{sys.prefix}/bin"  # for mtasts itself
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=project.folder,
        env={**project.environment, **ANSWERED, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=project.deadline_seconds,
        check=False,
    )
    assert done.returncode == code, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def status_commands(project: Project) -> list[str]:
    """The commands that the status prints for each domain."""
    done = project.mtasts("status", project.stack, "--format", "json")
    (stack,) = json.loads(done.stdout)["stacks"]
    return [command for row in stack["domains"] for command in row["next"]]


def modes(project: Project) -> list[Mode]:
    return [each.mode for each in load_file(project.stack_file).domains]


def remove(project: Project, first: str, second: str) -> None:
    """Remove the entry of the ``first`` domain, which the ``second`` one comes after."""
    before, rest = project.stack_file.read_text().split(f"    - name: {first}\n")
    _, after = rest.split(f"    - name: {second}\n")
    project.stack_file.write_text(f"{before}    - name: {second}\n{after}")


def test_the_commands_of_a_status_change_one_entry_and_leave_the_others(
    lab: Lab, names: tuple[str, str]
) -> None:
    first, second = names
    void = "override: {for: [evidence], reason: a, approvedBy: b, expires: 2020-01-31}"
    project = lab.stack(entry(first, f"  {void}\n") + entry(second))
    project.up().required()
    project.collect_evidence(second).required()
    removes, promotes, previews = status_commands(project)
    paste(project, removes)
    assert void not in project.stack_file.read_text()
    paste(project, promotes)
    paste(project, previews)
    assert [each.name for each in load_file(project.stack_file).domains] == [first, second]
    assert modes(project) == [Mode.TESTING, Mode.ENFORCE]


def test_no_command_of_a_status_replaces_domains_that_are_one_json_text(
    published: Project, names: tuple[str, str]
) -> None:
    project = published
    project.collect_evidence(names[1]).required()
    rows: list[dict[str, object]] = [{"name": each, "mx": [f"mx1.{each}"]} for each in names]
    rows[0]["override"] = {
        "for": ["evidence"],
        "reason": "a",
        "approvedBy": "b",
        "expires": "2020-01-31",
    }
    rows[1]["dkimSelectors"] = ["s1"]
    project.configure({"mtasts:domains": json.dumps(rows)})
    before = project.stack_file.read_text()
    previews, checks = status_commands(project)
    paste(project, previews)
    assert "evidence" in paste(project, checks)
    assert project.stack_file.read_text() == before


def test_an_emergency_ends_as_its_run_says_with_nothing_enforced(
    lab: Lab, names: tuple[str, str]
) -> None:
    first, second = names
    project = lab.stack(entry(first, "  mode: enforce\n") + entry(second))
    project.configure({"mtasts:proofSeconds": "60"})
    project.collect_evidence(first).required()
    project.up().required()
    bucket, stray = f"mtasts-123456789012-us-east-1-{project.stack}", f"ledger/{first}/999.json"
    lab.client("s3").put_object(Bucket=bucket, Key=stray, Body=b"x", IfNoneMatch="*")
    project.configure({"mtasts:emergency": "testing"})
    told = project.mtasts("preview", project.stack)
    publish, _, _ = told.text.partition("publish it past the failed preview: ")[2].partition("\n")
    assert "mode testing is published" in paste(project, publish, code=1)
    assert "mode: testing" in project.outputs()["domains"][first]["policy"]
    drop = ("--domain", first, "--drop", "999.json", "--apply")
    project.mtasts("ledger", "repair", project.stack, *drop).required()
    _, _, steps = told.text.partition("end the emergency:\n")
    by_hand, *commands = [line.strip() for line in steps.splitlines()[:4]]
    file = f"stacks/Pulumi.{project.stack}.yaml"
    assert by_hand == f"in {file}, write mode: testing into the entry of {first}"
    text = project.stack_file.read_text()
    project.stack_file.write_text(text.replace("mode: enforce", "mode: testing"))
    for command in commands:
        paste(project, command)
    assert "emergency" not in project.stack_file.read_text()
    assert modes(project) == [Mode.TESTING, Mode.TESTING]
    assert "mode: testing" in project.outputs()["domains"][first]["policy"]


def test_the_way_back_of_a_refused_run_brings_the_other_domains_to_testing(
    lab: Lab, names: tuple[str, str]
) -> None:
    first, second = names
    project = lab.stack(entry(first) + entry(second))
    project.configure({"mtasts:mode": "enforce", "mtasts:proofSeconds": "60"})
    for name in names:
        project.collect_evidence(name).required()
    project.up().required()
    before = lab.sts(first)
    remove(project, first, second)
    refused = " ".join(project.up().text.split())
    found = re.search(r"pulumi config set mtasts:emergency .*? && pulumi up .*?-s \S+", refused)
    assert found is not None
    assert "held, and nothing is deleted" in paste(project, found[0], code=1)
    assert "mode: testing" in project.outputs()["domains"][second]["policy"]
    assert lab.sts(first) == before


def test_the_command_for_a_resource_that_was_left_protected_frees_it(
    published: Project, names: tuple[str, str]
) -> None:
    project, (first, second) = published, names
    project.pulumi("state", "protect", project.urn(f"{first}-sts"), "--yes").required()
    remove(project, first, second)
    refused = project.mtasts("preview", project.stack)
    assert not refused.ok
    (frees,) = re.findall(r"pulumi state unprotect .*", refused.text)
    paste(project, frees)
    project.mtasts("preview", project.stack).required()
