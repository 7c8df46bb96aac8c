"""A private, versioned, encrypted bucket: for policies of a stack, or for reports of an inbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi_aws import s3

if TYPE_CHECKING:
    import pulumi


@dataclass(frozen=True, slots=True)
class PrivateBucket:
    """The bucket, and the settings without which it would not be private or versioned."""

    bucket: s3.Bucket
    block: s3.BucketPublicAccessBlock
    versioning: s3.BucketVersioning


def private_bucket(
    name: str, bucket_name: str, *, force_destroy: bool, opts: pulumi.ResourceOptions
) -> PrivateBucket:
    """Place the bucket ``bucket_name`` and its settings, all with ``opts``.

    The names of the resources begin with ``name``. ``force_destroy`` says whether a destroy may
    delete a bucket that still holds objects.
    """
    bucket = s3.Bucket(f"{name}-bucket", bucket=bucket_name, force_destroy=force_destroy, opts=opts)
    block = s3.BucketPublicAccessBlock(
        f"{name}-public-access",
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )
    s3.BucketOwnershipControls(
        f"{name}-ownership",
        bucket=bucket.bucket,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=opts,
    )
    versioning = s3.BucketVersioning(
        f"{name}-versioning",
        bucket=bucket.bucket,
        versioning_configuration={"status": "Enabled"},
        opts=opts,
    )
    s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encryption",
        bucket=bucket.bucket,
        rules=[
            {
                "apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"},
                # S3 does so by itself in buckets made since March 2026; this is for older ones.
                "blocked_encryption_types": ["SSE-C"],
            }
        ],
        opts=opts,
    )
    return PrivateBucket(bucket, block, versioning)


def only_over_tls(arn: str) -> dict[str, object]:
    """The statement of a bucket policy that refuses requests without TLS."""
    return {
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
