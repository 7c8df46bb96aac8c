"""What of a stack's plan is there already: found by name, alias and tag, each with its import id.

Only kinds are looked for that a second create would double or be refused for; of the others, such
as a bucket's settings, a create is a write that may be repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtasts.errors import MtaStsError, UndeterminedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mtasts.cloud.aws.account import Account

    _Inputs = Mapping[str, Any]

_PAGES_MAX = 100


def find_existing(account: Account, type_: str, inputs: _Inputs) -> str | None:
    """The import id of what ``inputs`` would create, or None where there is none; blocks.

    ``type_`` is the engine's word, such as ``aws:s3/bucket:Bucket``.

    Raises:
        UndeterminedError: the account did not tell.
    """
    from botocore.exceptions import (  # a quarter of a second
        BotoCoreError,
        ClientError,
    )

    finder = _FINDERS.get(type_)
    if finder is None:
        return None
    try:
        return finder(account, inputs)
    except (BotoCoreError, ClientError) as error:
        raise UndeterminedError(f"whether there is a {type_} already: {error}") from error


class ForeignBucketError(MtaStsError):
    """A bucket of the stack's name is not this account's to use; nothing may be read from it."""


def bucket_exists(account: Account, bucket: str) -> bool:
    """Whether the account has it; blocks, and raises botocore's errors.

    Raises:
        ForeignBucketError: there is one of that name, which S3 does not let this account use.
    """
    from botocore.exceptions import ClientError  # as above

    try:
        account.client("s3").head_bucket(Bucket=bucket, **account.owner())
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code in ("404", "NoSuchBucket"):
            return False
        if code in ("403", "AccessDenied"):
            raise ForeignBucketError(
                f"the bucket {bucket} is not one that the account {account.account_id()} owns, or "
                "these credentials lack s3:ListBucket on it. A bucket of another account is never "
                "taken over: see whose it is, and have it deleted or name the stack otherwise"
            ) from error
        raise
    return True


def _versioning(account: Account, inputs: _Inputs) -> str | None:
    """Found where it is on: what keeps a ledger's history keeps it from being written again."""
    bucket = inputs["bucket"]
    if not bucket_exists(account, bucket) or not is_versioned(account, bucket):
        return None
    return str(bucket)


def is_versioned(account: Account, bucket: str) -> bool:
    """Whether a bucket keeps versions; blocks, and raises botocore's errors."""
    found = account.client("s3").get_bucket_versioning(Bucket=bucket, **account.owner())
    return bool(found.get("Status") == "Enabled")


def _bucket(account: Account, inputs: _Inputs) -> str | None:
    return inputs["bucket"] if bucket_exists(account, inputs["bucket"]) else None


def _distribution(account: Account, inputs: _Inputs) -> str | None:
    """No alias is ever on two distributions of an account."""
    pages = account.client("cloudfront").get_paginator("list_distributions").paginate()
    for page in pages:
        for found in page["DistributionList"].get("Items", ()):
            if set(inputs["aliases"]) & set(found.get("Aliases", {}).get("Items", ())):
                return str(found["Id"])
    return None


def _access_control(account: Account, inputs: _Inputs) -> str | None:
    client = account.client("cloudfront")
    options: dict[str, str] = {}
    for _ in range(_PAGES_MAX):
        found = client.list_origin_access_controls(**options)["OriginAccessControlList"]
        for each in found.get("Items", ()):
            if each["Name"] == inputs["name"]:
                return str(each["Id"])
        if not found.get("IsTruncated"):
            return None
        options = {"Marker": found["NextMarker"]}
    raise UndeterminedError("the account has more origin access controls than are read")


def _certificate(account: Account, inputs: _Inputs) -> str | None:
    """Of several with our name and tags the one in use, then the one issued, then the newest."""
    client = account.client("acm", region=inputs.get("region"))
    candidates: list[tuple[tuple[bool, bool, float], str]] = []
    statuses = ["ISSUED", "PENDING_VALIDATION"]
    pages = client.get_paginator("list_certificates").paginate(CertificateStatuses=statuses)
    for page in pages:
        for row in page["CertificateSummaryList"]:
            if row["DomainName"] != inputs["domainName"]:
                continue
            arn = str(row["CertificateArn"])
            tags = client.list_tags_for_certificate(CertificateArn=arn)["Tags"]
            has = {tag["Key"]: tag.get("Value", "") for tag in tags}
            if not inputs["tags"].items() <= has.items():
                continue
            found = client.describe_certificate(CertificateArn=arn)["Certificate"]
            made = found["CreatedAt"].timestamp()
            rank = (bool(found.get("InUseBy")), found["Status"] == "ISSUED", made)
            candidates.append((rank, arn))
    region = inputs.get("region")
    elsewhere = f"@{region}" if region not in (None, account.settings.region) else ""
    return f"{max(candidates)[1]}{elsewhere}" if candidates else None


def _record(account: Account, inputs: _Inputs) -> str | None:
    zone, name, type_ = str(inputs["zoneId"]), str(inputs["name"]).lower(), str(inputs["type"])
    found = account.client("route53").list_resource_record_sets(
        HostedZoneId=zone, StartRecordName=name, StartRecordType=type_, MaxItems="1"
    )
    for row in found["ResourceRecordSets"]:
        if (row["Name"].rstrip(".").lower(), row["Type"]) == (name.rstrip("."), type_):
            return f"{zone}_{name}_{type_}"
    return None


_FINDERS: dict[str, Callable[[Account, _Inputs], str | None]] = {
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketVersioning:BucketVersioning": _versioning,
    "aws:cloudfront/distribution:Distribution": _distribution,
    "aws:cloudfront/originAccessControl:OriginAccessControl": _access_control,
    "aws:acm/certificate:Certificate": _certificate,
    "aws:route53/record:Record": _record,
}
