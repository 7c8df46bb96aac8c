"""What an inbox asks before it is placed, and what it concludes where nobody answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from fake_account import FakeAccount
from fake_cloudflare import ACCOUNT, FakeCloudflare
from loopback import Zone

from mtasts.cloud.aws.receipt_rules import ActiveRules
from mtasts.cloud.cloudflare.email_routing import EmailRouting
from mtasts.cloud.of_inbox import InboxClouds
from mtasts.cloud_catalogue import Hosting
from mtasts.config import load_inbox
from mtasts.errors import UndeterminedError, UsageError
from mtasts.observations import DnsAnswer, DnsStatus
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
    return asyncio.run(
        survey_inbox(replace(clouds, accounts={**clouds.accounts, Hosting.AWS: account}), zone)
    )


def test_an_unused_name_takes_an_inbox() -> None:
    found = survey(Zone({}))
    assert (found.account_id, found.zone) == ("123456789012", None)
    assert found.receiving == ActiveRules("main", ())


def test_mail_that_is_not_known_is_no_mail_that_is_not_there() -> None:
    with pytest.raises(UndeterminedError, match="the MX records of reports"):
        survey(Zone({}, frozenset({MX})))


def test_a_name_with_mail_takes_none() -> None:
    with pytest.raises(UsageError, match="such as r@tlsrpt"):
        survey(Zone({MX: ("10 mx.example.gov",)}))


def test_a_delegation_that_is_not_known_is_no_good_one() -> None:
    with pytest.raises(UndeterminedError, match="the delegation of reports"):
        survey(Zone({}, frozenset({(DOMAIN, "NS")})), dns="route53")


SERVER = "ada.ns.cloudflare.com"
ROUTE = "route1.mx.cloudflare.net"
ROUTING = "/zones/z1/email/routing"


def at_cloudflare(zone: Zone, *, enabled: bool = True) -> InboxSurvey:
    values: dict[str, object] = {
        "mtasts:cloudflareAccount": ACCOUNT,
        "mtasts:inbox": {"address": f"r@{DOMAIN}", "hosting": "cloudflare"},
    }
    config = load_inbox(values, file="f")
    clouds = InboxClouds.of("inbox", config, values, {"CLOUDFLARE_API_TOKEN": "t"})
    assert Hosting.AWS not in clouds.accounts
    row = {"id": "z1", "name": DOMAIN, "status": "active", "name_servers": [SERVER]}
    answers = {
        "/zones": [row],
        ROUTING: {"enabled": enabled},
        f"{ROUTING}/dns": [{"type": "MX", "content": ROUTE}],
        f"{ROUTING}/rules": [],
    }
    return asyncio.run(
        survey_inbox(replace(clouds, accounts={Hosting.CLOUDFLARE: FakeCloudflare(answers)}), zone)
    )


class Led(Zone):
    """A zone that its parent leads to."""

    async def delegation(self, zone: str) -> DnsAnswer:
        return DnsAnswer(zone, "NS", DnsStatus.ANSWERED, (SERVER,))


def led(*exchanges: str) -> Zone:
    return Led({MX: exchanges})


def test_a_name_of_email_routing_takes_an_inbox_at_cloudflare() -> None:
    found = at_cloudflare(led(f"10 {ROUTE}"))
    assert found.account_id == ACCOUNT
    assert found.receiving == EmailRouting("z1", "ours.workers.dev", (), ())
    assert found.warnings == ()
    (said,) = at_cloudflare(led()).warnings
    assert "no mail for r@reports.example arrives yet" in said


def test_a_name_with_mail_takes_none_at_cloudflare_either() -> None:
    with pytest.raises(UsageError, match="such as r@tlsrpt"):
        at_cloudflare(led(f"10 {ROUTE}", "10 mx.example.gov"))


def test_where_email_routing_is_off_it_is_not_switched_on() -> None:
    with pytest.raises(UsageError, match=r"is not on for reports\.example"):
        at_cloudflare(led(), enabled=False)
