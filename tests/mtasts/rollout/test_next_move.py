"""The steps of a move, from values: each leads to the next, and the last to the end."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from fake_outside import FakeOutside
from memory_store import MemoryStore

from mtasts.cli.main import main
from mtasts.clock import SKEW
from mtasts.config import AgencyConfig, Dns, Hosting, load
from mtasts.errors import UsageError
from mtasts.ledger.entries import (
    Body,
    Delegated,
    Entry,
    Hosted,
    HostTarget,
    PhaseEntered,
    Proof,
    ProtectionChanged,
    ZoneSeen,
)
from mtasts.ledger.history import Ledger
from mtasts.ledger.phases import Phase
from mtasts.ledger.recorder import Recorder
from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy
from mtasts.rollout.move import Move
from mtasts.rollout.move_rules import host_refusals, zone_refusals
from mtasts.rollout.next_move import Goal, Step, check_goal, commands, goal_of, next_step
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from pathlib import Path

NAME = "example.gov"
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=3)
AWS, CLOUDFLARE = Hosting.AWS, Hosting.CLOUDFLARE
ACCOUNT = "a" * 32
OURS = HostedZone("Z1", NAME, frozenset({"ns1.aws.example"}))
THEIRS = HostedZone("c" * 32, NAME, frozenset({"ada.cloud.example"}))
BODY = Policy(Mode.ENFORCE, 86_400, (MxPattern("mx.example.gov"),)).render()


def config(hosting: str, dns: str, **more: str) -> AgencyConfig:
    """A stack with an account at both clouds, as far as it uses them."""
    values: dict[str, object] = {
        "mtasts:agency": "A",
        "mtasts:hosting": hosting,
        "mtasts:dns": dns,
        "mtasts:tlsReports": ["mailto:a@reports.example"],
        "mtasts:domains": [{"name": NAME, "mx": ["mx.example.gov"]}],
        **{f"mtasts:{key}": value for key, value in more.items()},
    }
    if hosting == "aws" or "leaving" in more:
        values["aws:region"] = "eu-west-1"
    if "cloudflare" in (hosting, dns, *more.values()):
        values["mtasts:cloudflareAccount"] = ACCOUNT
    return load(values, file="stacks/Pulumi.test.yaml")


def ledgers(*entries: Entry, zone: HostedZone = THEIRS) -> dict[str, Ledger]:
    first: tuple[Entry, ...] = (Body(1, NOW, BODY, 0, "1"), Proof(2, NOW, "1"))
    return {NAME: Ledger((*first, ZoneSeen(3, NOW, zone), *entries))}


def crossed(zone: HostedZone, *entries: Entry) -> dict[str, Ledger]:
    """A domain whose records went to ``zone`` from the other one."""
    former = OURS if zone is THEIRS else THEIRS
    (known,) = ledgers(zone=former).values()
    return {NAME: Ledger((*known.entries, ZoneSeen(4, NOW, zone), *entries))}


def step(found: AgencyConfig, known: dict[str, Ledger], goal: Goal, at: dt.datetime = NOW) -> Step:
    due = next_step(found, known, goal, at)
    assert due is not None
    return due


TO_CLOUDFLARE = Goal(CLOUDFLARE, Dns.CLOUDFLARE)
TO_AWS = Goal(AWS, Dns.ROUTE53)
FREED = ProtectionChanged(4, NOW, is_free=True)
AT_AWS = HostTarget(4, NOW, THEIRS.zone_id, "aws", 300)
GONE = (AT_AWS, HostTarget(5, NOW, THEIRS.zone_id, "cloudflare", 300))


def test_a_host_goes_to_cloudflare_step_by_step() -> None:
    there = config("aws", "cloudflare")
    assert step(there, ledgers(), TO_CLOUDFLARE).keys == (("mtasts:leaving", "aws"),)
    leaving = config("aws", "cloudflare", leaving="aws")
    protected = step(leaving, ledgers(), TO_CLOUDFLARE)
    assert (protected.keys, "protected still" in protected.why) == ((), True)
    moves = step(leaving, ledgers(FREED), TO_CLOUDFLARE)
    assert moves.keys == (("mtasts:hosting", "cloudflare"),)
    moving = config("cloudflare", "cloudflare", leaving="aws")
    for known in (ledgers(), ledgers(AT_AWS), {NAME: Ledger()}):
        waits = step(moving, known, TO_CLOUDFLARE)
        assert (waits.keys, "has not switched" in waits.why) == ((), True)
    early = step(moving, ledgers(*GONE), TO_CLOUDFLARE)
    assert early.not_before == NOW + dt.timedelta(seconds=300) + SKEW
    assert commands("agency", early) == []
    last = step(moving, ledgers(*GONE), TO_CLOUDFLARE, LATER)
    assert commands("agency", last) == [
        ["pulumi", "config", "rm", "mtasts:leaving", "-s", "agency"],
        ["pulumi", "up", "-s", "agency"],
    ]
    born = ledgers(GONE[1])
    assert step(moving, born, TO_CLOUDFLARE).keys == (("mtasts:leaving", None),)
    assert next_step(config("cloudflare", "cloudflare"), {}, TO_CLOUDFLARE, NOW) is None


def test_a_zone_moves_step_by_step() -> None:
    to = Goal(AWS, Dns.CLOUDFLARE)
    with pytest.raises(UsageError, match="--cloudflare-account ID"):
        check_goal(config("aws", "route53"), to)
    named = replace(to, cloudflare_account=ACCOUNT)
    first = step(config("aws", "route53"), ledgers(zone=OURS), named)
    assert first.keys == (
        ("mtasts:dns", "cloudflare"),
        ("mtasts:leavingDns", "route53"),
        ("mtasts:cloudflareAccount", ACCOUNT),
    )
    assert first.before.startswith("make the zone at cloudflare")
    moving = config("aws", "cloudflare", leavingDns="route53")
    for known in (ledgers(zone=OURS), {NAME: Ledger()}):
        assert "in the former zone alone" in step(moving, known, to).why
    for entries in ((), (Delegated(4, NOW, OURS.zone_id, 172_800),)):
        named_step = step(moving, crossed(THEIRS, *entries), to)
        assert named_step.before == f"have the registrar of {NAME} name ada.cloud.example alone"
    led = crossed(THEIRS, Delegated(5, NOW, THEIRS.zone_id, 172_800))
    assert step(moving, led, to).not_before == NOW + dt.timedelta(days=2) + SKEW
    assert step(moving, led, to, LATER).keys == (("mtasts:leavingDns", None),)
    assert next_step(config("aws", "cloudflare"), led, to, LATER) is None
    back = step(config("aws", "cloudflare"), led, TO_AWS)
    assert back.keys == (("mtasts:dns", "route53"), ("mtasts:leavingDns", "cloudflare"))
    left = config("aws", "route53", leavingDns="cloudflare")
    at_home = crossed(OURS, Delegated(5, NOW, OURS.zone_id, 172_800))
    assert [key for key, _ in step(left, at_home, TO_AWS, LATER).keys] == [
        "mtasts:leavingDns",
        "mtasts:cloudflareAccount",
        "mtasts:settleSeconds",
    ]
    # First the zone, then the host.
    assert step(
        config("aws", "route53"), {}, replace(TO_CLOUDFLARE, cloudflare_account=ACCOUNT)
    ).keys[0] == (
        "mtasts:dns",
        "cloudflare",
    )


def test_a_host_leaves_cloudflare_with_its_zone_step_by_step() -> None:
    first = step(config("cloudflare", "cloudflare"), ledgers(), TO_AWS)
    assert first.keys == (("aws:region", "us-east-1"), ("mtasts:leaving", "cloudflare"))
    assert commands("agency", first)[-2:] == [
        ["mtasts", "recover", "agency"],  # a bucket may be left of an earlier life
        ["pulumi", "up", "-s", "agency"],
    ]
    has_region = replace(config("cloudflare", "cloudflare"), region="eu-west-1")
    assert step(has_region, ledgers(), TO_AWS).keys == (("mtasts:leaving", "cloudflare"),)
    second = step(config("cloudflare", "cloudflare", leaving="cloudflare"), ledgers(), TO_AWS)
    assert second.keys == (("mtasts:dns", "route53"), ("mtasts:hosting", "aws"))
    moving = config("aws", "route53", leaving="cloudflare")
    led = crossed(OURS, Delegated(5, NOW, OURS.zone_id, 172_800))
    assert [key for key, _ in step(moving, led, TO_AWS, LATER).keys] == [
        "mtasts:leavingDns",
        "mtasts:leaving",
        "mtasts:cloudflareAccount",
        "mtasts:settleSeconds",
    ]


def test_a_move_is_given_up() -> None:
    moving = config("cloudflare", "cloudflare", leaving="aws")
    for known in (ledgers(AT_AWS), {NAME: Ledger()}):
        back = step(moving, known, Goal(AWS, Dns.CLOUDFLARE))
        assert back.keys == (("mtasts:hosting", "aws"), ("mtasts:leaving", "cloudflare"))
    with pytest.raises(UsageError, match="finish the move with --hosting cloudflare"):
        step(moving, ledgers(*GONE), Goal(AWS, Dns.CLOUDFLARE))
    given_up = config("aws", "cloudflare", leaving="cloudflare")
    assert step(given_up, ledgers(AT_AWS), Goal(AWS, Dns.CLOUDFLARE)).keys == (
        ("mtasts:leaving", None),
    )
    again = step(given_up, ledgers(AT_AWS), TO_CLOUDFLARE)
    assert again.keys == (("mtasts:leaving", "aws"),)
    both = config("aws", "route53", leaving="cloudflare")
    assert dict(step(both, ledgers(zone=OURS), TO_CLOUDFLARE).keys) == {
        "mtasts:hosting": "cloudflare",
        "mtasts:dns": "cloudflare",
        "mtasts:leaving": "aws",
        "mtasts:leavingDns": "route53",
    }
    back_home = config("cloudflare", "cloudflare", leaving="aws", leavingDns="route53")
    led = crossed(THEIRS, Delegated(5, NOW, THEIRS.zone_id, 172_800))
    assert [key for key, _ in step(back_home, led, TO_CLOUDFLARE, LATER).keys] == [
        "mtasts:leavingDns",
        "mtasts:leaving",
    ]


def test_a_step_that_nothing_follows_is_called_off() -> None:
    for hosting, to in (("aws", Goal(AWS, Dns.CLOUDFLARE)), ("cloudflare", TO_CLOUDFLARE)):
        begun = config(hosting, "cloudflare", leaving=hosting)
        assert step(begun, ledgers(), to).keys == (("mtasts:leaving", None),)
    begun = config("aws", "cloudflare", leaving="aws")
    assert step(begun, ledgers(), TO_AWS).keys == (("mtasts:leaving", None),)


def test_domains_that_go_or_came_meanwhile_hold_nothing_up() -> None:
    retired = ledgers(AT_AWS, PhaseEntered(5, NOW, Phase.ADDRESSES_GONE))[NAME]
    moving = config("cloudflare", "cloudflare", leaving="aws")
    both = {**ledgers(*GONE), f"old.{NAME}": retired}
    assert step(moving, both, TO_CLOUDFLARE, LATER).keys == (("mtasts:leaving", None),)
    to = Goal(AWS, Dns.CLOUDFLARE)
    zones = config("aws", "cloudflare", leavingDns="route53")
    led = (ZoneSeen(3, NOW, OURS), ZoneSeen(4, NOW, THEIRS))
    known = Ledger((*ledgers()[NAME].entries[:2], *led, Delegated(5, NOW, THEIRS.zone_id, 1)))
    came = {NAME: known, f"new.{NAME}": ledgers()[NAME]}
    assert step(zones, came, to, LATER).keys == (("mtasts:leavingDns", None),)


def test_a_step_says_what_the_rules_of_its_run_say() -> None:
    moving = config("aws", "cloudflare", leavingDns="route53")
    led = crossed(THEIRS, Delegated(5, NOW, THEIRS.zone_id, 172_800))
    early = step(moving, led, Goal(AWS, Dns.CLOUDFLARE))
    ended = Move.recorded(NAME, led[NAME], config("aws", "cloudflare"), NOW)
    assert ended is not None
    (refused,) = zone_refusals(ended)
    assert (early.why, early.not_before) == (refused.text, refused.until)
    hosts = config("cloudflare", "cloudflare", leaving="aws")
    early = step(hosts, ledgers(*GONE), TO_CLOUDFLARE)
    ended = Move.recorded(NAME, ledgers(*GONE)[NAME], config("cloudflare", "cloudflare"), NOW)
    assert ended is not None
    (refused,) = host_refusals(ended)
    assert (early.why, early.not_before) == (refused.text, refused.until)


def test_a_host_does_not_switch_while_its_records_are_in_another_zone() -> None:
    leaving = config("aws", "cloudflare", leaving="aws")
    for known in (ledgers(FREED, zone=OURS), {NAME: Ledger()}):
        due = step(leaving, known, TO_CLOUDFLARE)
        assert (due.keys, "in the former zone alone" in due.why) == ((), True)


def test_a_move_that_dns_followed_is_finished_first() -> None:
    both = config("aws", "route53", leaving="cloudflare")
    led = ledgers(Delegated(4, NOW, OURS.zone_id, 172_800), zone=OURS)
    with pytest.raises(UsageError, match="finish the move with --hosting aws"):
        step(both, led, TO_CLOUDFLARE)
    # An earlier move brought DNS to the zone that this one has not left yet.
    earlier = crossed(THEIRS, Delegated(5, NOW, THEIRS.zone_id, 172_800))
    assert dict(step(both, earlier, TO_CLOUDFLARE).keys)["mtasts:hosting"] == "cloudflare"
    back = config("cloudflare", "cloudflare", leaving="aws", leavingDns="route53")
    assert dict(step(back, led, TO_AWS).keys) == {
        "mtasts:hosting": "aws",
        "mtasts:dns": "route53",
        "mtasts:leaving": "cloudflare",
        "mtasts:leavingDns": None,
    }


@pytest.mark.parametrize(
    ("found", "goal", "says"),
    [
        (config("aws", "manual"), TO_CLOUDFLARE, "as they please"),
        (config("aws", "route53"), Goal(AWS, Dns.MANUAL), "as they please"),
        (config("aws", "route53"), Goal(CLOUDFLARE, Dns.ROUTE53), "needs its zone at Cloudflare"),
    ],
)
def test_where_no_steps_lead_is_told(found: AgencyConfig, goal: Goal, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        check_goal(found, goal)


STACK = """config:
  aws:region: us-east-1
  mtasts:agency: Department of Tests
  mtasts:dns: {dns}
  mtasts:cloudflareAccount: 0123456789abcdef0123456789abcdef
  mtasts:tlsReports: [mailto:tlsrpt@reports.example]
  mtasts:domains: [{{name: example.gov, mx: [mx1.example.gov]}}, {{name: new.gov, mx: [a.new.gov]}}]
