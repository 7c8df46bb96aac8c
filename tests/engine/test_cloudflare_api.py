"""What Cloudflare's API refuses, met by the engine, its provider and the toolkit's own calls."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from mtasts.localcloud.aws.issuance import validation_record
from mtasts.render.worker import worker_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Lab

    from mtasts.localcloud.project import Project

pytestmark = pytest.mark.engine


@pytest.fixture
def domain() -> str:
    return f"d{uuid.uuid4().hex[:8]}.example"


@pytest.fixture
def project(lab: Lab, domain: str) -> Iterator[Project]:
    row = f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n"
    yield lab.stack(row, hosting="cloudflare")
    lab.control.set_cloudflare_faults()


def test_a_rate_limit_is_waited_out(lab: Lab, project: Project) -> None:
    lab.control.set_cloudflare_faults(rate_limited=3)
    project.settle()


def test_a_permission_that_the_token_lacks_is_named_before_anything_is_made(
    lab: Lab, project: Project
) -> None:
    lab.control.set_cloudflare_faults(lacking=["Zone Read"])
    refused = project.up()
    assert not refused.ok
    assert "the token lacks a permission for it: Zone (zone, Read)" in refused.text
    assert "WorkersScript" not in refused.text
    lab.control.set_cloudflare_faults(lacking=["Zone Settings Read"])
    warned = project.up().required()
    assert "could not find out whether its min_tls_version would block senders" in warned.text


def test_one_that_shows_in_the_middle_stops_the_run_and_the_next_goes_on(
    lab: Lab, project: Project, domain: str
) -> None:
    lab.control.set_cloudflare_faults(lacking=["DNS Write"])
    refused = project.up()
    assert not refused.ok
    assert "Authentication error" in refused.text
    assert lab.sts(domain) is None
    lab.control.set_cloudflare_faults()
    project.settle()
    assert lab.sts(domain)


def test_a_zone_that_is_not_there_is_told_with_its_id(project: Project) -> None:
    project.configure({"mtasts:domains[0].zoneId": "a" * 32}, path=True)
    refused = project.up()
    assert not refused.ok
    assert f"zoneId {'a' * 32} is no public hosted zone of this account" in refused.text


def test_the_validation_record_of_an_earlier_certificate_is_taken_in(lab: Lab, domain: str) -> None:
    row = f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n"
    project = lab.stack(row, hosting="aws", dns="cloudflare")
    wanted = validation_record("arn:aws:acm:us-east-1:123456789012:x", f"mta-sts.{domain}")
    owner, value = wanted.name.rstrip("."), wanted.value.rstrip(".")
    values = [{"Value": value}]
    lab.put(domain, {"Name": owner, "Type": "CNAME", "TTL": 300, "ResourceRecords": values})
    project.settle()
    assert lab.records(domain)[owner, "CNAME"] == [value]


def test_a_worker_edited_by_hand_shows_as_drift_and_is_put_right(
    lab: Lab, project: Project, domain: str
) -> None:
    from mtasts.localcloud.cloudflare.session import Session  # for this alone

    project.settle()
    session = Session(lab.cloud.cloudflare, "local-token")
    metadata = {"main_module": "worker.js", "compatibility_date": "2026-01-01"}
    source = "export default { fetch() { return new Response('mine'); } };"
    path = f"{lab.api.path}/workers/scripts/{worker_name(domain)}"
    session.upload(path, metadata, "worker.js", source)
    assert not project.pulumi("preview", "--refresh", "--expect-no-changes").ok
    project.up("--refresh").required()
    assert "mine" not in session.text(path)
    project.settle()


def test_settings_of_the_zone_that_would_hit_senders_are_told_at_preview(
    lab: Lab, project: Project, domain: str
) -> None:
    assert "Minimum TLS" not in project.pulumi("preview").required().text
    zone = lab.cloudflare_zone(domain)
    lab.api._ask("PATCH", f"/zones/{zone}/settings/min_tls_version", {}, {"value": "1.3"})
    assert "Minimum TLS Version to 1.2" in project.pulumi("preview").required().text
