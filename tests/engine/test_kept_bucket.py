"""The bucket of a stack that has enforced: what may leave it, and what stays when all else goes."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from test_handing_over import Agency, bucket, live

from mtasts.cloud.naming import ledger_bucket_name
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID

if TYPE_CHECKING:
    from conftest import Lab

    from mtasts.localcloud.project import Project

pytestmark = [pytest.mark.engine, pytest.mark.long]
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


def entry(domain: str) -> str:
    return f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n"


def keys(lab: Lab, bucket: str) -> set[str]:
    """The keys that have a version or a delete marker."""
    found = lab.client("s3").list_object_versions(Bucket=bucket)
    return {each["Key"] for kind in ("Versions", "DeleteMarkers") for each in found.get(kind, ())}


def settings(lab: Lab, bucket: str) -> dict[str, Any]:
    """The five settings of a bucket, as S3 has them."""
    s3 = lab.client("s3")
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    ownership = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    return {
        "versioning": s3.get_bucket_versioning(Bucket=bucket)["Status"],
        "policy": {each["Sid"] for each in policy["Statement"]},
        "public": s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"],
        "encryption": encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"],
        "ownership": ownership["Rules"],
    }


def test_a_domain_that_never_enforced_leaves_a_stack_that_has(lab: Lab) -> None:
    kept, left = (f"d{uuid.uuid4().hex[:8]}.example" for _ in range(2))
    project = lab.stack(entry(kept) + "  mode: enforce\n" + entry(left))
    project.collect_evidence(kept).required()
    project.up().required()
    name = f"mtasts-123456789012-us-east-1-{project.stack}"
    assert f"policy/{left}/.well-known/mta-sts.txt" in keys(lab, name)
    project.pulumi("config", "rm", "--path", "mtasts:domains[1]").required()
    project.settle()
    assert not lab.hosts(left)
    found = keys(lab, name)
    assert f"policy/{left}/.well-known/mta-sts.txt" not in found
    assert f"policy/{kept}/.well-known/mta-sts.txt" in found
    # Its ledger stays: a domain that comes back has to know what it published.
    assert f"ledger/{left}/1.json" in found


def remove_zone(lab: Lab, domain: str) -> None:
    """The zone goes, with all that is in it."""
    route53 = lab.client("route53")
    zone = lab._zone(domain)
    for row in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]:
        if row["Name"] != f"{domain}." or row["Type"] not in ("NS", "SOA"):
            change = {"Action": "DELETE", "ResourceRecordSet": row}
            route53.change_resource_record_sets(
                HostedZoneId=zone, ChangeBatch={"Changes": [change]}
            )
    route53.delete_hosted_zone(Id=zone)


def give_up(project: Project) -> None:
    """Decide that the first domain of the stack file is lost."""
    until = (dt.datetime.now(dt.UTC) + dt.timedelta(days=2)).date()
    decided = {"for[0]": "lost-domain", "reason": "sold", "approvedBy": "a test"}
    override = {
        f"mtasts:domains[0].override.{key}": value
        for key, value in (decided | {"expires": str(until)}).items()
    }
    project.configure(override, path=True)


def test_an_enforced_domain_whose_zone_is_gone_is_given_up_and_its_ledger_stays(lab: Lab) -> None:
    domain = f"d{uuid.uuid4().hex[:8]}.example"
    project = lab.stack(entry(domain), mode="enforce")
    project.collect_evidence(domain).required()
    project.up().required()
    name = f"mtasts-123456789012-us-east-1-{project.stack}"
    before = settings(lab, name)
    remove_zone(lab, domain)
    project.configure({"mtasts:domains[0].retire": "true"}, path=True)
    held = project.up()
    assert not held.ok
    assert "write in the domain's entry: override: {for: [lost-domain]" in held.text
    assert lab.hosts(domain)
    give_up(project)
    for _ in range(4):
        run = project.up().required()
    assert "Remove its entry from the stack file" in run.text
    assert not lab.hosts(domain)
    project.require_settled()
    project.pulumi("destroy", "--yes", "--skip-preview").required()
    assert settings(lab, name) == before
    assert f"ledger/{domain}/1.json" in keys(lab, name)


def test_at_cloudflare_an_enforced_domain_whose_zone_is_gone_is_given_up_too(lab: Lab) -> None:
    domain = f"d{uuid.uuid4().hex[:8]}.example"
    project = lab.stack(entry(domain), hosting="cloudflare", mode="enforce")
    project.collect_evidence(domain).required()
    project.up().required()
    assert lab.hosts(domain)
    lab.api._ask("DELETE", f"/zones/{lab.cloudflare_zone(domain)}", {})
    project.configure({"mtasts:domains[0].retire": "true"}, path=True)
    held = project.up()
    assert not held.ok
    assert "write in the domain's entry: override: {for: [lost-domain]" in held.text
    assert lab.hosts(domain)
    give_up(project)
    for _ in range(4):
        run = project.up().required()
    assert "Remove its entry from the stack file" in run.text
    assert not lab.hosts(domain)
    project.require_settled()
    project.pulumi("destroy", "--yes", "--skip-preview").required()
    name = ledger_bucket_name(project.stack)
    assert f"ledger/{domain}/1.json" in keys(lab, name)
    rules = lab.api.get(f"/accounts/{ACCOUNT_ID}/r2/buckets/{name}/lock")["rules"]
    assert "ledger/" in {each["prefix"] for each in rules}


@pytest.mark.parametrize("dns", ["manual", "delegated"])
def test_an_enforced_domain_that_is_handed_out_retires_to_the_end(lab: Lab, dns: str) -> None:
    agency = Agency(lab, dns, "mtasts:maxAge: 86400", mode="enforce")
    project, type_ = agency.project, "TXT" if dns == "manual" else "CNAME"
    project.collect_evidence(agency.domain).required()
    live(agency)
    assert "mode: enforce" in project.outputs()["domains"][agency.domain]["policy"]
    validation, name = agency.validation(), bucket(lab, agency)
    before = settings(lab, name)
    project.configure({"mtasts:domains[0].retire": "true"}, path=True)
    project.up().required()
    if dns == "manual":
        agency.publish((agency.sts, "TXT"))
    late = project.later(3 * DAY)
    for _ in range(2):
        late.up().required()
    agency.withdraw((agency.sts, type_))
    late.up().required()
    later = project.later(4 * DAY)
    later.up().required()
    agency.withdraw((agency.host, "CNAME"), validation, (agency.tls, type_))
    later.up().required()
    last = project.later(5 * DAY)
    assert "Remove its entry from the stack file" in last.up().required().text
    last.require_settled()
    assert keys(lab, name) & {f"published/{agency.domain}.json"} == set()

    last.pulumi("destroy", "--yes", "--skip-preview").required()
    assert settings(lab, name) == before
    assert before["versioning"] == "Enabled"
    assert f"ledger/{agency.domain}/1.json" in keys(lab, name)
