"""``mtasts iam``: what is filled in, from where, and in which form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from fake_account import FakeAccount
from fake_outside import FakeOutside

from mtasts.cli.main import main
from mtasts.cloud.of_stack import Clouds
from mtasts.cloud_catalogue import Hosting
from mtasts.errors import UndeterminedError
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from pathlib import Path

    from mtasts.config import Dns

ACCOUNT = "123456789012"
CLOUDFLARE = "0123456789abcdef" * 2
ROLE = "arn:aws:iam::222222222222:role/dns"
BASE: dict[str, object] = {
    "aws:region": "us-east-1",
    "aws:allowedAccountIds": [ACCOUNT],
    "mtasts:agency": "A",
    "mtasts:tlsReports": ["mailto:a@example.gov"],
}
AT_CLOUDFLARE = {"mtasts:dns": "cloudflare", "mtasts:cloudflareAccount": CLOUDFLARE}


def domain(name: str = "example.gov", **more: str) -> dict[str, object]:
    return {"name": name, "mx": ["mx.example.gov"], **more}


class Listed:
    """The zones of an account; by whose role they were asked for. None of them: nobody tells."""

    def __init__(self, *zones: HostedZone) -> None:
        self.zones = zones
        self.roles: list[str | None] = []

    def list(self, role: str | None) -> tuple[HostedZone, ...]:
        self.roles.append(role)
        if not self.zones:
            raise UndeterminedError("no credentials")
        return self.zones


@dataclass(frozen=True)
class FakeClouds(Clouds):
    """Clouds that list the same zones at either."""

    listed: Any = None

    def zones_at(self, dns: Dns) -> Any:
        del dns
        return self.listed


def outside(listed: Listed, id_: str | Exception) -> FakeOutside:
    """An AWS account ``id_`` and zones, as data."""

    def clouds(found: Clouds) -> Clouds:
        accounts = dict(found.accounts)
        if Hosting.AWS in accounts:
            accounts[Hosting.AWS] = FakeAccount(found.require_aws().settings, id_=id_)
        return FakeClouds(found.stack, found.config, accounts, listed)

    return FakeOutside({"CLOUDFLARE_API_TOKEN": "t"}, cloud_of=clouds)


NOBODY = outside(Listed(), UndeterminedError("no credentials"))


def stack(folder: Path, *domains: dict[str, object], **more: object) -> Path:
    values = {**BASE, **more, "mtasts:domains": list(domains)}
    values = {key: value for key, value in values.items() if value is not None}
    (folder / "Pulumi.agency.yaml").write_text(json.dumps({"config": values}))
    return folder


def run(folder: Path, *words: str, there: FakeOutside = NOBODY) -> int:
    fixed = ("--stack", "agency", "--stacks", str(folder))
    return main(["iam", words[0], *fixed, *words[1:]], there)


def printed(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    *words: str,
    there: FakeOutside = NOBODY,
) -> dict[str, Any]:
    assert run(folder, *words, "--format", "json", there=there) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def zones(document: dict[str, Any]) -> list[str]:
    rows = [each for each in document["Statement"] if each["Sid"] == "ZonesRead"]
    return [zone.rpartition("/")[2] for each in rows for zone in each["Resource"]]


def test_zones_of_the_file_need_nobody_to_be_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = stack(
        tmp_path,
        domain(zoneId="Z0000000001"),
        domain("b.example", zoneId="Z0000000001"),
        domain("c.example", zoneId="Z0000000002"),
        {"name": "parked.example", "mx": []},
    )
    found = printed(folder, capsys, "up")
    (policy,) = found["policies"]
    assert zones(policy["document"]) == ["Z0000000001", "Z0000000002"]
    assert (found["assumed"], found["warnings"], found["token"]) == ([], [], None)
    assert f"mtasts-{ACCOUNT}-us-east-1-agency" in json.dumps(policy["document"])
    assert zones(printed(folder, capsys, "check")["policies"][0]["document"]) == []


def test_what_cannot_be_known_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = stack(tmp_path, domain())
    assert run(folder, "up") == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "the zone of example.gov: no credentials: give --zone-id ID, or * for any" in said.err
    found = printed(folder, capsys, "up", "--zone-id", "*", "--zone-id", "Z0000000001")
    assert zones(found["policies"][0]["document"]) == ["*"]
    folder = stack(tmp_path, domain(zoneId="Z0000000001"), **{"aws:allowedAccountIds": None})
    assert run(folder, "up") == 3
    assert "give --account ID" in capsys.readouterr().err
    assert printed(folder, capsys, "up", "--account", ACCOUNT)["assumed"] == []


def test_what_was_asked_is_told_as_assumed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = Listed(HostedZone("Z0000000009", "example.gov"), HostedZone("Z0000000008", "gov"))
    there = outside(listed, ACCOUNT)
    more = {"aws:allowedAccountIds": None}
    folder = stack(tmp_path, domain(), domain("b.example.gov"), **more)
    assert run(folder, "preview", "--format", "pulumi", there=there) == 0
    said = capsys.readouterr()
    assert f"iam: assumed: the account is that of the present credentials, {ACCOUNT}\n" in said.err
    assert "example.gov is in the zone Z0000000009, which the account has listed" in said.err
    assert "Z0000000009" in said.out
    assert listed.roles == [None]
    assert run(stack(tmp_path, domain("other.example"), **more), "up", there=there) == 2
    assert "no public hosted zone" in capsys.readouterr().err


def test_a_zone_in_another_account_is_its_roles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = stack(tmp_path, domain(dnsRoleArn=ROLE))
    assert run(folder, "up") == 3
    assert f"give --zone-id {ROLE}=ID" in capsys.readouterr().err
    own, other = printed(folder, capsys, "up", "--zone-id", f"{ROLE}=Z0000000003")["policies"]
    assert (own["role"], other["role"]) == (None, ROLE)
    assert (zones(own["document"]), zones(other["document"])) == ([], ["Z0000000003"])
    (assumes,) = [e for e in own["document"]["Statement"] if e["Action"] == ["sts:AssumeRole"]]
    assert assumes["Resource"] == [ROLE]


def test_delegated_records_are_in_the_operators_zone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = outside(Listed(HostedZone("Z0000000007", "operator.example")), ACCOUNT)
    more = {"mtasts:dns": "delegated", "mtasts:delegationZone": "sts.operator.example"}
    found = printed(stack(tmp_path, domain(), **more), capsys, "up", there=there)
    assert zones(found["policies"][0]["document"]) == ["Z0000000007"]
    sids = [each["Sid"] for each in found["policies"][0]["document"]["Statement"]]
    assert "HandedOutRead" in sids


def test_the_token_of_a_zone_at_cloudflare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zone = "fedcba9876543210" * 2
    folder = stack(tmp_path, domain(zoneId=zone), **AT_CLOUDFLARE)
    found = printed(folder, capsys, "up")
    assert f"com.cloudflare.api.account.zone.{zone}" in json.dumps(found["token"]["policies"])
    assert "Workers" not in json.dumps(found["token"])
    assert zones(found["policies"][0]["document"]) == []
    hosting = AT_CLOUDFLARE | {"mtasts:hosting": "cloudflare", "aws:region": None}
    hosting |= {"aws:allowedAccountIds": None}
    folder = stack(tmp_path, domain(), **hosting)
    assert run(folder, "up") == 3
    assert "the zone of example.gov: no credentials: give --zone-id" in capsys.readouterr().err
    found = printed(folder, capsys, "up", "--zone-id", zone)
    assert found["policies"] == []
    assert {"name": "Workers Scripts Write"} in found["token"]["policies"][1]["permission_groups"]
    assert "Workers Routes" not in json.dumps(found["token"])


def test_a_move_from_aws_to_a_worker_needs_both_clouds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zone = "fedcba9876543210" * 2
    more = AT_CLOUDFLARE | {"mtasts:hosting": "cloudflare", "mtasts:leaving": "aws"}
    found = printed(stack(tmp_path, domain(), **more), capsys, "up", "--zone-id", zone)
    assert len(found["policies"]) == 1
    assert "Workers Routes Write" in json.dumps(found["token"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--zone-id", "Z1"), "write the id alone"),
        (("--zone-id", "role=Z0000000001"), "ROLE=ID"),
        (("--account", "1"), "--account: '1' is no AWS account id"),
        (("--sns", "topic"), "is not the ARN of an SNS topic"),
    ],
)
def test_what_is_given_has_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    assert run(stack(tmp_path, domain(zoneId="Z0000000001")), "up", *words) == 2
    assert says in capsys.readouterr().err


def test_the_text_tells_what_each_is_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zone = "fedcba9876543210" * 2
    folder = stack(tmp_path, domain(zoneId=zone), **AT_CLOUDFLARE)
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:t"
    assert run(folder, "check", "--sns", topic) == 0
    said = capsys.readouterr()
    assert "  LedgerRead: Reads the first version of each object of the ledger" in said.out
    assert f"    on {topic}\n" in said.out
    assert f"    if StringEquals aws:ResourceAccount: {ACCOUNT}\n" in said.out
    assert run(folder, "up", "--zone-id", "*") == 0
    said = capsys.readouterr()
    assert "every zone of it" in said.out
    assert "    DNS Write (DNS: Edit): Writes the records.\n" in said.out
    many = [word for number in range(60) for word in ("--zone-id", f"Z{number:019}")]
    assert (
        run(
            stack(tmp_path, domain(dnsRoleArn=ROLE), domain("b.example")),
            "up",
            *many,
            "--zone-id",
            f"{ROLE}=*",
        )
        == 0
    )
    said = capsys.readouterr()
    assert "  note: a managed policy holds 6144 characters" in said.out
    assert f" in the role {ROLE} (" in said.out


def test_terraform_and_pulumi_get_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zone = "fedcba9876543210" * 2
    folder = stack(tmp_path, domain(zoneId=zone), **AT_CLOUDFLARE)
    document = printed(folder, capsys, "up")["policies"][0]["document"]
    assert run(folder, "up", "--format", "terraform") == 0
    terraform = json.loads(capsys.readouterr().out)
    (label,) = terraform["data"]["aws_iam_policy_document"]
    rows = terraform["data"]["aws_iam_policy_document"][label]["statement"]
    assert [(each["sid"], each["actions"], each["resources"]) for each in rows] == [
        (each["Sid"], each["Action"], each["Resource"]) for each in document["Statement"]
    ]
    conditions = {
        (each["sid"], one["test"], one["variable"]): one["values"]
        for each in rows
        for one in each.get("condition", ())
    }
    assert conditions == {
        (each["Sid"], test, key): values
        for each in document["Statement"]
        for test, keys in each.get("Condition", {}).items()
        for key, values in keys.items()
    }
    policy = terraform["resource"]["aws_iam_policy"][label]["policy"]
    assert policy == f"${{data.aws_iam_policy_document.{label}.json}}"
    token = terraform["resource"]["cloudflare_account_token"]["mtasts_agency_up_token"]
    assert json.loads(token["policies"][0]["resources"])
    assert run(folder, "up", "--format", "pulumi") == 0
    program = yaml.safe_load(capsys.readouterr().out)
    made = program["resources"]["mtasts-agency-up-token"]
    assert made["type"] == "cloudflare:AccountToken"
    assert program["variables"]["dns_write"]["fn::invoke"]["arguments"]["name"] == "DNS%20Write"
    (policy,) = (each for each in program["resources"].values() if each["type"] == "aws:iam:Policy")
    assert policy["properties"]["policy"]["fn::toJSON"] == document


def test_a_stack_gets_what_concerns_its_clouds_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = AT_CLOUDFLARE | {"mtasts:hosting": "cloudflare", "aws:region": None}
    more |= {"aws:allowedAccountIds": None}
    folder = stack(tmp_path, domain(), **more)
    assert run(folder, "check", "--format", "terraform") == 0
    assert "aws_iam_policy" not in capsys.readouterr().out
    folder = stack(tmp_path, domain(zoneId="Z0000000001"))
    assert run(folder, "up", "--format", "pulumi") == 0
    assert "variables" not in yaml.safe_load(capsys.readouterr().out)
    assert run(folder, "up", "--format", "terraform") == 0
    assert "cloudflare" not in capsys.readouterr().out
