"""Reads the SNS topic that alarms publish to, and the key that encrypts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.rollout.alarm_topic import Key, Topic

if TYPE_CHECKING:
    from mtasts.cloud.aws.account import Account

_MISSING = frozenset({"NotFound", "NotFoundException"})


def see_topic(account: Account, arn: str) -> Topic:
    """The topic and its key; each has a ``problem`` if it could not be read. Blocks."""
    from botocore.exceptions import (  # late: takes 0.25 s
        BotoCoreError,
        ClientError,
    )

    region = arn.split(":")[3]
    try:
        found = account.client("sns", region=region).get_topic_attributes(TopicArn=arn)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _MISSING:
            return Topic(arn, is_missing=True)
        return Topic(arn, problem=str(error))
    except BotoCoreError as error:
        return Topic(arn, problem=str(error))
    attributes = found["Attributes"]
    policy = str(attributes.get("Policy", "")).encode()
    key = attributes.get("KmsMasterKeyId")
    return Topic(arn, policy, _see_key(account, str(key), region) if key else None)


def _see_key(account: Account, key: str, region: str) -> Key:
    from botocore.exceptions import (  # as above
        BotoCoreError,
        ClientError,
    )

    if key.endswith("alias/aws/sns"):
        return Key(key, is_managed=True)
    kms = account.client("kms", region=region)
    try:
        known = kms.describe_key(KeyId=key)["KeyMetadata"]
        if known["KeyManager"] == "AWS":
            return Key(key, is_managed=True)
        # KMS reads a key policy by key id only, not by alias.
        text = kms.get_key_policy(KeyId=known["KeyId"], PolicyName="default")["Policy"]
    except (BotoCoreError, ClientError) as error:
        return Key(key, problem=str(error))
    return Key(str(known["Arn"]), policy=text.encode())
