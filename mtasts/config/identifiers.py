"""Identifiers of the two clouds in a config: regions, accounts, roles, zones and topics."""

from __future__ import annotations

import re

from mtasts.config.fields import FieldError, shown, text

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]{2,10}){1,2}-[0-9]{1,2}")
_TOPIC = re.compile(r"arn:aws:sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}")
_ROLE = re.compile(r"arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}")
_ROUTE53_ZONE = re.compile(r"[A-Z0-9]{8,32}")
_CLOUDFLARE_ZONE = re.compile(r"[0-9a-f]{32}")
# Partitions whose accounts cannot use the CloudFront that takes its certificates from us-east-1.
_OTHER_PARTITIONS = {
    "us-gov-": "AWS GovCloud, which has no CloudFront",
    "cn-": "AWS China, which has no CloudFront of the global network",
    "us-iso": "an isolated AWS partition, which has no CloudFront that senders could reach",
    "eu-iso": "an isolated AWS partition, which has no CloudFront that senders could reach",
    "eusc-": "the AWS European Sovereign Cloud, apart from the global CloudFront",
}


def region(value: object) -> str:
    """An AWS region of the partition that CloudFront and its certificates live in."""
    name = text(value)
    for prefix, why in _OTHER_PARTITIONS.items():
        if name.startswith(prefix):
            raise FieldError(
                "config-region-without-cloudfront",
                f"{shown(name)} is in {why}",
                "use a commercial account and region, such as us-east-1: all it serves is public",
            )
    if not _REGION.fullmatch(name):
        raise FieldError(
            "config-region-invalid",
            f"{shown(name)} is no AWS region",
            "write a region code, such as us-east-1",
        )
    return name


def account_id(value: object) -> str:
    """A 12-digit AWS account id; an integer counts, since `pulumi config set --path` writes one."""
    account = text(value)
    if not _ACCOUNT.fullmatch(account):
        raise FieldError(
            "config-account-invalid",
            f"{shown(account)} is no AWS account id",
            'write its 12 digits in quotes, such as "123456789012"',
        )
    return account


def cloudflare_account(value: object) -> str:
    """The id of a Cloudflare account."""
    account = text(value)
    if not _CLOUDFLARE_ZONE.fullmatch(account):
        raise FieldError(
            "config-account-invalid",
            f"{shown(account)} is no Cloudflare account id",
            "write its 32 hex digits, as the dashboard's address has them",
        )
    return account


def role_arn(value: object) -> str:
    """The ARN of an IAM role."""
    arn = text(value)
    if not _ROLE.fullmatch(arn):
        raise FieldError(
            "config-role-invalid",
            f"{shown(arn)} is no ARN of an IAM role",
            "write arn:aws:iam::123456789012:role/name",
        )
    return arn


def alarm_topic(value: object) -> str:
    """The ARN of an SNS topic in us-east-1."""
    arn = text(value)
    found = _TOPIC.fullmatch(arn)
    if not found:
        raise FieldError(
            "config-topic-invalid",
            f"{shown(arn)} is no ARN of an SNS topic",
            "write arn:aws:sns:us-east-1:123456789012:name",
        )
    if found[1] != "us-east-1":
        raise FieldError(
            "config-topic-invalid",
            f"{shown(arn)} lies in {found[1]}: an alarm tells topics of its own region alone, and "
            "CloudFront has its metrics in us-east-1",
            "name a topic of us-east-1",
        )
    return arn


def zone_id(value: object) -> str:
    """The id of a Route 53 or Cloudflare zone."""
    zone = text(value)
    if not (_ROUTE53_ZONE.fullmatch(zone) or _CLOUDFLARE_ZONE.fullmatch(zone)):
        raise FieldError(
            "config-zone-id-invalid",
            f"{shown(zone)} is no zone id",
            "write the id alone: Z0123456789ABCDEFGHIJ (Route 53), 32 hex digits (Cloudflare)",
        )
    return zone


def is_route53_zone(zone: str) -> bool:
    """Whether a zone id has the form of Route 53's."""
    return _ROUTE53_ZONE.fullmatch(zone) is not None
