"""A domain gives MTA-STS up, phase by phase on the real engine; nothing goes before its time."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import TYPE_CHECKING

import pytest

from mtasts.rollout.phases import Phase

if TYPE_CHECKING:
    from conftest import Lab

    from localcloud.project import Project

pytestmark = pytest.mark.engine
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


def phase(project: Project) -> str:
    shown = project.mtasts("ledger", "show", project.stack, "--format", "json").required()
    rows = json.loads(shown.stdout)["entries"]
    return next((row["phase"] for row in reversed(rows) if row["kind"] == "phase"), Phase.KEPT)


def published(lab: Lab, domain: str) -> tuple[bool, bool]:
    """Whether the STS record and the addresses are there."""
    records = lab.records(domain)
    record, addresses = (f"_mta-sts.{domain}", "TXT"), (f"mta-sts.{domain}", "A")
    return record in records, addresses in records


def test_one_phase_an_up_and_none_before_its_time(lab: Lab) -> None:
    domain = f"d{uuid.uuid4().hex[:8]}.example"
    project = lab.stack(f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n")
    project.configure({"mtasts:mode": "enforce", "mtasts:maxAge": "604800"})
    project.collect_evidence(domain).required()
    project.up().required()
    project.configure({"mtasts:domains[0].retire": "true"}, path=True)
    project.up().required()
    assert "senders may hold an enforced policy until" in project.settle().text
    assert "mode: none" in project.outputs()["domains"][domain]["policy"]

    early, late = project.later(6 * DAY), project.later(8 * DAY)
    early.settle()
    assert not early.pulumi("destroy", "--yes", "--skip-preview").ok
    assert (phase(early), published(lab, domain)) == ("kept", (True, True))

    late.up().required()
    assert (phase(late), published(lab, domain)) == ("record-free", (True, True))
    destroyed = late.pulumi("destroy", "--yes", "--skip-preview")
    assert not destroyed.ok  # the addresses and the host are protected still
    assert "protect" in destroyed.text

    late.up().required()
    assert (phase(late), published(lab, domain)) == ("record-withdrawn", (False, True))
    assert "run again after" in late.up().required().text
    assert phase(late) == "record-gone"
    late.settle()  # resolvers may have the record still: nothing moves
    assert published(lab, domain) == (False, True)

    later = project.later(8 * DAY + HOUR)
    later.up().required()
    assert (phase(later), published(lab, domain)) == ("addresses-withdrawn", (False, False))
    later.up().required()
    assert phase(later) == "addresses-gone"
    last = project.later(8 * DAY + 3 * HOUR)
    assert "take it out of the stack file" in last.up().required().text
    assert phase(last) == "host-withdrawn"
    last.settle()
    found = lab.client("cloudfront").list_distributions()["DistributionList"].get("Items", [])
    aliases = [alias for each in found for alias in each["Aliases"].get("Items", [])]
    assert f"mta-sts.{domain}" not in aliases
    last.pulumi("destroy", "--yes", "--skip-preview").required()
    # The ledger outlives the stack: it says what senders were told.
    assert phase(last) == "host-withdrawn"


def test_a_retirement_that_is_called_off_brings_everything_back(lab: Lab) -> None:
    domain = f"d{uuid.uuid4().hex[:8]}.example"
    project = lab.stack(f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n")
    project.up().required()
    project.configure({"mtasts:domains[0].retire": "true"}, path=True)
    for _ in range(3):  # none is published; nobody was ever told to refuse; withdrawn
        project.up().required()
    assert (phase(project), published(lab, domain)) == ("record-withdrawn", (False, True))
    project.configure({"mtasts:domains[0].retire": "false"}, path=True)
    project.settle()
    assert published(lab, domain) == (True, True)
    assert "mode: testing" in project.outputs()["domains"][domain]["policy"]
