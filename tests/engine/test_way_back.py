"""The way back to testing on the real engine, past each fault that holds a domain otherwise."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from typing import TYPE_CHECKING

import pytest

from mtasts.cloud.naming import ledger_bucket_name
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID
from mtasts.localcloud.edge_response import EdgeFault
from mtasts.policy import POLICY_PATH
from mtasts.probe.dns import Resolver
from mtasts.probe.https import fetch
from mtasts.probe.reach import Reach

if TYPE_CHECKING:
    from conftest import Lab

    from mtasts.localcloud.project import Project

pytestmark = [pytest.mark.engine, pytest.mark.long]
ID = re.compile(r"id=([0-9a-f]{32});")


@pytest.fixture
def domain() -> str:
    return f"d{uuid.uuid4().hex[:8]}.example"


def enforced(lab: Lab, domain: str) -> Project:
    """A stack whose only domain is enforced."""
    row = f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n"
    project = lab.stack(row, mode="enforce")
    project.configure({"mtasts:proofSeconds": "60"})  # a machine under load needs more than 5
    project.collect_evidence(domain).required()
    project.up().required()
    return project


def served(project: Project, domain: str) -> str:
    """What a sender gets."""
    reach, host = Reach.from_environment(project.environment), f"mta-sts.{domain}"

    async def get() -> bytes:
        found = await Resolver(reach).lookup(host, "A")
        return bytes((await fetch(reach, host, found.values[0], POLICY_PATH)).body)

    return asyncio.run(get()).decode()


def live(lab: Lab, domain: str) -> str:
    found = ID.search(lab.sts(domain) or "")
    assert found is not None
    return found[1]


def test_an_unreadable_ledger_holds_no_way_back_and_takes_it_in_once_it_is_mended(
    lab: Lab, domain: str
) -> None:
    project = enforced(lab, domain)
    before, s3 = live(lab, domain), lab.client("s3")
    bucket = f"mtasts-123456789012-us-east-1-{project.stack}"
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    stray = f"ledger/{domain}/999.json"
    s3.put_object(Bucket=bucket, Key=stray, Body=b"stray", IfNoneMatch="*")
    project.configure({"mtasts:mode": "testing"})
    held = project.up()
    assert not held.ok
    assert f"held, and left as they are: {domain}" in held.text
    assert live(lab, domain) == before

    project.configure({"mtasts:emergency": "testing"})
    shown = project.mtasts("preview", project.stack)
    assert shown.code == 1
    assert f"EMERGENCY: {domain}: overridden by the emergency: " in shown.text
    gone = project.up()
    assert f"emergency: {domain}: mode testing is published" in gone.text
    assert not gone.ok  # so that nothing is deleted, whatever is not known
    first = live(lab, domain)
    assert first != before
    assert "mode: testing" in served(project, domain)
    assert project.outputs()["domains"][domain]["emergency"]
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy
    assert not project.pulumi("destroy", "--yes", "--skip-preview").ok
    project.up()
    assert live(lab, domain) == first  # a second run finds its note

    drop = ("--domain", domain, "--drop", "999.json", "--apply")
    project.mtasts("ledger", "repair", project.stack, *drop).required()
    project.pulumi("config", "rm", "mtasts:emergency").required()
    project.settle()
    assert live(lab, domain) == first
    rows = json.loads(
        project.mtasts("ledger", "show", project.stack, "--format", "json").required().stdout
    )["entries"]
    assert [row["id"] for row in rows if row["kind"] == "body"] == [before, first]
    project.collect_evidence(domain).required()
    project.configure({"mtasts:mode": "enforce"})
    project.settle()
    assert live(lab, domain) not in (before, first)


def test_at_cloudflare_an_unreadable_ledger_holds_no_way_back_either(lab: Lab, domain: str) -> None:
    row = f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n"
    project = lab.stack(row, hosting="cloudflare", mode="enforce")
    project.collect_evidence(domain).required()
    project.up().required()
    before, s3 = live(lab, domain), lab.client("s3")
    bucket = ledger_bucket_name(project.stack)
    s3.put_object(Bucket=bucket, Key=f"ledger/{domain}/999.json", Body=b"x", IfNoneMatch="*")
    project.configure({"mtasts:emergency": "testing"})
    gone = project.up()
    assert not gone.ok
    assert f"emergency: {domain}: mode testing is published" in gone.text
    first = live(lab, domain)
    assert first != before
    assert "mode: testing" in served(project, domain)
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"emergency/{domain}/")["Contents"]
    names = {each["Key"].rpartition("/")[2] for each in listed}
    assert names == {f"{first}.body.json", f"{first}.proof.json"}
    rules = lab.api.get(f"/accounts/{ACCOUNT_ID}/r2/buckets/{bucket}/lock")["rules"]
    assert {each["prefix"] for each in rules} == {"ledger/", "emergency/"}

    drop = ("--domain", domain, "--drop", "999.json", "--apply")
    project.mtasts("ledger", "repair", project.stack, *drop).required()
    project.configure({"mtasts:mode": "testing"})
    project.pulumi("config", "rm", "mtasts:emergency").required()
    project.up().required()
    assert live(lab, domain) == first
    shown = project.mtasts("ledger", "show", project.stack, "--format", "json").required()
    rows = json.loads(shown.stdout)["entries"]
    assert [row["id"] for row in rows if row["kind"] == "body"] == [before, first]


def test_a_ledger_that_takes_no_entry_holds_no_way_back(lab: Lab, domain: str) -> None:
    project = enforced(lab, domain)
    before, s3 = live(lab, domain), lab.client("s3")
    bucket = f"mtasts-123456789012-us-east-1-{project.stack}"
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    sealed = json.loads(policy)
    sealed["Statement"].append(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{bucket}/ledger/*",
        }
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(sealed))
    project.configure({"mtasts:mode": "testing"})
    assert not project.up().ok
    assert live(lab, domain) == before
    project.configure({"mtasts:emergency": "testing"})
    gone = project.up()
    assert f"EMERGENCY: {domain}: " in gone.text
    first = live(lab, domain)
    assert first != before
    assert "mode: testing" in served(project, domain)

    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    project.pulumi("config", "rm", "mtasts:emergency").required()
    project.settle()
    assert live(lab, domain) == first
    rows = json.loads(
        project.mtasts("ledger", "show", project.stack, "--format", "json").required().stdout
    )["entries"]
    assert [row["id"] for row in rows if row["kind"] == "body"] == [before, first]


def test_name_servers_that_do_not_match_hold_no_way_back(lab: Lab, domain: str) -> None:
    project = enforced(lab, domain)
    before = live(lab, domain)
    servers = [{"Value": "ns.elsewhere.example."}]
    lab.put(domain, {"Name": domain, "Type": "NS", "TTL": 60, "ResourceRecords": servers})
    project.configure({"mtasts:mode": "testing"})
    assert not project.up().ok
    assert live(lab, domain) == before
    project.configure({"mtasts:domains[0].emergency": "testing"}, path=True)
    gone = project.up()
    assert "not the delegated one" in gone.text
    assert f"emergency: {domain}: mode testing is published" in gone.text
    assert live(lab, domain) != before


def test_a_proof_that_fails_is_a_failed_proof_in_an_emergency_too(lab: Lab, domain: str) -> None:
    project = enforced(lab, domain)
    before = live(lab, domain)
    bucket = f"mtasts-123456789012-us-east-1-{project.stack}"
    lab.client("s3").put_object(
        Bucket=bucket, Key=f"ledger/{domain}/999.json", Body=b"stray", IfNoneMatch="*"
    )
    # A proof that fails takes all the time that it has.
    project.configure({"mtasts:emergency": "testing", "mtasts:proofSeconds": "10"})
    lab.control.set_edge_fault(f"mta-sts.{domain}", EdgeFault(status=503))
    assert not project.up().ok
    assert live(lab, domain) == before
    lab.control.clear_edge_fault(f"mta-sts.{domain}")
    project.up()
    assert live(lab, domain) != before
