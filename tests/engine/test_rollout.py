"""The main job on the real engine: every step, and then once more with nothing to do."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from pages import ROOT

from mtasts.config import load_file
from mtasts.localcloud.project import Project

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
    more = ("mtasts:maxage: 1", "mtasts:tlsReport: none")
    project = lab.stack(MISTAKES.strip(), *more, secrets="default")
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
    topic = f"arn:aws:sns:us-east-1:123456789012:{domain.partition('.')[0]}"
    project = lab.stack(entry(domain), f"mtasts:alarmTopic: {topic}")
    unheard = f"mtasts:alarmTopic: {topic} does not exist, so nobody receives an alarm"
    assert unheard in project.up().required().text
    lab.client("sns").create_topic(Name=topic.rpartition(":")[2])
    assert "mtasts:alarmTopic" not in project.settle().text

    def alarms() -> list[str]:
        prefix = f"mtasts-123456789012-us-east-1-{project.stack}/{domain}/"
        found = lab.client("cloudwatch").describe_alarms()["MetricAlarms"]
        found = [each for each in found if domain in each["AlarmName"]]
        assert all(each["AlarmName"].startswith(prefix) for each in found)
        assert all(each["AlarmActions"] == each["OKActions"] == [topic] for each in found)
        return sorted(each["MetricName"] for each in found)

    assert alarms() == ["5xxErrorRate", "DaysToExpiry"]
    # A state that has lost them makes the same ones again.
    expiry = project.urn(f"{domain}-alarms-expiry")
    errors = expiry.removesuffix("expiry") + "errors"
    project.pulumi("state", "delete", expiry, errors, "--yes").required()
    project.settle()
    assert alarms() == ["5xxErrorRate", "DaysToExpiry"]
    project.pulumi("config", "rm", "mtasts:alarmTopic").required()
    project.settle()
    assert alarms() == []
