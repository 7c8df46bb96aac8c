"""The policy pack in ``preview`` on the real engine: foreign programs, and stacks of our own."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import UNLOCKED, new_stack

from mtasts.localcloud.warm_parent import settings_of_python
from mtasts.policypack.table import RULES

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping

    from conftest import Lab

    from mtasts.localcloud.project import Run

    Pulumi = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.engine
ROOT = Path(__file__).parents[2]
PACK = ROOT / "policypack"
UNKNOWN_ID = """
import pulumi_aws as aws
bucket = aws.s3.Bucket("id")
text = bucket.arn.apply(lambda arn: f"v=STSv1; id={arn};")
aws.route53.Record(
    "sts", zone_id="Z1", name="_mta-sts.example.org", type="TXT", ttl=300, records=[text]
)
"""
VIOLATION = re.compile(r"\[(mandatory|advisory)\]\s+([a-z0-9-]+)\s+\(")


def violations(done: subprocess.CompletedProcess[str] | Run) -> dict[str, str]:
    """The rules that a preview names, and at which level."""
    return {id_: level for level, id_ in VIOLATION.findall(done.stdout + done.stderr)}


@pytest.fixture
def examples(pulumi: Pulumi, tmp_path: Path) -> Pulumi:
    """The engine in a copy of the examples, with a provider that takes anything."""
    project, name = tmp_path / "project", "policy-pack-examples"
    settings = (project / "Pulumi.yaml").read_text()
    shutil.copytree(PACK / "examples", project, dirs_exist_ok=True)
    (project / "Pulumi.yaml").write_text(settings.replace("name: p\n", f"name: {name}\n"))
    provider = shlex.join([sys.executable, str(Path(__file__).with_name("any_provider.py"))])
    for cloud in ("aws", "cloudflare"):
        binary = tmp_path / "bin" / f"pulumi-resource-{cloud}"
        binary.write_text(f'#!/bin/sh\nexec {provider} "$@"\n')
        binary.chmod(0o755)
    for stack in ("good", "bad"):
        new_stack(project / f"Pulumi.{stack}.yaml", tmp_path / "backend", name, UNLOCKED)
    return pulumi


@pytest.fixture
def warmed(examples: Pulumi, bare_environment: dict[str, str], warmth: Mapping[str, str]) -> Pulumi:
    """As `examples`; program and pack need not import their modules in each run."""
    bare_environment |= {**settings_of_python(os.environ), **warmth}
    return examples


def test_bad_programs_are_refused_and_each_rule_named(warmed: Pulumi) -> None:
    done = warmed("preview", "--stack", "bad", "--policy-pack", str(PACK))
    assert done.returncode != 0
    found = violations(done)
    # One of the examples has its policy elsewhere: nobody can say whether that is served before.
    assert found.pop("rule-not-judged") == "advisory"
    assert found == {id_: rule.level for id_, rule in RULES.items()}


def test_good_programs_violate_nothing(warmed: Pulumi) -> None:
    done = warmed("preview", "--stack", "good", "--policy-pack", str(PACK))
    assert done.returncode == 0, done.stdout + done.stderr
    assert violations(done) == {}
    assert "✅ mtasts@" in done.stdout + done.stderr


def test_what_a_preview_does_not_know_is_told_and_neither_met_nor_violated(
    examples: Pulumi, tmp_path: Path
) -> None:
    (tmp_path / "project" / "__main__.py").write_text(UNKNOWN_ID)
    done = examples("preview", "--stack", "good", "--policy-pack", str(PACK))
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    assert violations(done)["rule-not-judged"] == "advisory"
    assert "sts-record-id" not in violations(done)
    assert re.search(r"records\.0 is not known yet; not judged: .*sts-record-id", text)


def test_the_config_of_the_pack_changes_level_and_figure(warmed: Pulumi, tmp_path: Path) -> None:
    warmed("config", "set", "rule", "sts-record-ttl-long", "--stack", "good")
    config = tmp_path / "pack.json"
    rule = {"enforcementLevel": "mandatory", "seconds": 299}
    config.write_text(json.dumps({"sts-record-ttl-long": rule}))
    words = ("--policy-pack", str(PACK), "--policy-pack-config", str(config))
    refused = warmed("preview", "--stack", "good", *words)
    assert refused.returncode != 0
    assert violations(refused) == {"sts-record-ttl-long": "mandatory"}
    assert "the TTL is 300 s, over 299 s" in refused.stdout + refused.stderr
    config.write_text(json.dumps({"sts-record-ttl-long": "disabled"}))
    warmed("config", "set", "which", "bad", "--stack", "good")
    done = warmed("preview", "--stack", "good", *words)
    assert (done.returncode, violations(done)) == (0, {})


@pytest.mark.parametrize("hosting", ["aws", "cloudflare"])
def test_a_stack_of_ours_violates_nothing(lab: Lab, hosting: str) -> None:
    """In the preview of a new stack, in its run, and in the preview of its promotion."""
    lab.hosting = hosting
    domain = f"d{uuid.uuid4().hex[:8]}.example"
    project = lab.stack(f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n")
    pack = ("--policy-pack", str(PACK))
    done = project.pulumi("preview", *pack).required()
    assert "✅ mtasts@" in done.text
    assert violations(done) == {}, done.text
    applied = project.up(*pack).required()
    assert "✅ mtasts@" in applied.text
    assert violations(applied) == {}
    project.collect_evidence(domain).required()
    project.configure({"mtasts:mode": "enforce"})
    promoted = project.pulumi("preview", *pack).required()
    assert "✅ mtasts@" in promoted.text
    assert violations(promoted) == {}
