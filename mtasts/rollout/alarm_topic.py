"""Whether CloudWatch may publish alarms to the SNS topic, by the policies of topic and KMS key.

An alarm that may not publish fails silently, so a preview warns of it. No run is held for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.rollout.resource_policy import Request, evaluate
from mtasts.rulings import warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.rulings import Ruling

CLOUDWATCH = "cloudwatch.amazonaws.com"
_KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
_UNHEARD = "so nobody receives an alarm"


@dataclass(frozen=True, slots=True)
class Key:
    """The KMS key of a topic: AWS's own or, with its ``policy``, a customer's."""

    id: str
    is_managed: bool = False
    policy: bytes = b""
    problem: str = ""
    """Why its policy could not be read."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the account told of it; ``key`` is None where it is not encrypted."""

    arn: str
    policy: bytes = b""
    key: Key | None = None
    is_missing: bool = False
    problem: str = ""
    """Why its attributes could not be read."""


def topic_notes(topic: Topic, alarm: str) -> Iterator[Ruling]:
    """Why the alarm ``alarm`` (an ARN) cannot publish to ``topic``, or why that is unknown."""
    subject = f"mtasts:alarmTopic: {topic.arn}"
    if topic.is_missing:
        text = f"{subject} does not exist, {_UNHEARD}"
        yield warning("alarm-topic-missing", text, "create it, or name another topic")
        return
    if topic.problem:
        yield warning(
            "alarm-topic-unknown",
            f"could not find out whether CloudWatch may publish to {topic.arn} "
            f"(sns:GetTopicAttributes): {topic.problem}",
        )
        return
    account = alarm.split(":")[4]
    context = {
        "aws:securetransport": "true",
        "aws:sourceaccount": account,
        "aws:sourcearn": alarm,
        "aws:sourceowner": account,  # what the policy that SNS writes by itself asks for
    }
    verdict = evaluate(topic.policy, Request(CLOUDWATCH, "sns:Publish", topic.arn, context))
    if not verdict.is_known:
        yield warning(
            "alarm-topic-unknown",
            f"could not find out whether the policy of {topic.arn} lets CloudWatch publish: "
            f"{verdict.reason}",
        )
    elif not verdict.allowed:
        yield warning(
            "alarm-topic-closed",
            f"{subject} has a policy that does not let CloudWatch publish ({verdict.reason}), "
            f"{_UNHEARD}",
            f"allow sns:Publish to the service {CLOUDWATCH}",
        )
    if topic.key is not None:
        yield from _key_notes(subject, topic.key, context)


def _key_notes(subject: str, key: Key, context: dict[str, str]) -> Iterator[Ruling]:
    fix = f"a key of your own whose policy allows {' and '.join(_KEY_ACTIONS)}* to {CLOUDWATCH}"
    if key.is_managed:
        yield warning(
            "alarm-key-closed",
            f"{subject} is encrypted with AWS's own key {key.id}, which CloudWatch cannot use, "
            f"{_UNHEARD}",
            f"encrypt the topic with {fix}",
        )
        return
    unknown = f"could not find out whether CloudWatch may use {key.id}, which encrypts {subject}"
    if key.problem:
        text = f"{unknown} (kms:DescribeKey, kms:GetKeyPolicy): {key.problem}"
        yield warning("alarm-topic-unknown", text)
        return
    verdicts = [
        evaluate(key.policy, Request(CLOUDWATCH, action, key.id, context))
        for action in _KEY_ACTIONS
    ]
    unclear = [each.reason for each in verdicts if not each.is_known]
    if unclear:
        yield warning("alarm-topic-unknown", f"{unknown}: {unclear[0]}")
    elif not all(each.allowed for each in verdicts):
        yield warning(
            "alarm-key-closed",
            f"{subject} is encrypted with {key.id}, whose policy does not let CloudWatch use it, "
            f"{_UNHEARD}",
            f"encrypt the topic with {fix}",
        )
