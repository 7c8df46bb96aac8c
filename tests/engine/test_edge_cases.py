"""What may go wrong around a run: one clear message each, and nothing that shrinks."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from mtasts.localcloud.dns import DnsFault, Outcome
from mtasts.localcloud.edge_response import EdgeFault

if TYPE_CHECKING:
    from conftest import Lab

    from mtasts.localcloud.project import Project

pytestmark = pytest.mark.engine


@pytest.fixture
def domain() -> str:
    return f"d{uuid.uuid4().hex[:8]}.example"


def entry(domain: str, *hosts: str) -> str:
    names = ", ".join(f"{host}.{domain}" for host in hosts or ("mx1",))
    return f"- name: {domain}\n  mx: [{names}]\n  dkimSelectors: [s1]\n"


def held(project: Project) -> str:
    """Why the preview holds the stack's domain; the record of a reviewer's comment."""
    done = project.mtasts("preview", project.stack, "--format", "json")
    review = json.loads(done.stdout)
    assert (done.code, review["held"]) == (1, True), done.text
    return str(review["problems"][0])


def test_a_promotion_that_nobody_can_judge_is_held_and_the_way_back_passes(
    lab: Lab, domain: str
) -> None:
    project = lab.stack(entry(domain, "mx1", "mx2"))
    project.up().required()
    project.collect_evidence(domain).required()
    project.configure({"mtasts:mode": "enforce"})

    lab.control.set_dns_fault(domain, "MX", DnsFault(Outcome.SERVFAIL))
    assert (
        f"could not find out the MX records of {domain}, all of which an enforced policy has to "
        "list" in held(project)
    )
    lab.control.clear_dns_fault(domain, "MX")

    values = [{"Value": f"10 mx1.{domain}."}]
    lab.put(domain, {"Name": domain, "Type": "MX", "TTL": 300, "ResourceRecords": values})
    assert f"the evidence is about other MX hosts: it has mx1.{domain}, mx2" in held(project)

    override = "mtasts:domains[0].override"
    project.configure(
        {
            f"{override}.for[0]": "reports",
            f"{override}.reason": "a test",
            f"{override}.approvedBy": "nobody",
            f"{override}.expires": "2020-01-31",
        },
        path=True,
    )
    assert f"the evidence is about other MX hosts: it has mx1.{domain}, mx2" in held(project)
    project.configure({f"{override}.for[0]": "evidence"}, path=True)
    assert "the override of evidence by nobody expired on 2020-01-31" in held(project)
    project.configure({f"{override}.expires": "2099-01-31"}, path=True)
    assert "ends on 2099-01-31, but an override lasts at most 90 days" in held(project)
    until = (dt.datetime.now(dt.UTC) + dt.timedelta(days=30)).date()
    project.configure({f"{override}.expires": str(until)}, path=True)
    passed = project.up().required().text
    assert f"override of evidence until {until} by nobody: a test" in passed
    assert "overridden: the evidence is about other MX hosts" in passed
    assert "mode: enforce" in project.outputs()["domains"][domain]["policy"]

    lab.control.set_dns_fault(domain, "MX", DnsFault(Outcome.SERVFAIL))
    project.configure({"mtasts:mode": "testing"})
    assert "back from enforce: senders that look for a new id stop to enforce" in project.up().text
    lab.control.clear_dns_fault(domain, "MX")
    project.settle()
    assert "mode: testing" in project.outputs()["domains"][domain]["policy"]


def test_a_host_that_answers_5xx_while_the_body_changes_keeps_the_id_back(
    lab: Lab, domain: str
) -> None:
    project = lab.stack(entry(domain))
    first = project.up().required().text
    assert f"mta-sts.{domain}: proof passed at" in first
    before = lab.sts(domain)
    lab.control.set_edge_fault(f"mta-sts.{domain}", EdgeFault(status=503))
    project.configure({"mtasts:maxAge": "86400"})
    refused = project.up()
    assert not refused.ok
    assert f"https://mta-sts.{domain} does not serve the intended policy" in refused.text
    assert "status 503" in refused.text
    waiting = rf"waiting for (caches of )?mta-sts\.{domain}.* until \d\d:\d\d:\d\d UTC"
    assert re.search(waiting, refused.text)
    assert lab.sts(domain) == before
    shown = project.mtasts("preview", project.stack, "--format", "json").required()
    (told,) = json.loads(shown.stdout)["domains"]
    assert before == f'"v=STSv1; id={told["idBefore"]};"'
    assert "max_age: 604800" in told["policyBefore"]
    assert "max_age: 86400" in told["policyAfter"]
    assert told["policyUnfinished"] == told["policyAfter"]
    assert "recorded this policy without a proof" in told["effects"][0]
    assert not any("no policy is served" in each for each in told["effects"])
    lab.control.clear_edge_fault(f"mta-sts.{domain}")
    project.settle()
    assert lab.sts(domain) != before


def test_a_preview_beside_a_run_says_what_is_served(lab: Lab, domain: str) -> None:
    """Somebody else's run waits in its proof: senders find the new policy under the old id."""
    project = lab.stack(entry(domain))
    project.up().required()
    before = lab.sts(domain)
    lab.control.set_edge_fault(f"mta-sts.{domain}", EdgeFault(status=503))
    project.configure({"mtasts:maxAge": "86400", "mtasts:proofSeconds": "120"})
    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(project.up)
        while bodies(project) < 2:
            assert not running.done(), running.result().text
        shown = project.mtasts("preview", project.stack, "--format", "json").required()
        (told,) = json.loads(shown.stdout)["domains"]
        assert not running.done()
        lab.control.clear_edge_fault(f"mta-sts.{domain}")
        running.result().required()
    assert before == f'"v=STSv1; id={told["idBefore"]};"'
    assert "max_age: 604800" in told["policyBefore"]
    assert "max_age: 86400" in told["policyUnfinished"]
    assert "recorded this policy without a proof" in told["effects"][0]
    assert not any("no policy is served" in each for each in told["effects"])
    assert lab.sts(domain) == f'"v=STSv1; id={told["idAfter"]};"'
    project.pulumi("preview", "--expect-no-changes").required()


def bodies(project: Project) -> int:
    """How many policies the ledger has that a run wrote down."""
    done = project.mtasts("ledger", "show", project.stack, "--format", "json").required()
    return [row["kind"] for row in json.loads(done.stdout)["entries"]].count("body")


def test_a_ledger_that_cannot_be_read_holds_its_domain(lab: Lab, domain: str) -> None:
    project = lab.stack(entry(domain))
    project.up().required()
    bucket = f"mtasts-123456789012-us-east-1-{project.stack}"
    key = f"ledger/{domain}/1.json"
    s3 = lab.client("s3")
    s3.delete_object(Bucket=bucket, Key=key)
    project.configure({"mtasts:maxAge": "86400"})
    run = project.up().required()  # what was there before counts, and it is told
    assert f"{key} of the bucket {bucket} was deleted; mtasts reads the deleted version" in run.text
    assert f"mtasts ledger repair {project.stack} --domain {domain}" in run.text
    before = lab.sts(domain)
    (version,) = s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]
    body = s3.get_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])["Body"].read()
    s3.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
    project.configure({"mtasts:maxAge": "172800"})
    missing = f"entry 1 of the ledger is missing: mtasts ledger repair {project.stack}"
    assert missing in held(project)
    assert not project.up().ok
    assert lab.sts(domain) == before
    s3.put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*")
    project.settle()
    assert lab.sts(domain) != before
