"""Identifiers of the two clouds in a config: regions, accounts, roles, zones and topics."""

from __future__ import annotations

import re

from mtasts.cloud_catalogue import CLOUDS
from mtasts.config.fields import FieldError, shown, text
from mtasts.config.mistakes import Mistake

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]{2,10}){1,2}-[0-9]{1,2}")
_TOPIC = re.compile(r"arn:aws:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")
_ROLE = re.compile(r"arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}")
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_+=,.@:/-]{2,1224}")  # the IAM guide's page on quotas
_CLOUDFLARE_ID = re.compile(r"[0-9a-f]{32}")
_ZONE = re.compile("|".join(row.zone_id.pattern for row in CLOUDS.values()))
_ALARMS_REGION = "us-east-1"
# Partitions whose accounts cannot use the CloudFront that takes its certificates from us-east-1.
_OTHER_PARTITIONS = {
    "us-gov-": "AWS GovCloud, which has no CloudFront",
    "cn-": "AWS China, which has no CloudFront of the global network",
    "us-iso": "an isolated AWS partition, which has no CloudFront that senders could reach",
    "eu-iso": "an isolated AWS partition, which has no CloudFront that senders could reach",
    "eusc-": "the AWS European Sovereign Cloud, which does not have the global CloudFront",
}


def region(value: object) -> str:
    """An AWS region of the partition that CloudFront and its certificates live in.

    Raises:
        FieldError: it is of another partition, where there is no CloudFront.
    """
    name = text(value)
    for prefix, why in _OTHER_PARTITIONS.items():
        if name.startswith(prefix):
            raise FieldError(
                Mistake.REGION_WITHOUT_CLOUDFRONT,
                f"{shown(name)} is in {why}",
                "use a commercial account and region, such as us-east-1: policies are public "
                "anyway",
            )
    return _require(
        _REGION,
        name,
        Mistake.REGION_INVALID,
        "AWS region",
        "write a region code, such as us-east-1",
    )


def account_id(value: object) -> str:
    """A 12-digit AWS account id; an integer counts, since `pulumi config set --path` writes one."""
    fix = 'write its 12 digits in quotes, such as "123456789012"'
    return _require(_ACCOUNT, text(value), Mistake.ACCOUNT_INVALID, "AWS account id", fix)


def cloudflare_account(value: object) -> str:
    """The id of a Cloudflare account."""
    fix = "write its 32 hex digits, which are in the address of the Cloudflare dashboard"
    return _require(
        _CLOUDFLARE_ID, text(value).lower(), Mistake.ACCOUNT_INVALID, "Cloudflare account id", fix
    )


def role_arn(value: object) -> str:
    """The ARN of an IAM role."""
    fix = "write arn:aws:iam::123456789012:role/name"
    return _require(_ROLE, text(value), Mistake.ROLE_INVALID, "ARN of an IAM role", fix)


def external_id(value: object) -> str:
    """What the trust policy of a role in another account asks for (sts:ExternalId)."""
    fix = "write 2 to 1224 letters, digits and _+=,.@:/- as in the role's trust policy"
    return _require(
        _EXTERNAL_ID, text(value), Mistake.EXTERNAL_ID_INVALID, "external id of a role", fix
    )


def alarm_topic(value: object) -> str:
    """The ARN of an SNS topic in us-east-1.

    Raises:
        FieldError: it is no ARN of a topic, or of one in another region.
    """
    fix = f"write arn:aws:sns:{_ALARMS_REGION}:123456789012:name"
    arn = _require(_TOPIC, text(value), Mistake.TOPIC_INVALID, "ARN of an SNS topic", fix)
    region_ = arn.split(":")[3]
    if region_ != _ALARMS_REGION:
        raise FieldError(
            Mistake.TOPIC_INVALID,
            f"{shown(arn)} is in {region_}, but an alarm can only publish to a topic in its own "
            f"region, and CloudFront has its metrics in {_ALARMS_REGION}",
            f"name a topic of {_ALARMS_REGION}",
        )
    return arn


def zone_id(value: object) -> str:
    """The id of a Route 53 or Cloudflare zone."""
    fix = "write the id alone: Z0123456789ABCDEFGHIJ (Route 53), 32 hex digits (Cloudflare)"
    return _require(_ZONE, text(value), Mistake.ZONE_ID_INVALID, "zone id", fix)


def _require(pattern: re.Pattern[str], written: str, mistake: Mistake, what: str, fix: str) -> str:
    """``written``, if it is ``what`` the key is for.

    Raises:
        FieldError: it is something else; the fix says what that may be.
    """
    if not pattern.fullmatch(written):
        raise FieldError(mistake, f"{shown(written)} is no {what}", fix)
    return written
