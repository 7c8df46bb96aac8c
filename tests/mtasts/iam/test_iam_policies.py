"""The tables of permissions, filled in for one stack and one command."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mtasts.iam.policies import POLICY_MAX_CHARACTERS, Placeholders, policies, statements_of
from mtasts.iam.statements import STATEMENTS, UNSEEN, Command, Need
from mtasts.iam.token import (
    PERMISSIONS,
    Permission,
    TokenNeed,
    lacking,
    permissions_of,
    token_notes,
    token_policies,
)
from mtasts.render.permissions import Permissions, as_pulumi, as_terraform

ACCOUNT, BUCKET = "123456789012", "mtasts-123456789012-eu-west-1-agency"
ROLE = "arn:aws:iam::222222222222:role/dns"
GROUND = Placeholders(
    stack="agency",
    account=ACCOUNT,
    region="eu-west-1",
    bucket=BUCKET,
    zones=("Z0000000001",),
    roles={},
    topic="",
    alarm_topic="a",
    needs=frozenset({Need.ZONES}),
)
READS = ("Get", "List", "Describe", "AssumeRole")


def actions(command: Command, placeholders: Placeholders = GROUND) -> set[str]:
    found = [
        each for policy in policies(command, placeholders) for each in policy.document["Statement"]
    ]
    return {action for each in found for action in each["Action"]}


def test_preview_only_reads_and_up_holds_all_of_it() -> None:
    everything = replace(GROUND, needs=frozenset(Need), topic="t", roles={ROLE: ("Z0000000002",)})
    preview, up = actions(Command.PREVIEW, everything), actions(Command.UP, everything)
    assert all(each.partition(":")[2].startswith(READS) for each in preview)
    assert preview < up
    check = actions(Command.CHECK, everything)
    assert check - {"sns:Publish"} < preview
    assert "sns:Publish" in check - preview


@pytest.mark.parametrize("command", Command)
def test_no_braces_and_no_wildcard_action_are_left(command: Command) -> None:
    everything = replace(GROUND, needs=frozenset(Need), topic="t", roles={ROLE: ("*",)})
    for policy in policies(command, everything):
        text = json.dumps(policy.document)
        assert "{zones}" not in text
        assert not any(f"{{{name}}}" in text for name in ("account", "bucket", "region", "topic"))
        assert policy.characters == len(json.dumps(policy.document, separators=(",", ":")))
        for statement in policy.document["Statement"]:
            assert not any("*" in action for action in statement["Action"])
            if statement["Resource"] == ["*"] and "Condition" not in statement:
                assert all(
                    each.partition(":")[2].startswith("List") for each in statement["Action"]
                )


def test_records_are_written_by_name_and_type_in_the_zones_alone() -> None:
    (policy,) = policies(Command.UP, GROUND)
    (row,) = [each for each in policy.document["Statement"] if each["Sid"] == "RecordsWritten"]
    assert row["Resource"] == ["arn:aws:route53:::hostedzone/Z0000000001"]
    names = row["Condition"]["ForAllValues:StringLike"]
    assert names["route53:ChangeResourceRecordSetsNormalizedRecordNames"][0] == "_mta-sts.*"
    (made,) = [each for each in policy.document["Statement"] if each["Sid"] == "BucketMade"]
    assert made["Resource"] == [f"arn:aws:s3:::{BUCKET}"]
    assert made["Condition"] == {"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}}


@pytest.mark.parametrize(
    ("need", "action"),
    [
        (Need.ZONES, "route53:ChangeResourceRecordSets"),
        (Need.ROLE, "sts:AssumeRole"),
        (Need.ALARMS, "cloudwatch:PutMetricAlarm"),
    ],
)
def test_what_a_stack_does_not_use_is_not_granted(need: Need, action: str) -> None:
    bare = replace(GROUND, needs=frozenset())
    assert action not in actions(Command.UP, bare)
    assert action in actions(Command.UP, replace(bare, needs=frozenset({need})))


def test_the_role_of_a_zone_gets_what_concerns_zones_and_the_stack_does_not() -> None:
    placeholders = replace(
        GROUND, zones=(), roles={ROLE: ("Z0000000002",)}, needs=frozenset({Need.ROLE})
    )
    own, zone = policies(Command.UP, placeholders)
    assert (own.role, zone.role) == ("", ROLE)
    assert zone.name == "mtasts-agency-up-dns-222222222222-dns"
    granted = {each for row in zone.document["Statement"] for each in row["Action"]}
    assert all(each.startswith("route53:") for each in granted)
    assert "route53:ChangeResourceRecordSets" in granted
    assert not any("route53:" in json.dumps(row) for row in own.document["Statement"])
    assert [each.role for each in policies(Command.CHECK, placeholders)] == [""]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ROLE, ROLE.replace("222222222222", "333333333333")),
        (ROLE, f"{ROLE}2"),
        (f"{ROLE}-b", f"{ROLE}.b"),
        (f"{ROLE}-b", f"{ROLE}_b"),
    ],
)
def test_each_role_for_zones_gets_a_policy(one: str, other: str) -> None:
    """Terraform and Pulumi know them by their names: of two with one name, one was lost."""
    roles = {one: ("Z0000000002",), other: ("Z0000000003",)}
    placeholders = replace(GROUND, zones=(), roles=roles, needs=frozenset({Need.ROLE}))
    made = policies(Command.UP, placeholders)
    assert len({each.name for each in made}) == len(made) == 3
    found = Permissions("agency", "up", made, STATEMENTS, None, ())
    for text in (as_terraform(found), as_pulumi(found)):
        assert "Z0000000002" in text
        assert "Z0000000003" in text


@pytest.mark.parametrize(("zones", "count"), [(1, 1), (40, 2), (300, 8)])
def test_above_iams_limit_a_policy_is_split_and_it_is_said(zones: int, count: int) -> None:
    ids = tuple(f"Z{number:020}" for number in range(zones))
    made = policies(Command.UP, replace(GROUND, zones=ids))
    assert len(made) == count
    assert all(each.characters <= POLICY_MAX_CHARACTERS for each in made)
    assert len({each.name for each in made}) == count
    for policy in made:
        sids = [each["Sid"] for each in policy.document["Statement"]]
        assert len(sids) == len(set(sids))
    rows = [each for policy in made for each in policy.document["Statement"]]
    written = [each for each in rows if each["Sid"].startswith("RecordsWritten")]
    assert [zone for each in written for zone in each["Resource"]] == [
        f"arn:aws:route53:::hostedzone/{each}" for each in ids
    ]
    told = Permissions("agency", "up", made, STATEMENTS, None, ()).warnings
    assert len(told) == (count > 1)
    assert not told or f"split into {count} policies: attach all" in told[0]


def test_more_policies_than_a_role_takes_are_told() -> None:
    ids = tuple(f"Z{number:020}" for number in range(700))
    made = policies(Command.UP, replace(GROUND, zones=ids))
    told = Permissions("agency", "up", made, STATEMENTS, None, ()).warnings
    assert "with --zone-id '*' there are fewer policies" in told[1]


def test_each_row_has_its_own_id_purpose_and_actions() -> None:
    sids = [row.sid for row in STATEMENTS]
    assert len(sids) == len(set(sids))
    for row in STATEMENTS:
        assert row.sid.isalnum()
        assert row.purpose.endswith(".")
        assert list(row.actions) == sorted(set(row.actions))
        assert not row.sid[-1].isdigit()  # of a split statement the row is found by its number
    known = {f"{row.sid} {action}" for row in STATEMENTS for action in row.actions}
    assert set(UNSEEN) <= known
    assert {each.sid for each in statements_of(Command.UP, set(Need))} < set(sids)


def test_a_token_that_previews_only_reads() -> None:
    names = {each.name for each in permissions_of(Command.PREVIEW, set(TokenNeed))}
    assert all(each.endswith(" Read") for each in names)
    assert "Zone Read" in {each.name for each in permissions_of(Command.UP, set())}
    assert len({each.name for each in PERMISSIONS}) == len(PERMISSIONS)


def names(rows: tuple[Permission, ...]) -> list[str]:
    return [each.name for each in rows]


@pytest.mark.parametrize(
    ("granted", "expect"),
    [
        pytest.param({"Zone Read", "DNS Read"}, [], id="all"),
        pytest.param({"Zone Read", "DNS Write"}, [], id="writing-includes-reading"),
        pytest.param({"Zone Read"}, ["DNS Read"], id="one-lacks"),
        pytest.param({"Zone Settings Read"}, ["Zone Read", "DNS Read"], id="others"),
    ],
)
def test_what_a_token_lacks(granted: set[str], expect: list[str]) -> None:
    wanted = permissions_of(Command.PREVIEW, {TokenNeed.DNS})
    assert names(lacking(wanted, granted)) == expect


def test_a_token_is_limited_to_account_and_zones() -> None:
    rows = permissions_of(Command.UP, {TokenNeed.DNS, TokenNeed.HOSTING})
    zone, account = token_policies(rows, "a1", ("z1", "z2"))
    prefix = "com.cloudflare.api.account"
    assert zone["resources"] == {f"{prefix}.zone.z1": "*", f"{prefix}.zone.z2": "*"}
    assert {"name": "DNS Write"} in zone["permission_groups"]
    assert account["resources"] == {f"{prefix}.a1": "*"}
    assert {"name": "Workers Scripts Write"} in account["permission_groups"]
    (any_zone, _) = token_policies(rows, "a1", ("*",))
    assert any_zone["resources"] == {f"{prefix}.a1": {f"{prefix}.zone.*": "*"}}
    checks = permissions_of(Command.CHECK, {TokenNeed.HOSTING})
    assert [each["resources"] for each in token_policies(checks, "a1", ())] == [
        {f"{prefix}.a1": "*"}
    ]


@pytest.mark.parametrize(
    ("granted", "expect"),
    [
        pytest.param({"Zone Read", "DNS Read"}, "", id="it-only-previews"),
        pytest.param({"Zone Read", "DNS Write"}, "", id="it-writes"),
        pytest.param({"DNS Read"}, "lacks Zone Read (zone): mtasts iam preview", id="no-zones"),
        pytest.param(
            {"Zone Read", "DNS Read", "Workers Scripts Write"},
            "lacks DNS Write (zone): mtasts iam up --stack agency",
            id="it-writes-not-all",
        ),
    ],
)
def test_a_preview_tells_what_the_token_lacks(granted: set[str], expect: str) -> None:
    found = token_notes(Command.PREVIEW, {TokenNeed.DNS}, granted, "agency")
    assert [expect in str(each) for each in found] == ([True] if expect else [])
    assert token_notes(Command.UP, {TokenNeed.DNS}, {"Zone Read", "DNS Read"}, "agency")
