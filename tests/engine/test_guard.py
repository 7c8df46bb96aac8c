"""The hook wrapper on the real engine: whatever a check raises, the record stays unwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Lab

pytestmark = pytest.mark.engine

PROGRAM = """
import asyncio
import sys

import pulumi
import pulumi_aws
from mtasts.components.hooks import guard

zone = pulumi.Config("test").require("zone")


async def check(_):
    {raising}


for number in range(2):
    pulumi_aws.route53.Record(
        f"record{{number}}",
        zone_id=zone,
        name=f"r{{number}}.guarded.example",
        type="TXT",
        ttl=60,
        records=["v=1"],
        opts=pulumi.ResourceOptions(
            hooks=pulumi.ResourceHookBinding(
                before_create=[guard(f"check{{number}}", check, deadline_seconds={deadline})]
            )
        ),
    )
"""


@pytest.mark.parametrize(
    ("raising", "deadline", "says"),
    [
        pytest.param("raise TimeoutError", 30, "TimeoutError: timed out", id="timeout-error"),
        pytest.param("assert False", 30, "AssertionError", id="bare-assert"),
        pytest.param("raise asyncio.CancelledError", 30, "CancelledError", id="cancelled"),
        pytest.param("sys.exit()", 30, "SystemExit", id="exit"),
        pytest.param("await asyncio.sleep(60)", 0.2, "no answer within 0.2 s", id="deadline"),
        pytest.param("raise ValueError('no, since')", 30, "ValueError: no, since", id="error"),
    ],
)
def test_the_record_stays_unwritten_and_the_run_fails_with_a_reason(
    lab: Lab, raising: str, deadline: float, says: str
) -> None:
    route53 = lab.client("route53")
    zone = route53.create_hosted_zone(Name="guarded.example", CallerReference=f"{raising}")
    zone_id = zone["HostedZone"]["Id"].removeprefix("/hostedzone/")
    project = lab.program(PROGRAM.format(raising=raising, deadline=deadline))
    project.configure({"test:zone": zone_id})
    refused = project.up()
    assert not refused.ok
    assert says in refused.text
    rows = route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    assert {row["Type"] for row in rows} == {"NS", "SOA"}


def test_a_check_that_returns_lets_the_write_through(lab: Lab) -> None:
    route53 = lab.client("route53")
    zone = route53.create_hosted_zone(Name="guarded.example", CallerReference="passes")
    zone_id = zone["HostedZone"]["Id"].removeprefix("/hostedzone/")
    project = lab.program(PROGRAM.format(raising="return", deadline=30))
    project.configure({"test:zone": zone_id})
    project.settle()
    rows = route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    assert {row["Type"] for row in rows} == {"NS", "SOA", "TXT"}
