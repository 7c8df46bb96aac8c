"""The bucket of a stack: it holds policies and ledgers; CloudFront may read the policies alone."""

from __future__ import annotations

import json
from typing import TypedDict

import pulumi
from pulumi_aws import cloudfront, s3

from mtasts.cloud.aws.ledger_protection import ledger_statements
from mtasts.components.aws.private_bucket import only_over_tls, private_bucket


class PolicyBucketArgs(TypedDict):
    """Name, account and protection of the bucket; with ``keep`` a destroy leaves it in place."""

    bucket: str
    account_id: str
    protect: bool
    keep: bool


class PolicyBucket(pulumi.ComponentResource):
    """A private, versioned, encrypted bucket, and the origin access control that reads from it."""

    bucket: str
    origin_domain: pulumi.Output[str]
    origin_access_control_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: PolicyBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Place bucket, settings and access control."""
        super().__init__("mtasts:index:PolicyBucket", name, {}, opts)
        protect, keep = args["protect"], args["keep"]
        self.bucket = args["bucket"]
        made = private_bucket(
            name,
            self.bucket,
            # Before a domain is enforced no sender relies on the bucket, so a destroy may empty it.
            force_destroy=not keep,
            # The settings get the same options as the bucket: a kept bucket without its settings
            # would be neither versioned nor private, and a destroy that is refused still removes
            # every unprotected resource from the state.
            opts=pulumi.ResourceOptions(parent=self, protect=protect, retain_on_delete=keep),
        )
        bucket = made.bucket
        policy = s3.BucketPolicy(
            f"{name}-access",
            bucket=bucket.bucket,
            policy=json.dumps(bucket_policy(self.bucket, args["account_id"], keep=keep)),
            # After versioning is set: with ``keep`` the bucket policy denies PutBucketVersioning.
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[made.block, made.versioning],
                protect=protect,
                retain_on_delete=keep,
            ),
        )
        control = cloudfront.OriginAccessControl(
            f"{name}-access-control",
            name=self.bucket,
            description="Reads the policies of one mtasts stack",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        self.origin_domain = bucket.bucket_regional_domain_name
        self.origin_access_control_id = control.id
        # Objects wait for these settings: before them the bucket is not versioned and not private.
        self.ready: list[pulumi.Resource] = [policy, made.versioning]
        self.register_outputs({"bucket": bucket.bucket})


def object_key(domain: str) -> str:
    """The key of a domain's policy in the bucket."""
    return f"policy/{domain}/.well-known/mta-sts.txt"


def bucket_policy(bucket: str, account_id: str, *, keep: bool) -> dict[str, object]:
    """The bucket policy: CloudFront of this account may read policies only, and TLS is required.

    The statements of `mtasts.cloud.aws.ledger_protection` keep the ledger from being deleted.
    Policies and handed-out records may be deleted: the provider deletes all versions of an object
    when its domain is removed.
    """
    arn = f"arn:aws:s3:::{bucket}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            *ledger_statements(arn, keep=keep),
            only_over_tls(arn),
            {
                "Sid": "CloudFrontReadsPolicies",
                "Effect": "Allow",
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Action": "s3:GetObject",
                "Resource": f"{arn}/{object_key('*')}",
                # The ARN names the account; CloudFront's own guide requires nothing else.
                "Condition": {
                    "ArnLike": {"aws:SourceArn": f"arn:aws:cloudfront::{account_id}:distribution/*"}
                },
            },
        ],
    }
