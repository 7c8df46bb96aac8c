"""The policy host moves to another distribution or certificate, and senders notice nothing."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from mtasts.localcloud.edge_response import EdgeFault
from mtasts.localcloud.watcher import Watcher
from mtasts.probe.reach import Reach

if TYPE_CHECKING:
    from conftest import Lab

    from mtasts.localcloud.project import Project

pytestmark = pytest.mark.engine


@pytest.fixture
def domain() -> str:
    return f"d{uuid.uuid4().hex[:8]}.example"


def published(lab: Lab, domain: str) -> Project:
    row = f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n"
    project = lab.stack(row, mode="enforce")
    project.collect_evidence(domain).required()
    project.up().required()
    return project


def distribution(lab: Lab, domain: str) -> dict[str, Any] | None:
    found = lab.client("cloudfront").list_distributions()["DistributionList"].get("Items", [])
    return next((each for each in found if f"mta-sts.{domain}" in each["Aliases"]["Items"]), None)


def certificates(lab: Lab, domain: str) -> list[str]:
    """The certificates of the policy host."""
    rows = lab.client("acm").list_certificates()["CertificateSummaryList"]
    return [row["CertificateArn"] for row in rows if row["DomainName"] == f"mta-sts.{domain}"]


def target(lab: Lab, domain: str) -> str:
    """Where the policy host's name leads."""
    route53 = lab.client("route53")
    rows = route53.list_resource_record_sets(HostedZoneId=lab._zone(domain))
    (name,) = {
        row["AliasTarget"]["DNSName"].rstrip(".")
        for row in rows["ResourceRecordSets"]
        if row["Name"] == f"mta-sts.{domain}."
    }
    return str(name)


def test_no_name_leads_to_a_new_distribution_that_is_not_proven(lab: Lab, domain: str) -> None:
    project = published(lab, domain)
    before = distribution(lab, domain)
    assert before is not None
    cloudfront = lab.client("cloudfront")  # somebody deletes it by hand
    tag = cloudfront.get_distribution(Id=before["Id"])["ETag"]
    cloudfront.delete_distribution(Id=before["Id"], IfMatch=tag)
    lab.control.set_edge_fault(f"mta-sts.{domain}", EdgeFault(status=503))
    refused = project.up("--refresh")
    assert not refused.ok
    assert "status 503" in refused.text, refused.text
    after = distribution(lab, domain)
    assert after is not None
    assert after["Id"] != before["Id"]
    assert target(lab, domain) == before["DomainName"]
    lab.control.clear_edge_fault(f"mta-sts.{domain}")
    record = lab.sts(domain)
    project.settle()
    assert target(lab, domain) == after["DomainName"]
    assert lab.sts(domain) == record


def test_senders_see_a_certificate_replaced_and_never_a_distribution(lab: Lab, domain: str) -> None:
    project = published(lab, domain)
    before, records = distribution(lab, domain), lab.records(domain)
    assert before is not None
    refused = project.up("--replace", project.urn(f"{domain}-distribution"))
    assert not refused.ok
    assert "protect" in refused.text
    project.settle()
    assert distribution(lab, domain) is not None
    assert target(lab, domain) == before["DomainName"]

    (old,) = certificates(lab, domain)
    assert before["ViewerCertificate"]["ACMCertificateArn"] == old
    urn = project.urn(f"{domain}-certificate")
    plan = json.loads(project.pulumi("preview", "--json", "--replace", urn).required().stdout)
    replaced = {
        step["urn"].rpartition("::")[2] for step in plan["steps"] if step["op"] == "replace"
    }
    assert replaced == {f"{domain}-certificate", f"{domain}-issued"}
    with Watcher(Reach.from_environment(project.environment), domain) as watcher:
        project.up("--replace", urn).required()
    after = distribution(lab, domain)
    assert after is not None
    assert after["Id"] == before["Id"]
    (new,) = certificates(lab, domain)
    assert after["ViewerCertificate"]["ACMCertificateArn"] == new != old
    assert lab.records(domain) == records
    seen = {(sighting.id, sighting.bodies) for sighting in watcher.sightings}
    assert len(watcher.sightings) > 3
    assert [len(bodies) for _, bodies in seen] == [1]
    project.settle()
