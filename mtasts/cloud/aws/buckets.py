"""Makes the bucket of a stack before its first run; `mtasts adopt` writes a ledger into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.cloud.aws.existing import bucket_exists, is_versioned
from mtasts.errors import UndeterminedError

if TYPE_CHECKING:
    from mtasts.cloud.aws.account import Account

_DEFAULT_REGION = "us-east-1"  # S3 refuses it as a LocationConstraint


def ensure_bucket(account: Account, bucket: str) -> bool:
    """Make a private, versioned bucket; False if it exists already. Blocks.

    The first `pulumi up` imports it and makes its other settings.

    Raises:
        ForeignBucketError: another account has a bucket of this name; use another stack name.
        UndeterminedError: S3 refused or did not answer.
    """
    from botocore.exceptions import (  # late: takes 0.25 s
        BotoCoreError,
        ClientError,
    )

    s3, region = account.client("s3"), account.settings.region
    try:
        missing = not bucket_exists(account, bucket)
        if missing:
            place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
            s3.create_bucket(Bucket=bucket, **({} if region == _DEFAULT_REGION else place))
        # Also for a bucket that exists: an earlier attempt may have ended before these settings.
        s3.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
            **account.owner(),
        )
        if not is_versioned(account, bucket):
            s3.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}, **account.owner()
            )
    except (BotoCoreError, ClientError) as error:
        raise UndeterminedError(f"the bucket {bucket}: {error}") from error
    return missing
