"""The main job on the real engine: every step, and then once more with nothing to do."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from localcloud.project import ROOT, Project
from mtasts.config import load_file

if TYPE_CHECKING:
    from conftest import Lab

pytestmark = pytest.mark.engine


@pytest.fixture
def domain() -> str:
    return f"d{uuid.uuid4().hex[:8]}.example"


def entry(domain: str) -> str:
    return f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n"


@pytest.mark.parametrize("agency", ["example-department", "example-international"])
def test_the_example_agencies_come_up_settle_and_go(lab: Lab, agency: str) -> None:
    lab.control.add_stacks(ROOT / "stacks")
    file = ROOT / "stacks" / f"Pulumi.{agency}.yaml"
    project = Project.make(lab._folder / agency, lab.environment(), file)
    project.configure({"mtasts:cacheSeconds": "1"})
    project.up().required()
    project.unchanged()
    domains = [each for each in load_file(file).domains if not each.parked]
    assert set(project.outputs()["domains"]) == {each.name for each in domains}
    project.pulumi("destroy", "--yes", "--skip-preview").required()
    buckets = [each["Name"] for each in lab.client("s3").list_buckets()["Buckets"]]
    assert not [name for name in buckets if name.endswith(agency)]


MISTAKES = """
- name: mta-sts.example.gov
  mx: [mail.example.gov]
- name: not a name
  mx: [mail]
- name: example.gov
  mx: ["192.0.2.1", "*.*.example.gov"]
  maxAge: -1
  ttl: soon
  colour: green
  mode: enforced
"""


def test_ten_mistakes_are_told_at_once_and_nobody_is_asked(lab: Lab) -> None:
    project = lab.stack(MISTAKES.strip(), "mtasts:maxage: 1", "mtasts:tlsReport: none")
    # A port that nothing listens on: whoever made a call would fail with other words, and later.
    nowhere = dict(project.environment) | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    alone = Project(project.folder, nowhere, project.stack)
    refused = alone.pulumi("preview")
    assert not refused.ok
    assert "127.0.0.1:9" not in refused.text
    for key in (
        "mtasts:maxage",
        "mtasts:tlsReport",
        "mtasts:domains[0].name",
        "mtasts:domains[1].name",
        "mtasts:domains[1].mx[0]",
        "mtasts:domains[2].mx[0]",
        "mtasts:domains[2].mx[1]",
        "mtasts:domains[2].maxAge",
        "mtasts:domains[2].ttl",
        "mtasts:domains[2].colour",
        "mtasts:domains[2].mode",
    ):
        assert key in refused.text, key


def test_alarms_come_and_go_with_their_topic(lab: Lab, domain: str) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:alerts"
    project = lab.stack(entry(domain), f"mtasts:alarmTopic: {topic}")
    project.settle()

    def alarms() -> list[str]:
        found = lab.client("cloudwatch").describe_alarms(AlarmNamePrefix=domain)["MetricAlarms"]
        assert all(each["AlarmActions"] == each["OKActions"] == [topic] for each in found)
        return sorted(each["MetricName"] for each in found)

    assert alarms() == ["5xxErrorRate", "DaysToExpiry"]
    project.pulumi("config", "rm", "mtasts:alarmTopic").required()
    project.settle()
    assert alarms() == []
