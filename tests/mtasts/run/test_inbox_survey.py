"""What an inbox asks before it is placed, and what it concludes where nobody answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from fake_account import FakeAccount
from loopback import Zone

from mtasts.cloud.of_inbox import InboxClouds
from mtasts.config import load_inbox
from mtasts.errors import UndeterminedError, UsageError
from mtasts.run.inbox_survey import InboxSurvey, survey_inbox

DOMAIN = "reports.example"
MX = (DOMAIN, "MX")


class Ses:
    """A client with an active set of no rules."""

    def describe_active_receipt_rule_set(self) -> dict[str, Any]:
        return {"Metadata": {"Name": "main"}, "Rules": []}


class Route53:
    """A client with one zone."""

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"HostedZones": [{"Id": "/hostedzone/Z0123456789", "Name": f"{DOMAIN}."}]}]

    def get_hosted_zone(self, **_: str) -> dict[str, Any]:
        return {"DelegationSet": {"NameServers": ["ns-1.example"]}}


def survey(zone: Zone, dns: str = "manual") -> InboxSurvey:
    values: dict[str, object] = {
        "aws:region": "us-east-1",
        "mtasts:inbox": {"address": f"r@{DOMAIN}", "dns": dns},
    }
    clouds = InboxClouds.of("inbox", load_inbox(values, file="f"), values, {})
    account = FakeAccount(clients={"ses": Ses(), "route53": Route53()})
    return asyncio.run(survey_inbox(replace(clouds, aws=account), zone))


def test_an_unused_name_takes_an_inbox() -> None:
    found = survey(Zone({}))
    assert (found.account_id, found.zone, found.receiving.last) == ("123456789012", None, None)


def test_mail_that_is_not_known_is_no_mail_that_is_not_there() -> None:
    with pytest.raises(UndeterminedError, match="the MX records of reports"):
        survey(Zone({}, frozenset({MX})))


def test_a_name_with_mail_takes_none() -> None:
    with pytest.raises(UsageError, match="such as r@tlsrpt"):
        survey(Zone({MX: ("10 mx.example.gov",)}))


def test_a_delegation_that_is_not_known_is_no_good_one() -> None:
    with pytest.raises(UndeterminedError, match="the delegation of reports"):
        survey(Zone({}, frozenset({(DOMAIN, "NS")})), dns="route53")
