"""One run of an agency, with an account and a zone at hand: what is declared, and what is not."""

from __future__ import annotations

import datetime as dt
import gc
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from at_hand import account_at_hand, be_a_local_cloud
from pulumi.runtime.config import set_all_config
from pulumi_aws import s3
from recording import record, record_failing

from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.ledger_store import S3Store
from mtasts.cloud.naming import bucket_name
from mtasts.components.agency import Agency
from mtasts.ledger.entries import Body, Proof, render_entry
from mtasts.localcloud.moto_host import make_bucket, session
from mtasts.localcloud.resolution import RecordSet
from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy, policy_id
from mtasts.rollout.outlook import FILE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("moto-in-process")

DOMAIN, OTHER = "example.gov", "b.example.gov"
STACK = "example-agency"
BODY = f"BucketObjectv2 {DOMAIN}-policy"


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[str, str]]:
    """An account with a zone that DNS leads to: where its API is, and where its DNS."""
    with account_at_hand(
        DOMAIN, RecordSet(OTHER, "MX", 300, (f"10 elsewhere.{DOMAIN}.",))
    ) as found:
        yield found


@pytest.fixture(autouse=True)
def _a_local_cloud(
    account: tuple[str, str], ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_a_local_cloud(account, ca_file, monkeypatch)


def stack_config(*domains: dict[str, Any], **changes: str) -> dict[str, str]:
    listed = domains or ({"name": DOMAIN, "mx": [f"mx.{DOMAIN}"]},)
    values = {
        "agency": "Department of Tests",
        "profile": "rfc",
        "dns": "route53",
        "hosting": "aws",
        "tlsReports": json.dumps([f"mailto:tlsrpt@{DOMAIN}"]),
        "domains": json.dumps(listed),
    }
    keys = {f"mtasts:{key}": value for key, value in (values | changes).items()}
    return {"aws:region": "us-east-1"} | keys


def with_config(
    config: dict[str, str], program: Callable[[], object] = Agency.of_stack
) -> Callable[[], None]:
    def run() -> None:
        set_all_config(config, [])
        program()

    return run


def test_a_stack_is_one_agency_with_everything_below_it() -> None:
    found = record(with_config(stack_config()))
    assert {BODY, f"Record {DOMAIN}-sts"} <= set(found.names)
    (top,) = [name for name in found.names if found.parent(name) == f"mtasts-{STACK}"]
    assert top == f"Agency {STACK}"
    # Older versions placed them below the stack.
    for name in ("PolicyBucket policies", f"MailDomain {DOMAIN}"):
        assert found.parent(name) == STACK
        (alias,) = found.request(name).aliases
        assert alias.spec.noParent or alias.spec.parentUrn


def test_a_domain_that_is_held_fails_the_run_once_the_others_are_placed() -> None:
    held = {"name": OTHER, "mx": [f"mx.{DOMAIN}"], "mode": "enforce"}
    config = stack_config({"name": DOMAIN, "mx": [f"mx.{DOMAIN}"]}, held)
    found, why = record_failing(with_config(config))
    assert f"Record {DOMAIN}-sts" in found.names
    assert f"MailDomain {OTHER}" not in found.names
    assert f"{OTHER}: " in why
    assert "[mx-uncovered]" in why


def test_what_is_doubtful_is_warned_of_and_what_comes_of_the_run_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    decided = {"reason": "a test", "approvedBy": "A. B.", "expires": f"{tomorrow}"}
    one = {"name": DOMAIN, "mx": [f"mx.{DOMAIN}"], "override": {"for": ["evidence"], **decided}}
    record(with_config(stack_config(one | {"mode": "none", "retire": True})))
    told = {each.levelname: each.getMessage() for each in caplog.records if DOMAIN in each.msg}
    assert "[override-stands]" in told["WARNING"]
    assert "[retirement-done]" in told["INFO"]


@pytest.mark.parametrize(
    ("config", "why"),
    [
        pytest.param({"mtasts:mode": "on"}, f"stacks/Pulumi.{STACK}.yaml: mtasts:mode", id="wrong"),
        pytest.param({}, f"stacks/Pulumi.{STACK}.yaml does not exist", id="missing"),
    ],
)
def test_without_a_config_that_can_be_applied_nothing_is_placed(
    config: dict[str, str], why: str
) -> None:
    found, said = record_failing(with_config(config))
    assert found.names == [f"Agency {STACK}"]
    assert why in said


def arguments(**changes: Any) -> Any:
    """One agency as a program of its own declares it."""
    domain = {"name": DOMAIN, "mx": [f"mx.{DOMAIN}"]} | changes
    return {
        "agency": "Department of Tests",
        "profile": "rfc",
        "tls_reports": [f"mailto:tlsrpt@{DOMAIN}"],
        "domains": [domain],
    }


def test_what_an_agency_places_comes_after_what_its_arguments_come_of(
    account: tuple[str, str],
) -> None:
    client = session().client("route53", endpoint_url=account[0])
    zone_id = client.list_hosted_zones()["HostedZones"][0]["Id"].removeprefix("/hostedzone/")

    def program() -> None:
        # It stands for the zone of the same program.
        made = s3.BucketObjectv2("zone", bucket="b", key=zone_id)
        Agency("example", arguments(zone_id=made.key))

    found = record(with_config({"aws:region": "us-east-1"}, program))
    assert found.inputs(f"Record {DOMAIN}-sts")["zoneId"] == zone_id
    assert "zone" in found.depends_on(f"Record {DOMAIN}-sts")
    assert found.parent("PolicyBucket example-policies") == "example"
    assert not found.request("PolicyBucket example-policies").aliases


def enforced(url: str, name: str) -> None:
    """A ledger of a domain that was enforced, in the bucket of the agency ``name``."""
    body = Policy(Mode.ENFORCE, 604800, (MxPattern(f"mx.{DOMAIN}"),)).render()
    id_ = policy_id(body)
    bucket = bucket_name("123456789012", "us-east-1", name)
    make_bucket(url, bucket)
    settings = AwsSettings(
        "us-east-1", access_key="local", secret_key="local", endpoints={"s3": url}
    )
    store = S3Store(Account(settings), bucket, name)
    now = dt.datetime.now(dt.UTC)
    for entry in (Body(1, now, body, 0, id_), Proof(2, now, id_)):
        assert store.append("gone.example.gov", entry.number, render_entry(entry))


def test_a_domain_that_was_enforced_and_is_not_listed_ends_the_run_before_anything_is_placed(
    account: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enforced(account[0], "left")
    told = tmp_path / "outlook.json"
    monkeypatch.setenv(FILE_VARIABLE, str(told))

    def program() -> None:
        Agency("left", arguments())

    for is_preview in (False, True):
        config = {"aws:region": "us-east-1"}
        found, why = record_failing(with_config(config, program), is_preview=is_preview)
        assert found.names == ["Agency left"]
        assert "[domain-vanished]" in why
        assert "gone.example.gov" in why
    assert "domain-vanished" in told.read_text()


def test_a_preview_tells_what_a_plan_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "outlook.json"
    found = record(with_config(stack_config()), is_preview=True)
    assert BODY in found.names
    monkeypatch.setenv(FILE_VARIABLE, str(told))
    record(with_config(stack_config()), is_preview=True)
    assert DOMAIN in told.read_text()


def test_the_program_of_a_stack_exports_what_is_published() -> None:
    from mtasts.components.program import run  # switches the collector off

    gc.enable()
    found = record(with_config(stack_config(), run))
    assert f"MailDomain {DOMAIN}" in found.names
