"""Finds resources of a stack's plan that exist already, by name, alias or tag, for an import.

It looks only for resources of which a second create makes a duplicate or fails. For other types,
such as the settings of a bucket, a create writes the same settings again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtasts.errors import MtaStsError, UndeterminedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mtasts.cloud.aws.account import Account

    _Inputs = Mapping[str, Any]

# A cloud that answers every page with another one must not keep a run busy for ever.
_PAGES_MAX = 100


def find_existing(account: Account, type_: str, inputs: _Inputs) -> str | None:
    """The import id of the resource that ``inputs`` would create, None if none exists; blocks.

    ``type_`` is the Pulumi type token, such as ``aws:s3/bucket:Bucket``.

    Raises:
        UndeterminedError: AWS refused or did not answer; do not create it.
        ForeignBucketError: another account has the bucket.
    """
    from botocore.exceptions import (  # late: takes 0.25 s
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
    """The stack's bucket name belongs to another account; nothing may be read from that bucket."""


def bucket_exists(account: Account, bucket: str) -> bool:
    """Whether the account has the bucket; blocks.

    Raises:
        ForeignBucketError: the bucket exists, and S3 refuses it to this account.
        ClientError, BotoCoreError: S3 refused for another reason, or did not answer.
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
                "taken over: find its owner and have it deleted, or give the stack another name"
            ) from error
        raise
    return True


def _versioning(account: Account, inputs: _Inputs) -> str | None:
    """The bucket, if versioning is on: its policy may deny another PutBucketVersioning."""
    bucket = inputs["bucket"]
    if not bucket_exists(account, bucket) or not is_versioned(account, bucket):
        return None
    return str(bucket)


def is_versioned(account: Account, bucket: str) -> bool:
    """Whether a bucket keeps versions; blocks.

    Raises:
        ClientError, BotoCoreError: S3 refused or did not answer.
    """
    found = account.client("s3").get_bucket_versioning(Bucket=bucket, **account.owner())
    return bool(found.get("Status") == "Enabled")


def _bucket(account: Account, inputs: _Inputs) -> str | None:
    return inputs["bucket"] if bucket_exists(account, inputs["bucket"]) else None


def _distribution(account: Account, inputs: _Inputs) -> str | None:
    """The distribution with one of the aliases: CloudFront allows each alias only once."""
    pages = account.client("cloudfront").get_paginator("list_distributions").paginate()
    for page in pages:
        for found in page["DistributionList"].get("Items", ()):
            if set(inputs["aliases"]) & set(found.get("Aliases", {}).get("Items", ())):
                return str(found["Id"])
    return None


def _access_control(account: Account, inputs: _Inputs) -> str | None:
    """The id of the origin access control of that name; None if there is none.

    Raises:
        UndeterminedError: the account has so many that not all were read.
    """
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
    raise UndeterminedError(
        f"the account has more than {_PAGES_MAX} pages of origin access controls"
    )


def _certificate(account: Account, inputs: _Inputs) -> str | None:
    """The certificate with the name and the tags; of several the one in use, issued, newest."""
    client = account.client("acm", region=inputs.get("region"))
    candidates: list[tuple[tuple[bool, bool, float], str]] = []
    # Failed and expired certificates are left out: a run could never use one.
    statuses = ["ISSUED", "PENDING_VALIDATION"]
    pages = client.get_paginator("list_certificates").paginate(CertificateStatuses=statuses)
    for page in pages:
        for row in page["CertificateSummaryList"]:
            if row["DomainName"] != inputs["domainName"]:
                continue
            arn = str(row["CertificateArn"])
            tags = client.list_tags_for_certificate(CertificateArn=arn)["Tags"]
            tag_values = {tag["Key"]: tag.get("Value", "") for tag in tags}
            if not inputs["tags"].items() <= tag_values.items():
                continue
            found = client.describe_certificate(CertificateArn=arn)["Certificate"]
            made = found["CreatedAt"].timestamp()
            rank = (bool(found.get("InUseBy")), found["Status"] == "ISSUED", made)
            candidates.append((rank, arn))
    region = inputs.get("region")
    region_suffix = f"@{region}" if region not in (None, account.settings.region) else ""
    return f"{max(candidates)[1]}{region_suffix}" if candidates else None


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
