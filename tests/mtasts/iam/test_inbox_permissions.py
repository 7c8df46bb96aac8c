"""What the stack of an inbox has to be allowed, filled in."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from fake_account import FakeAccount
from fake_cloudflare import FakeCloudflare

from mtasts.cli.main import main
from mtasts.cloud.aws.account import AwsSettings
from mtasts.cloud.inbox_permissions import inbox_permissions
from mtasts.cloud.of_inbox import InboxClouds
from mtasts.cloud_catalogue import Hosting
from mtasts.config import load_inbox
from mtasts.errors import UsageError
from mtasts.iam.inbox_statements import INBOX_STATEMENTS, INBOX_UNSEEN
from mtasts.iam.statements import Command

if TYPE_CHECKING:
    from pathlib import Path

    from mtasts.render.permissions import Permissions

ACCOUNT, DOMAIN = "123456789012", "reports.example.gov"
READS = ("Get", "List", "Describe")


class Route53:
    """A client with one zone."""

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"HostedZones": [{"Id": "/hostedzone/Z0123456789", "Name": "example.gov."}]}]


def permissions(
    command: Command = Command.UP,
    *,
    account: str | None = ACCOUNT,
    zone_ids: tuple[str, ...] = (),
    allowed: tuple[str, ...] = (),
    **inbox: str,
) -> Permissions:
    values = {"aws:region": "us-east-1", "mtasts:inbox": {"address": f"r@{DOMAIN}", **inbox}}
    clouds = InboxClouds.of("inbox", load_inbox(values, file="f"), values, {})
    settings = AwsSettings("us-east-1", allowed_accounts=allowed)
    clouds = replace(
        clouds,
        accounts={
            **clouds.accounts,
            Hosting.AWS: FakeAccount(settings, clients={"route53": Route53()}),
        },
    )
    return inbox_permissions(clouds, command, account=account, zone_ids=zone_ids)


def statements(found: Permissions) -> dict[str, dict[str, Any]]:
    return {row["Sid"]: row for each in found.policies for row in each.document["Statement"]}


def test_a_preview_reads_and_nothing_reads_reports() -> None:
    preview, up = statements(permissions(Command.PREVIEW)), statements(permissions())
    for row in preview.values():
        assert all(each.partition(":")[2].startswith(READS) for each in row["Action"])
    assert preview.keys() < up.keys()
    actions = {each for row in up.values() for each in row["Action"]}
    assert not actions & {"s3:GetObject", "s3:DeleteObject", "s3:PutObject"}
    assert not any("RuleSet" in each and "Describe" not in each for each in actions - LISTS)


LISTS = {"ses:ListReceiptRuleSets"}


def test_every_name_in_braces_is_filled_in() -> None:
    text = json.dumps(statements(permissions()))
    assert "{" not in text.replace('{"', "")
    assert f"arn:aws:iam::{ACCOUNT}:role/mtasts-inbox" in text
    assert f"_amazonses.{DOMAIN}" in text


@pytest.mark.parametrize(
    ("given", "zone"),
    [
        ({}, "Z0123456789"),
        ({"zoneId": "Z1111111111"}, "Z1111111111"),
        ({"zone_ids": ("*",)}, "*"),
    ],
)
def test_the_zone_is_given_or_looked_up(given: dict[str, Any], zone: str) -> None:
    found = permissions(**given)
    rows = statements(found)["InboxRecordsWritten"]["Resource"]
    assert rows == [f"arn:aws:route53:::hostedzone/{zone}"]
    assert bool(found.assumed) is not bool(given)


def test_with_dns_manual_no_zone_is_written() -> None:
    assert "InboxRecordsWritten" not in statements(permissions(dns="manual"))


@pytest.mark.parametrize(
    ("allowed", "assumed"),
    [((), f"the account is that of the present credentials, {ACCOUNT}"), ((ACCOUNT,), None)],
)
def test_the_account_is_the_only_one_or_asked_for(
    allowed: tuple[str, ...], assumed: str | None
) -> None:
    found = permissions(account=None, allowed=allowed, dns="manual")
    assert found.assumed == (() if assumed is None else (assumed,))


def test_an_inbox_has_nothing_to_check() -> None:
    with pytest.raises(UsageError, match="no mail domains to check"):
        permissions(Command.CHECK)


def test_what_nothing_calls_is_a_row() -> None:
    rows = {f"{each.sid} {action}" for each in INBOX_STATEMENTS for action in each.actions}
    assert set(INBOX_UNSEEN) <= rows


CLOUDFLARE = "0123456789abcdef0123456789abcdef"
ZONE_PREFIX, OWN = "com.cloudflare.api.account.zone.", f"com.cloudflare.api.account.{CLOUDFLARE}"
ZONES = {"/zones": [{"id": "z1", "name": "example.gov", "status": "active", "name_servers": []}]}


def at_cloudflare(
    command: Command = Command.UP, zone_ids: tuple[str, ...] = (), **inbox: str
) -> Permissions:
    values: dict[str, object] = {
        "mtasts:cloudflareAccount": CLOUDFLARE,
        "mtasts:inbox": {"address": f"r@{DOMAIN}", **inbox},
        **({} if inbox["hosting"] == "cloudflare" else {"aws:region": "us-east-1"}),
    }
    config = load_inbox(values, file="f")
    clouds = InboxClouds.of("inbox", config, values, {"CLOUDFLARE_API_TOKEN": "t"})
    clouds = replace(
        clouds, accounts={**clouds.accounts, Hosting.CLOUDFLARE: FakeCloudflare(ZONES)}
    )
    return inbox_permissions(clouds, command, account=ACCOUNT, zone_ids=zone_ids)


def groups(found: Permissions) -> dict[str, list[str]]:
    """The permission groups of the token, by the resource that they are for."""
    assert found.token is not None
    return {
        where: [each["name"] for each in row["permission_groups"]]
        for row in found.token.policies
        for where in row["resources"]
    }


def test_the_token_of_an_inbox_switches_no_email_routing_and_writes_no_record() -> None:
    up = at_cloudflare(hosting="cloudflare")
    assert (up.policies, up.statements) == ((), ())
    assert groups(up) == {
        f"{ZONE_PREFIX}z1": ["Zone Read", "Zone Settings Read", "Email Routing Rules Write"],
        OWN: ["API Tokens Read", "Workers Scripts Write", "Workers R2 Storage Write"],
    }
    assert up.assumed == (f"{DOMAIN} is in the zone z1, which the account has listed",)
    preview = groups(at_cloudflare(Command.PREVIEW, hosting="cloudflare"))
    assert all(each.endswith(" Read") for names in preview.values() for each in names)


def test_the_zone_of_a_token_may_be_given() -> None:
    for given, where in ((("z2",), f"{ZONE_PREFIX}z2"), (("*",), OWN)):
        assert where in groups(at_cloudflare(zone_ids=given, hosting="cloudflare"))


def test_an_inbox_at_aws_with_its_records_at_cloudflare_needs_both() -> None:
    found = at_cloudflare(hosting="aws", dns="cloudflare")
    assert groups(found) == {
        f"{ZONE_PREFIX}z1": ["Zone Read", "DNS Write"],
        OWN: ["API Tokens Read"],
    }
    assert "InboxRecordsWritten" not in statements(found)
    assert "RuleWritten" in statements(found)


def test_the_command_takes_the_stack_of_an_inbox(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Pulumi.inbox.yaml"
    file.write_text(
        f"config:\n  aws:region: us-east-1\n  mtasts:inbox:\n    address: r@{DOMAIN}\n"
        "    dns: manual\n"
    )
    words = ("iam", "up", "--stack", "inbox", "--stacks", str(tmp_path), "--account", ACCOUNT)
    assert main([*words, "--format", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["policies"][0]["document"]["Statement"]
