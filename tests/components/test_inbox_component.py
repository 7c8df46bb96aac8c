"""An inbox with an account and a zone at hand: what is placed, and where nothing is."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from at_hand import account_at_hand, be_a_local_cloud
from pulumi.runtime.config import set_all_config
from recording import record, record_failing

from mtasts.cloud.aws.receipt_rules import ActiveRules
from mtasts.cloud.cloudflare.email_routing import EmailRouting
from mtasts.cloud.of_inbox import InboxClouds
from mtasts.components import Inbox
from mtasts.components.aws import inbox_endpoint
from mtasts.components.aws.inbox import bucket_policy, endpoint_source, lifecycle_rules
from mtasts.components.inbox import Inbox as Own
from mtasts.components.inbox_clouds import place_inbox
from mtasts.config import load_inbox
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID
from mtasts.localcloud.moto_host import session
from mtasts.localcloud.resolution import RecordSet
from mtasts.rollout.resource_policy import Request, evaluate
from mtasts.run.inbox_survey import InboxSurvey
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("moto-in-process")

ZONE, DOMAIN = "example.gov", "reports.example.gov"
STACK = "example-agency"
NAME = f"{STACK}-inbox"
SET, RULE = "inbound", f"mtasts-{STACK}"
BUCKET = f"mtasts-123456789012-us-east-1-{STACK}"
MX = "inbound-smtp.us-east-1.amazonaws.com"


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[str, str]]:
    """An account with a zone that DNS leads to: where its API is, and where its DNS."""
    more = (
        RecordSet(f"null.{ZONE}", "MX", 300, ("0 .",)),
        RecordSet(f"ours.{ZONE}", "MX", 300, (f"10 {MX}.",)),
    )
    with account_at_hand(ZONE, *more, lost="lost.example") as found:
        yield found


@pytest.fixture(autouse=True)
def _a_local_cloud(
    account: tuple[str, str], ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_a_local_cloud(account, ca_file, monkeypatch, CLOUDFLARE_API_TOKEN="t")


@pytest.fixture
def rules(account: tuple[str, str]) -> Iterator[Callable[..., None]]:
    """Has the account have an active rule set of these rules; gone at the end."""
    ses = session().client("ses", endpoint_url=account[0])

    def activate(*names: str, **more: Any) -> None:
        ses.create_receipt_rule_set(RuleSetName=SET)
        for name in reversed(names):
            ses.create_receipt_rule(RuleSetName=SET, Rule={"Name": name, "Enabled": True, **more})
        ses.set_active_receipt_rule_set(RuleSetName=SET)

    yield activate
    ses.set_active_receipt_rule_set()
    for each in ses.list_receipt_rule_sets()["RuleSets"]:
        ses.delete_receipt_rule_set(RuleSetName=each["Name"])


def of_stack(**inbox: Any) -> Callable[[], None]:
    """A program whose stack is an inbox."""

    def program() -> None:
        address = {"address": f"tlsrpt@{DOMAIN}"}
        config = {"aws:region": "us-east-1", "mtasts:inbox": json.dumps(address | inbox)}
        if inbox.get("dns") == "cloudflare":
            config["mtasts:cloudflareAccount"] = ACCOUNT_ID
        set_all_config(config, [])
        Own.of_stack()

    return program


def test_mail_and_requests_lead_to_one_bucket(rules: Callable[..., None]) -> None:
    rules("theirs", "others", Recipients=["mail.example"])
    found = record(of_stack(keepDays=90, atOnce=3))
    rule = found.inputs(f"ReceiptRule {NAME}-rule")
    assert (rule["ruleSetName"], rule["after"], rule["name"]) == (SET, "others", RULE)
    assert rule["recipients"] == [f"tlsrpt@{DOMAIN}"]
    (action,) = rule["s3Actions"]
    assert (action["bucketName"], action["objectKeyPrefix"]) == (BUCKET, "mail/")
    assert found.request(f"ReceiptRule {NAME}-rule").ignoreChanges == ["after"]
    assert f"{NAME}-access" in found.depends_on(f"ReceiptRule {NAME}-rule")
    assert "ReceiptRuleSet" not in " ".join(found.names)

    function = found.inputs(f"Function {NAME}-function")
    assert function["reservedConcurrentExecutions"] == 3
    assert function["environment"] == {"variables": {"BUCKET": BUCKET, "ACCOUNT": "123456789012"}}
    words = [found.inputs(f"Permission {NAME}-{each}") for each in ("url-public", "invoked-by-url")]
    assert [each["action"] for each in words] == [
        "lambda:InvokeFunctionUrl",
        "lambda:InvokeFunction",
    ]
    assert words[1]["invokedViaFunctionUrl"] is True

    mx = found.inputs(f"Record {NAME}-mx")
    assert (mx["name"], mx["records"]) == (DOMAIN, [f"10 {MX}"])
    assert f"{NAME}-rule" in found.depends_on(f"Record {NAME}-mx")
    assert found.inputs(f"Record {NAME}-verified")["name"] == f"_amazonses.{DOMAIN}"
    assert found.request(f"DomainIdentity {NAME}-identity").retainOnDelete
    days = [each["expiration"].get("days") for each in lifecycle_of(found)]
    assert days == [90, None]
    assert found.inputs(f"Bucket {NAME}-bucket")["forceDestroy"] is False


def lifecycle_of(found: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = found.inputs(f"BucketLifecycleConfiguration {NAME}-lifecycle")[
        "rules"
    ]
    return rows


def test_ses_may_write_for_its_own_rule_and_nobody_else() -> None:
    made: Any = {
        "bucket": BUCKET,
        "region": "us-east-1",
        "account_id": "123456789012",
        "rule_set": SET,
        "slug": RULE,
    }
    policy = json.dumps(bucket_policy(made)).encode()
    arn = f"arn:aws:ses:us-east-1:123456789012:receipt-rule-set/{SET}:receipt-rule/{RULE}"

    def allowed(account: str, source: str, key: str, service: str = "ses.amazonaws.com") -> bool:
        context = {
            "aws:sourceaccount": account,
            "aws:sourcearn": source,
            "aws:securetransport": "true",
        }
        resource = f"arn:aws:s3:::{BUCKET}/{key}"
        return evaluate(policy, Request(service, "s3:PutObject", resource, context)).allowed

    assert allowed("123456789012", arn, "mail/1")
    assert not allowed("999999999999", arn, "mail/1")
    assert not allowed("123456789012", f"{arn}-2", "mail/1")
    assert not allowed("123456789012", arn, "https/1")
    assert not allowed("123456789012", arn, "mail/1", "lambda.amazonaws.com")


def test_the_function_is_a_file_of_its_own() -> None:
    source = endpoint_source()
    assert inbox_endpoint.__doc__ is not None
    assert "import mtasts" not in source
    assert "from mtasts" not in source
    assert len(source) < 50_000


def test_deleted_reports_leave_no_markers() -> None:
    assert [each.id for each in lifecycle_rules(30)] == ["reports", "markers"]


def test_in_an_empty_set_the_rule_is_the_first(rules: Callable[..., None]) -> None:
    rules()
    assert "after" not in record(of_stack()).inputs(f"ReceiptRule {NAME}-rule")


def test_another_rule_that_takes_the_mail_is_warned_of(
    rules: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    rules("all", Actions=[{"StopAction": {"Scope": "RuleSet"}}])
    record(of_stack())
    assert "the rule all of the active set inbound applies first" in caplog.text


def test_records_are_handed_out_where_somebody_else_has_the_zone(
    rules: Callable[..., None],
) -> None:
    rules()
    found = record(of_stack(dns="manual"))
    assert not [each for each in found.names if each.startswith(("Record ", "DnsRecord "))]


def test_a_zone_at_cloudflare_takes_the_records(account: tuple[str, str]) -> None:
    del account
    values: dict[str, object] = {
        "aws:region": "us-east-1",
        "mtasts:cloudflareAccount": ACCOUNT_ID,
        "mtasts:inbox": {"address": f"tlsrpt@{DOMAIN}", "dns": "cloudflare"},
    }

    def program() -> None:
        config = load_inbox(values, file="f")
        clouds = InboxClouds.of(STACK, config, values, {"CLOUDFLARE_API_TOKEN": "t"})
        survey = InboxSurvey("123456789012", HostedZone("z", ZONE), ActiveRules(SET, ()), ())
        place_inbox(clouds, survey, pulumi.ResourceOptions())

    found = record(program)
    mx = found.inputs(f"DnsRecord {NAME}-mx")
    assert (mx["content"], mx["priority"], mx["proxied"]) == (MX, 10, False)
    assert found.inputs(f"DnsRecord {NAME}-verified")["content"] == '"token"'


def test_at_cloudflare_mail_and_requests_lead_to_one_worker() -> None:
    values: dict[str, object] = {
        "mtasts:cloudflareAccount": ACCOUNT_ID,
        "mtasts:inbox": {
            "address": f"TLSrpt@{DOMAIN}",
            "hosting": "cloudflare",
            "keepDays": 90,
            "perMinute": 7,
        },
    }
    endpoints: list[str] = []

    def program() -> None:
        config = load_inbox(values, file="f")
        clouds = InboxClouds.of(STACK, config, values, {"CLOUDFLARE_API_TOKEN": "t"})
        routing = EmailRouting("z1", "ours.workers.dev", (), ())
        survey = InboxSurvey(ACCOUNT_ID, HostedZone("z1", ZONE), routing, ())
        endpoint, _, _ = place_inbox(clouds, survey, pulumi.ResourceOptions())
        endpoint.apply(endpoints.append)

    found = record(program)
    assert endpoints == [f"https://{RULE}.ours.workers.dev/"]
    assert found.inputs(f"R2Bucket {NAME}-bucket") == {"accountId": ACCOUNT_ID, "name": RULE}
    (kept,) = found.inputs(f"R2BucketLifecycle {NAME}-lifecycle")["rules"]
    age = {"type": "Age", "maxAge": 90 * 86_400}
    assert kept["deleteObjectsTransition"] == {"condition": age}
    script = found.inputs(f"WorkersScript {NAME}-script")
    # The Worker writes only if R2 fails; a log of each request would have its sender's address.
    rate = {"enabled": True, "headSamplingRate": 1}
    logs = {**rate, "invocationLogs": False, "persist": True}
    assert script["observability"] == {**rate, "logs": logs}
    bucket, limit = script["bindings"]
    assert bucket == {"name": "BUCKET", "type": "r2_bucket", "bucketName": RULE}
    assert limit["simple"] == {"limit": 7, "period": 60}
    assert int(limit["namespaceId"]) > 0
    rule = found.inputs(f"EmailRoutingRule {NAME}-rule")
    assert rule["matchers"] == [{"type": "literal", "field": "to", "value": f"tlsrpt@{DOMAIN}"}]
    assert rule["actions"] == [{"type": "worker", "values": [RULE]}]
    assert f"{NAME}-script" in found.depends_on(f"EmailRoutingRule {NAME}-rule")
    # Whoever destroys an inbox must not switch off the mail of its zone.
    owned = " ".join(found.names)
    assert not [each for each in ("EmailRoutingDns", "Settings", "CatchAll") if each in owned]
    assert not [each for each in found.names if each.startswith("DnsRecord ")]


def test_a_program_may_declare_one(rules: Callable[..., None]) -> None:
    rules()

    def program() -> None:
        set_all_config({"aws:region": "us-east-1"}, [])
        Inbox("reports", {"address": f"tlsrpt@ours.{ZONE}", "keep_days": 40, "dns": "manual"})

    found = record(program)
    assert found.parent("AwsInbox reports-inbox") == "reports"
    days = found.inputs("BucketLifecycleConfiguration reports-inbox-lifecycle")["rules"][0]
    assert days["expiration"]["days"] == 40


def test_without_an_active_set_nothing_is_placed_and_it_is_asked_what_to_do(
    account: tuple[str, str], rules: Callable[..., None]
) -> None:
    del rules
    found, why = record_failing(of_stack())
    assert found.names == [f"Inbox {STACK}"]
    assert "no SES receipt rule set is active in us-east-1" in why
    assert "aws ses create-receipt-rule-set --rule-set-name inbound --region us-east-1" in why
    ses = session().client("ses", endpoint_url=account[0])
    ses.create_receipt_rule_set(RuleSetName="old")
    _, why = record_failing(of_stack())
    assert "Activate one of those that exist (old)" in why


@pytest.mark.parametrize(
    ("inbox", "why"),
    [
        pytest.param({"address": f"tlsrpt@{ZONE}"}, f"receives its mail at mx.{ZONE}", id="mail"),
        pytest.param({"address": f"tlsrpt@null.{ZONE}"}, "has a null MX record", id="null MX"),
        pytest.param({"address": "tlsrpt@other.example"}, "no public hosted zone", id="no zone"),
        pytest.param({"address": "tlsrpt@lost.example"}, "is not the delegated one", id="lost"),
        pytest.param({"keepDays": 1}, "mtasts:inbox.keepDays", id="config"),
        pytest.param({"dns": "cloudflare"}, "Cloudflare, /zones", id="unknown"),
    ],
)
def test_where_it_would_take_mail_or_cannot_know_nothing_is_placed(
    rules: Callable[..., None], inbox: dict[str, object], why: str
) -> None:
    rules()
    found, said = record_failing(of_stack(**inbox))
    assert found.names == [f"Inbox {STACK}"]
    assert why in said


def test_the_program_of_a_stack_places_an_inbox_or_an_agency(
    rules: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    from mtasts.components.program import run  # switches the collector off

    rules()
    caplog.set_level(logging.INFO)

    def program() -> None:
        inbox = json.dumps({"address": f"tlsrpt@{DOMAIN}"})
        set_all_config({"aws:region": "us-east-1", "mtasts:inbox": inbox}, [])
        run()

    assert f"AwsInbox {NAME}" in record(program).names

    def both() -> None:
        values = {"mtasts:inbox": "{}", "mtasts:domains": "[]", "aws:region": "us-east-1"}
        set_all_config(values, [])
        run()

    _, why = record_failing(both)
    assert "an inbox is in a stack of its own" in why
