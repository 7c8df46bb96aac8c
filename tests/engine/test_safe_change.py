"""Changes that would lose mail are refused by the program, before anything is touched."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import TYPE_CHECKING, Any

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


def enforced(lab: Lab, domain: str, *hosts: str) -> Project:
    """A stack of one domain with those MX hosts, enforced from its first run on."""
    names = ", ".join(f"{host}.{domain}" for host in hosts)
    row = f"- name: {domain}\n  mx: [{names}]\n  dkimSelectors: [s1]\n"
    project = lab.stack(row, mode="enforce")
    project.collect_evidence(domain).required()
    project.up().required()
    return project


def move_mx(lab: Lab, domain: str, *hosts: str) -> None:
    values = [{"Value": f"10 {host}.{domain}."} for host in hosts]
    lab.put(domain, {"Name": domain, "Type": "MX", "TTL": 300, "ResourceRecords": values})


def kept(lab: Lab, project: Project) -> tuple[str, dict[str, str]]:
    """The bucket's policy and the state: every resource with all that is known of it.

    Their order, and that of what each depends on, is that of the last run, and the outputs of the
    stack and of its agency tell what that declared; no resource hangs on any of these.
    """
    bucket = f"mtasts-123456789012-us-east-1-{project.stack}"
    policy = lab.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]
    state = json.loads(project.pulumi("stack", "export").required().stdout)
    resources: list[dict[str, Any]] = state["deployment"]["resources"]
    for each in resources:
        if each["type"] in ("pulumi:pulumi:Stack", "mtasts:index:Agency"):
            each.pop("outputs", None)
        for urns in (each.get("dependencies"), *each.get("propertyDependencies", {}).values()):
            (urns or []).sort()
    return policy, {each["urn"]: json.dumps(each) for each in resources}


def refused(lab: Lab, project: Project, domain: str, *says: str) -> None:
    """The next run holds the domain for those reasons, and nothing of it changes."""
    before, record = kept(lab, project), lab.sts(domain)
    held = project.up()
    assert not held.ok
    assert f"held, and left as they are: {domain}" in held.text
    assert [text for text in says if text not in held.text] == []
    assert kept(lab, project) == before
    assert lab.sts(domain) == record


def test_after_a_way_back_that_failed_enforce_is_judged_by_the_live_mx_and_its_evidence(
    lab: Lab, domain: str
) -> None:
    project = enforced(lab, domain, "mx1")
    move_mx(lab, domain, "mx2")
    lab.control.set_edge_fault(f"mta-sts.{domain}", EdgeFault(status=503))
    project.configure({"mtasts:mode": "testing"})
    assert "does not serve the intended policy" in project.up().text
    lab.control.clear_edge_fault(f"mta-sts.{domain}")
    project.configure({"mtasts:mode": "enforce"})
    missed = f"mx2.{domain}: MX of {domain} in DNS, but not in the policy"
    refused(lab, project, domain, missed, "the evidence is about other MX hosts")
    project.configure({"mtasts:mode": "testing"})
    project.settle()


def test_a_new_id_for_the_same_enforced_policy_looks_at_the_live_mx(lab: Lab, domain: str) -> None:
    project = enforced(lab, domain, "mx1")
    move_mx(lab, domain, "mx1", "mx2")
    project.configure({"mtasts:domains[0].reroll": "2"}, path=True)
    refused(lab, project, domain, f"mx2.{domain}: MX of {domain}")
    move_mx(lab, domain, "mx1")
    before = lab.sts(domain)
    project.settle()
    assert lab.sts(domain) != before


def test_a_host_stays_for_whoever_got_an_enforced_policy_before_the_last_one(
    lab: Lab, domain: str
) -> None:
    project = enforced(lab, domain, "mx1", "mx2")
    move_mx(lab, domain, "mx1")
    project.configure({"mtasts:mode": "testing"})
    listed = project.stack_file.read_text()
    assert f", mx2.{domain}]" in listed
    project.stack_file.write_text(listed.replace(f", mx2.{domain}]", "]"))
    project.up().required()
    project.collect_evidence(domain).required()
    project.configure({"mtasts:mode": "enforce"})
    refused(lab, project, domain, f"mx2.{domain} left the MX records of {domain}")
    later = project.later(dt.timedelta(days=5, hours=1))
    later.collect_evidence(domain).required()
    later.up().required()
    assert "mode: enforce" in project.outputs()["domains"][domain]["policy"]


def test_an_id_that_nobody_here_has_published_holds_an_enforced_domain(
    lab: Lab, domain: str
) -> None:
    project = enforced(lab, domain, "mx1")
    theirs = [{"Value": '"v=STSv1; id=20200101;"'}]
    owner = f"_mta-sts.{domain}"
    lab.put(domain, {"Name": owner, "Type": "TXT", "TTL": 300, "ResourceRecords": theirs})
    refused(lab, project, domain, f"DNS has the policy id 20200101 at {owner}")
    project.configure({"mtasts:domains[0].reroll": "after-an-incident"}, path=True)
    refused(lab, project, domain, "no evidence counts for enforce: publish mode testing first")
    until = (dt.datetime.now(dt.UTC) + dt.timedelta(days=2)).date()
    decided = {"for[0]": "evidence", "reason": "an incident", "approvedBy": "a test"}
    override = {
        f"mtasts:domains[0].override.{key}": value
        for key, value in (decided | {"expires": str(until)}).items()
    }
    project.configure(override, path=True)
    project.up("--refresh").required()
    assert lab.sts(domain) not in (None, theirs[0]["Value"])
    project.settle()


def test_what_the_verdict_could_not_see_is_refused_before_the_record_is_written(
    lab: Lab, domain: str
) -> None:
    project = enforced(lab, domain, "mx1")
    record, owner = lab.sts(domain), f"_mta-sts.{domain}"
    move_mx(lab, domain, "mx2")
    # Whether the id is published cannot be seen, so the ledger's word counts; then it is written.
    lab.control.set_dns_fault(owner, "TXT", DnsFault(Outcome.SERVFAIL))
    project.configure({"mtasts:ttl": "600"})
    stopped = project.up()
    assert not stopped.ok
    assert f"not published: [mx-uncovered] mx2.{domain}: MX of {domain}" in stopped.text
    assert lab.sts(domain) == record
    lab.control.clear_dns_fault(owner, "TXT")
    project.settle()  # it is: nothing new is told to senders