"""


@pytest.mark.parametrize(
    ("found", "goal"),
    [
        pytest.param(config("aws", "route53"), None, id="stays-on-aws"),
        pytest.param(config("cloudflare", "cloudflare"), None, id="stays-on-cloudflare"),
        pytest.param(
            config("aws", "cloudflare", leavingDns="route53"),
            Goal(AWS, Dns.CLOUDFLARE),
            id="zone-moves",
        ),
        pytest.param(
            config("aws", "cloudflare", leaving="aws"),
            Goal(CLOUDFLARE, Dns.CLOUDFLARE),
            id="aws-is-about-to-be-left",
        ),
        pytest.param(
            config("cloudflare", "cloudflare", leaving="aws"),
            Goal(CLOUDFLARE, Dns.CLOUDFLARE),
            id="aws-is-left",
        ),
        pytest.param(
            config("cloudflare", "cloudflare", leaving="cloudflare"),
            Goal(AWS, Dns.ROUTE53),
            id="cloudflare-is-about-to-be-left",
        ),
        pytest.param(
            config("aws", "route53", leaving="cloudflare"),
            Goal(AWS, Dns.ROUTE53),
            id="cloudflare-is-left",
        ),
    ],
)
def test_a_config_says_where_its_stack_is_going(found: AgencyConfig, goal: Goal | None) -> None:
    assert goal_of(found) == goal


def run(
    folder: Path, outside: FakeOutside, *words: str, more: str = "", dns: str = "cloudflare"
) -> int:
    (folder / "Pulumi.agency.yaml").write_text(STACK.format(dns=dns) + more)
    return main(["move", "agency", "--stacks", str(folder), *words], outside)


def test_the_command_prints_what_is_due(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = MemoryStore(*ledgers(Hosted(4, NOW, "aws"))[NAME].entries)
    outside = FakeOutside(ledger_of=Recorder(store, Hosting.AWS))
    assert run(tmp_path, outside) == 0
    assert capsys.readouterr().out == "agency: the move is complete, and nothing is left to do\n"
    assert run(tmp_path, outside, "--hosting", "cloudflare") == 1
    assert capsys.readouterr().out.splitlines() == [
        "agency: turn off deletion protection of what will be removed",
        "  pulumi config set mtasts:leaving aws -s agency",
        "  pulumi up -s agency",
    ]
    assert run(tmp_path, outside, "--dns", "route53") == 1
    assert "  first make the zone at route53" in capsys.readouterr().out
    assert run(tmp_path, outside, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == {"done": True}
    assert run(tmp_path, outside, "--dns", "route53", "--format", "json") == 1
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["run"][-1] == ["pulumi", "up", "-s", "agency"]
    assert (found["done"], found["notBefore"]) == (False, None)
    leaving = "  mtasts:leaving: cloudflare\n"
    assert run(tmp_path, outside, "--hosting", "cloudflare", more=leaving, dns="route53") == 1
    assert "mtasts:leavingDns route53" in capsys.readouterr().out
    # A Worker is left with its zone, and what is not written has not to be removed.
    store.entries = MemoryStore(
        *crossed(OURS, Delegated(5, NOW, OURS.zone_id, 1))[NAME].entries
    ).entries
    outside = replace(outside, now=LATER, ledger_of=Recorder(store, Hosting.AWS))
    assert run(tmp_path, outside, "--hosting", "aws", more=leaving, dns="route53") == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  pulumi config rm mtasts:leaving -s agency",
        "  pulumi config rm mtasts:cloudflareAccount -s agency",
        "  pulumi up -s agency",
    ]
    early = "  mtasts:leavingDns: cloudflare\n"
    outside = replace(outside, now=NOW)
    assert run(tmp_path, outside, "--format", "json", more=early, dns="route53") == 1
    assert json.loads(capsys.readouterr().out)["notBefore"] == "2026-01-01T01:00:01+00:00"
    assert run(tmp_path, outside, "--hosting", "cloudflare", "--dns", "route53", dns="route53") == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--dns", "cloudflare", "--cloudflare-account", "xyz"), "write its 32 hex digits"),
        (("--region", "us-gov-west-1"), "use a commercial account and region"),
        (("--hosting", "cloudflare", "--dns", "route53"), "needs its zone at Cloudflare"),
    ],
)
def test_what_cannot_be_is_told_before_anybody_is_asked(
    words: tuple[str, ...],
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    outside = FakeOutside(ledger_of=AssertionError("somebody was asked"))
    assert run(tmp_path, outside, *words) == 2
    assert says in capsys.readouterr().err
