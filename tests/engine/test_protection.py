"""Protection never falls with the stack file: the program refuses, and nothing is written."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from mtasts.ledger.phases import Phase

if TYPE_CHECKING:
    from conftest import Lab

    from mtasts.localcloud.project import Project, Run

pytestmark = pytest.mark.engine
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def domain() -> str:
    return f"d{uuid.uuid4().hex[:8]}.example"


def listed(name: str, *, mx: bool = True) -> dict[str, object]:
    return {"name": name, "mx": [f"mx1.{name}"] if mx else [], "dkimSelectors": ["s1"]}


def enforced(lab: Lab, domain: str) -> Project:
    """A stack whose only domain is enforced."""
    row = f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n"
    project = lab.stack(row, mode="enforce")
    project.collect_evidence(domain).required()
    project.up().required()
    return project


def bucket_of(project: Project) -> str:
    return f"mtasts-123456789012-us-east-1-{project.stack}"


def held_by_cloud(lab: Lab, project: Project) -> dict[str, Any]:
    """Everything in the bucket, and what protects it."""
    s3, bucket = lab.client("s3"), bucket_of(project)
    versions = s3.list_object_versions(Bucket=bucket)
    return {
        "policy": s3.get_bucket_policy(Bucket=bucket)["Policy"],
        "versioning": s3.get_bucket_versioning(Bucket=bucket)["Status"],
        "block": s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"],
        "versions": sorted((e["Key"], e["VersionId"], e["ETag"]) for e in versions["Versions"]),
        "markers": versions.get("DeleteMarkers", []),
    }


def state(project: Project) -> dict[str, str]:
    """The state, but for what a run that registers nothing writes anew.

    That is the manifest with its time, the order of the resources, and the root of the program: the
    SDK registers it before the program says anything, and its outputs are those of the last run.
    """
    found = json.loads(project.pulumi("stack", "export").required().stdout)["deployment"]
    rows = {row["urn"]: row for row in found["resources"] if not row["urn"].endswith(project.stack)}
    others = {key: found[key] for key in found.keys() - {"manifest", "resources"}}
    return {key: json.dumps(row, sort_keys=True) for key, row in (rows | others).items()}


def refused(run: Run, domain: str) -> str:
    """What the program refused a run with, by name, before anything was registered."""
    assert not run.ok
    assert f"no longer lists {domain} as a mail domain" in run.text
    assert "cannot be deleted" not in run.text  # the engine was not asked to
    return " ".join(run.text.split())


def test_an_enforced_domain_that_left_the_file_is_refused_before_anything_is_registered(
    lab: Lab, domain: str
) -> None:
    project = enforced(lab, domain)
    text = project.stack_file.read_text()
    before, known, records = held_by_cloud(lab, project), state(project), lab.records(domain)

    def require_unharmed() -> None:
        assert state(project) == known
        assert held_by_cloud(lab, project) == before
        assert lab.records(domain) == records

    other, wrong = f"o{uuid.uuid4().hex[:8]}.example", f"{domain[:-8]}x.example"
    entries = {
        "removed": listed(other),
        "misspelt": listed(wrong),
        "parked": listed(domain, mx=False),
    }
    for change, row in entries.items():
        project.configure({"mtasts:domains": json.dumps([row])})
        said = refused(project.up(), domain)
        again = "list its mx again" if change == "parked" else "list it again"
        assert f"{again}, instead" in said or f"{again} as it was" in said, change
        assert f"with retire: true, and run pulumi up -s {project.stack}" in said, change
        assert (f"the file lists the new domain {wrong}" in said) is (change == "misspelt")
        shown = project.mtasts("preview", project.stack, "--format", "json")
        assert shown.code == 1, change
        (problem,) = json.loads(shown.stdout)["problems"]
        assert f"no longer lists {domain} as a mail domain" in problem, change
        assert "state unprotect '" not in shown.text, change
        require_unharmed()
        assert not project.pulumi("destroy", "--yes", "--skip-preview", "--run-program").ok, change
        # The engine takes out of the state what a destroy that it refuses did not find protected.
        require_unharmed()
    # This one runs no program, so the file is nothing to it.
    destroyed = project.pulumi("destroy", "--yes", "--skip-preview")
    assert "protected" in destroyed.text
    assert not destroyed.ok
    require_unharmed()
    project.stack_file.write_text(text)
    project.settle()


def test_a_ledger_that_cannot_be_read_holds_its_domain_alone_listed_or_not(
    lab: Lab, domain: str
) -> None:
    project = enforced(lab, domain)
    other = f"o{uuid.uuid4().hex[:8]}.example"
    lab.add_zone(other)
    stray = f"ledger/{domain}/999.json"
    lab.client("s3").put_object(Bucket=bucket_of(project), Key=stray, Body=b"x", IfNoneMatch="*")
    entries = {"mtasts:mode": "testing", "mtasts:domains": json.dumps([listed(other)])}
    project.configure(entries)
    policy, records = held_by_cloud(lab, project)["policy"], lab.records(domain)
    for _ in range(2):
        held = project.up()
        assert not held.ok
        text = " ".join(held.text.split())
        assert f"held, and nothing is deleted: stacks/Pulumi.{project.stack}.yaml no longer" in text
        assert f"mtasts ledger repair {project.stack} --domain {domain}" in text
        assert lab.sts(other) is not None
        assert (held_by_cloud(lab, project)["policy"], lab.records(domain)) == (policy, records)
    assert not project.pulumi("destroy", "--yes", "--skip-preview").ok
    assert lab.records(domain) == records
    drop = ("--domain", domain, "--drop", "999.json", "--apply")
    project.mtasts("ledger", "repair", project.stack, *drop).required()
    refused(project.up(), domain)  # its ledger says that it was enforced


def retired(project: Project) -> tuple[Project, str]:
    """The stack once its first domain is retired to the end, and what that run said."""
    project.configure({"mtasts:domains[0].retire": "true"}, path=True)
    project.up().required()
    later = project
    for days, hours in ((8, 0), (8, 0), (8, 0), (8, 1), (8, 1), (8, 3)):
        later = project.later(days * DAY + hours * HOUR)
        last = later.up().required()
    shown = later.mtasts("ledger", "show", later.stack, "--format", "json").required()
    rows = json.loads(shown.stdout)["entries"]
    assert [row["phase"] for row in rows if row["kind"] == "phase"][-1] == Phase.HOST_WITHDRAWN
    return later, " ".join(last.text.split())


def test_the_ledger_outlives_retirement_removal_and_destroy(lab: Lab, domain: str) -> None:
    project = enforced(lab, domain)
    later, said = retired(project)
    assert f"every domain of {project.stack} is retired" in said
    assert f"pulumi destroy -s {project.stack}" in said
    kept = held_by_cloud(lab, project)
    ledger = [each for each in kept["versions"] if each[0].startswith("ledger/")]
    assert ledger
    assert "DeleteObjectVersion" in kept["policy"]
    other = f"o{uuid.uuid4().hex[:8]}.example"
    moved = {"mtasts:mode": "testing", "mtasts:domains": json.dumps([listed(other)])}
    lab.add_zone(other)
    later.configure(moved)
    later.settle()  # a retired domain may leave the file
    assert held_by_cloud(lab, project)["policy"] == kept["policy"]  # and nothing of this falls
    later.pulumi("destroy", "--yes", "--skip-preview").required()
    versions = lab.client("s3").list_object_versions(Bucket=bucket_of(project))["Versions"]
    left = {(each["Key"], each["VersionId"], each["ETag"]) for each in versions}
    assert left >= set(ledger)
