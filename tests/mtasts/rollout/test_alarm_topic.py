"""Alarms that nobody would hear are told: a topic that is not there, closed, or encrypted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.topics import see_topic
from mtasts.localcloud.moto_host import moto_running, session
from mtasts.rollout.alarm_topic import Key, Topic, topic_notes

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts"
ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:mtasts-b/example.gov/expiry"
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
SERVICE = {"Service": "cloudwatch.amazonaws.com"}


def policy(principal: Any, actions: Any, resource: str, **more: Any) -> bytes:
    allow = {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow | more]}).encode()


def owner(account: str) -> dict[str, Any]:
    return {"StringEquals": {"AWS:SourceOwner": account}}


OPEN = policy(SERVICE, "SNS:Publish", TOPIC)
FROM_ALARMS = {"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:*"}}
USABLE = policy(SERVICE, ["kms:Decrypt", "kms:GenerateDataKey*"], "*")


@pytest.mark.parametrize(
    ("topic", "told"),
    [
        pytest.param(Topic(TOPIC, OPEN), [], id="open"),
        pytest.param(
            Topic(TOPIC, policy(SERVICE, "sns:Publish", TOPIC, Condition=FROM_ALARMS)),
            [],
            id="open-to-alarms",
        ),
        pytest.param(
            Topic(TOPIC, policy({"AWS": "*"}, ["SNS:Publish"], TOPIC, Condition=owner("1" * 12))),
            ["does not let CloudWatch publish (no statement allows it), so nobody receives"],
            id="another-owner",
        ),
        pytest.param(
            Topic(
                TOPIC,
                policy({"AWS": "*"}, ["SNS:Publish"], TOPIC, Condition=owner("123456789012")),
            ),
            [],
            id="as-sns-writes-it",
        ),
        pytest.param(
            Topic(TOPIC, policy({"Service": "s3.amazonaws.com"}, "sns:Publish", TOPIC)),
            ["allow sns:Publish to the service cloudwatch.amazonaws.com"],
            id="another-service",
        ),
        pytest.param(
            Topic(TOPIC, policy(SERVICE, "sns:Publish", TOPIC, Effect="Deny")),
            ["(a statement denies it)"],
            id="denied",
        ),
        pytest.param(
            Topic(
                TOPIC,
                policy(
                    SERVICE,
                    "sns:Publish",
                    TOPIC,
                    Condition={"IpAddress": {"aws:SourceIp": "192.0.2.1"}},
                ),
            ),
            ["could not find out whether the policy of", "unknown condition operator 'IpAddress'"],
            id="not-understood",
        ),
        pytest.param(
            Topic(TOPIC, is_missing=True),
            ["does not exist, so nobody receives an alarm: create it, or name another"],
            id="missing",
        ),
        pytest.param(
            Topic(TOPIC, problem="AuthorizationError"),
            ["could not find out whether CloudWatch may publish", "(sns:GetTopicAttributes)"],
            id="unreadable",
        ),
        pytest.param(
            Topic(TOPIC, OPEN, Key("alias/aws/sns", is_managed=True)),
            ["AWS's own key alias/aws/sns, which CloudWatch cannot use", "kms:GenerateDataKey*"],
            id="managed-key",
        ),
        pytest.param(Topic(TOPIC, OPEN, Key(KEY, policy=USABLE)), [], id="own-key"),
        pytest.param(
            Topic(TOPIC, OPEN, Key(KEY, policy=policy(SERVICE, "kms:Decrypt", "*"))),
            [f"encrypted with {KEY}, whose policy does not let CloudWatch use it"],
            id="own-key-half-open",
        ),
        pytest.param(
            Topic(TOPIC, OPEN, Key(KEY, policy=USABLE.replace(b"Resource", b"NotResource"))),
            ["could not find out whether CloudWatch may use", "unknown element 'NotResource'"],
            id="own-key-not-understood",
        ),
        pytest.param(
            Topic(TOPIC, OPEN, Key(KEY, problem="AccessDenied")),
            ["(kms:DescribeKey, kms:GetKeyPolicy): AccessDenied"],
            id="own-key-unreadable",
        ),
    ],
)
def test_what_keeps_an_alarm_unheard_is_told(topic: Topic, told: list[str]) -> None:
    notes = list(topic_notes(topic, ALARM))
    assert len(notes) == bool(told)
    assert all(each in str(note) for each in told for note in notes)


def test_topic_and_key_are_told_each() -> None:
    closed = Topic(TOPIC, policy("*", "sns:Subscribe", TOPIC), Key("k", is_managed=True))
    assert len(list(topic_notes(closed, ALARM))) == 2


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    with moto_running() as url:
        endpoints = {"sns": url, "kms": url, "sts": url}
        yield Account(AwsSettings("us-east-1", endpoints=endpoints))


def client(account: Account, service: Any) -> Any:
    return session().client(service, endpoint_url=account.settings.endpoints[service])


def test_a_topic_is_seen_as_sns_makes_it(account: Account) -> None:
    assert see_topic(account, TOPIC) == Topic(TOPIC, is_missing=True)
    arn = client(account, "sns").create_topic(Name="alerts")["TopicArn"]
    found = see_topic(account, arn)
    assert found.key is None
    assert list(topic_notes(found, ALARM)) == []


def test_the_key_of_a_topic_is_seen_by_id_and_by_alias(account: Account) -> None:
    kms, sns = client(account, "kms"), client(account, "sns")
    made = kms.create_key(Policy=USABLE.decode())["KeyMetadata"]
    kms.create_alias(AliasName="alias/alerts", TargetKeyId=made["KeyId"])
    arn = sns.create_topic(Name="alerts")["TopicArn"]

    def key_of(name: str) -> Key | None:
        sns.set_topic_attributes(TopicArn=arn, AttributeName="KmsMasterKeyId", AttributeValue=name)
        return see_topic(account, arn).key

    for name in (made["KeyId"], "alias/alerts"):
        assert key_of(name) == Key(made["Arn"], policy=USABLE)
    assert key_of("alias/aws/sns") == Key("alias/aws/sns", is_managed=True)
    unknown = key_of("alias/nothing")
    assert unknown is not None
    assert "NotFoundException" in unknown.problem


@pytest.mark.parametrize("service", ["sns", "kms"])
def test_what_cannot_be_asked_is_not_known(account: Account, service: str) -> None:
    sns = client(account, "sns")
    arn = sns.create_topic(Name="alerts", Attributes={"KmsMasterKeyId": "k"})["TopicArn"]
    endpoints = {**account.settings.endpoints, service: "http://127.0.0.1:9"}
    found = see_topic(Account(AwsSettings("us-east-1", endpoints=endpoints), attempts_max=1), arn)
    problem = found.problem or (found.key.problem if found.key else "")
    assert "Could not connect" in problem


def test_a_key_of_aws_is_known_by_its_id(account: Account) -> None:
    class Managed:
        settings = account.settings

        def client(self, service: str, *, region: str) -> Any:
            assert region == "us-east-1"
            return self if service == "kms" else client(account, service)

        def describe_key(self, **_: str) -> Any:
            return {"KeyMetadata": {"KeyManager": "AWS", "KeyId": "k", "Arn": KEY}}

    arn = client(account, "sns").create_topic(Name="a", Attributes={"KmsMasterKeyId": KEY})
    found = see_topic(Managed(), arn["TopicArn"])  # type: ignore[arg-type]  # as far as it is used
    assert found.key == Key(KEY, is_managed=True)


def test_a_refusal_is_no_missing_topic() -> None:
    from botocore.exceptions import ClientError  # as the module's own

    class Closed:
        def client(self, *_: str, **__: str) -> Any:
            return self

        def get_topic_attributes(self, **_: str) -> Any:
            raise ClientError({"Error": {"Code": "AuthorizationError"}}, "GetTopicAttributes")

    found = see_topic(Closed(), TOPIC)  # type: ignore[arg-type]  # as far as it is used
    assert "AuthorizationError" in found.problem
