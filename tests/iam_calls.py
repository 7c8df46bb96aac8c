"""Calls of the AWS API as IAM sees them: the actions that each needs, and on what."""

from __future__ import annotations

import fnmatch
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# S3's operations whose action has another name (the service authorization reference, 2026).
_S3 = {
    "HeadBucket": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "HeadObject": "GetObject",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketTagging": "PutBucketTagging",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
}
_VERSIONED = {"GetObject": "GetObjectVersion", "DeleteObject": "DeleteObjectVersion"}
# Names that requests are signed with, where IAM has another prefix.
_PREFIXES = {"monitoring": "cloudwatch"}
_NO_GRANT = frozenset({"sts:GetCallerIdentity"})
# What the stand-in asks in ACM's or S3's own stead; the real provider never does.
STAND_INS = {
    "route53:ListHostedZones": "finds a certificate's validation record, as ACM does",
    "ses:DescribeReceiptRuleSet": "refuses a second rule of a name, as SES does",
}
# Written by SES itself, in whose stead the stand-in does it.
_BY_SES = "/AMAZON_SES_SETUP_NOTIFICATION"
_TAGGED = {
    "CreateDistributionWithTags": ("CreateDistribution", "TagResource"),
    "PutMetricAlarm": ("PutMetricAlarm", "TagResource"),
}


@dataclass(frozen=True, slots=True)
class Call:
    """One action on one resource, as a policy is asked for it; ``keys`` are condition keys."""

    command: str
    action: str
    resource: str
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()


def read(file: Path, account: str) -> set[Call]:
    """Every call of a recording."""
    found: set[Call] = set()
    for line in file.read_text().splitlines():
        row = json.loads(line)
        passed = _NO_GRANT | (set(STAND_INS) if row["by_stand_in"] else set())
        found.update(
            call
            for call in calls_of(row, account)
            if call.action not in passed and not call.resource.endswith(_BY_SES)
        )
    return found


def calls_of(row: dict[str, Any], account: str) -> Iterator[Call]:
    """What IAM is asked for one call: a row of a recording."""
    names = row["names"]
    service = _PREFIXES.get(row["service"], row["service"])
    operation, command = row["operation"], row["command"]
    if service == "s3":
        for action, key in _s3(operation, names):
            where = f"arn:aws:s3:::{names.get('Bucket', '')}{f'/{key}' if key else ''}"
            owned = (("aws:ResourceAccount", (account,)), ("aws:RequestedRegion", (row["region"],)))
            yield Call(command, f"s3:{action}", where, owned)
        return
    keys: list[tuple[str, tuple[str, ...]]] = [("aws:RequestedRegion", (row["region"],))]
    if operation == "ChangeResourceRecordSets":
        sets = [each["ResourceRecordSet"] for each in names["ChangeBatch"]["Changes"]]
        prefix = "route53:ChangeResourceRecordSets"
        owners = tuple(sorted({each["Name"].lower().rstrip(".") for each in sets}))
        keys.append((f"{prefix}NormalizedRecordNames", owners))
        keys.append((f"{prefix}RecordTypes", tuple(sorted({each["Type"] for each in sets}))))
    if operation == "RequestCertificate":
        keys.append(("acm:DomainNames", (names["DomainName"],)))
        keys.append(("acm:ValidationMethod", (names["ValidationMethod"],)))
    for action in _TAGGED.get(operation, (operation,)):
        where = _resource(service, operation, names, account)
        yield Call(command, f"{service}:{action}", where, tuple(keys))


def _s3(operation: str, names: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The actions of an operation, each with the key of the object that it is on."""
    if operation == "DeleteObjects":
        for each in names["Delete"]["Objects"]:
            action = "DeleteObjectVersion" if each.get("VersionId") else "DeleteObject"
            yield action, each["Key"]
        return
    action = _S3.get(operation, operation)
    if names.get("VersionId"):
        action = _VERSIONED.get(action, action)
    yield action, names.get("Key", "")
    if operation == "PutObject" and names.get("Tagging"):
        yield "PutObjectTagging", names["Key"]


def _resource(service: str, operation: str, names: dict[str, Any], account: str) -> str:
    """The ARN that an operation is on; ``*`` where IAM knows of none."""
    for name in ("Resource", "CertificateArn", "ResourceARN", "RoleArn", "TopicArn"):
        if name in names:
            return str(names[name])
    if service == "route53":
        zone = names.get("HostedZoneId") or names.get("Id") or ""
        kind = "change" if operation == "GetChange" else "hostedzone"
        return f"arn:aws:route53:::{kind}/{zone.rpartition('/')[2]}" if zone else "*"
    where = {
        "cloudfront": f"arn:aws:cloudfront::{account}:",
        "cloudwatch": f"arn:aws:cloudwatch:us-east-1:{account}:alarm:",
        "iam": f"arn:aws:iam::{account}:role/{names.get('RoleName')}",
        "lambda": f"arn:aws:lambda:us-east-1:{account}:function:{names.get('FunctionName')}",
        "logs": f"arn:aws:logs:us-east-1:{account}:log-group:{names.get('logGroupName', '')}",
    }
    return where.get(service, "*")


def allows(statement: dict[str, Any], call: Call) -> bool:
    """Whether a statement of a policy allows a call.

    A resource that ends in a colon is one of that service whose id is not known before it is made.
    """
    if call.action not in statement["Action"]:
        return False
    if not any(_matches(call.resource, pattern) for pattern in statement["Resource"]):
        return False
    keys = dict(call.keys)
    return all(
        _holds(operator, keys.get(key, ()), wanted)
        for operator, conditions in statement.get("Condition", {}).items()
        for key, wanted in conditions.items()
    )


def _matches(resource: str, pattern: str) -> bool:
    if resource.endswith(":"):
        return pattern.startswith(resource) or pattern == "*"
    return fnmatch.fnmatchcase(resource, pattern)


def _holds(operator: str, values: tuple[str, ...], wanted: list[str]) -> bool:
    is_like = operator.endswith("Like")
    every = all(
        any(fnmatch.fnmatchcase(value, each) if is_like else value == each for each in wanted)
        for value in values
    )
    return every and (bool(values) or operator.startswith("ForAllValues:"))
