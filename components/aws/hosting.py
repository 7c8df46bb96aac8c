"""The resources of a stack in one AWS account: the bucket, and policy hosts for its domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_aws

from mtasts.components.aws.policy_bucket import PolicyBucket
from mtasts.components.aws.policy_host import PolicyHost
from mtasts.components.belonging import STACK, Belonging

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtasts.cloud.aws.account import Account
    from mtasts.components.hosting import Zone
    from mtasts.rollout.declaration import Declaration


_RESOURCES = {
    "acm": ("Certificate", "CertificateValidation"),
    "cloudfront": ("Distribution", "OriginAccessControl"),
    "route53": ("Record",),
    "s3": (
        "Bucket",
        "BucketObjectv2",
        "BucketOwnershipControls",
        "BucketPolicy",
        "BucketPublicAccessBlock",
        "BucketServerSideEncryptionConfiguration",
        "BucketVersioning",
    ),
}


def load_resources() -> None:
    """Load the modules of pulumi_aws that a stack uses; each loads when it is first used."""
    for service, resources in _RESOURCES.items():
        for resource in resources:
            getattr(getattr(pulumi_aws, service), resource)


class AwsHosting:
    """`mtasts.components.hosting.Hosting` over one account."""

    name = "aws"

    def __init__(
        self,
        account: Account,
        *,
        bucket: str,
        account_id: str,
        cache_seconds: int,
        protect: bool,
        keep: bool,
        alarm_topic: str | None = None,
        belonging: Belonging = STACK,
    ) -> None:
        """Place the bucket of the agency.

        With ``protect`` the engine cannot delete the bucket: senders may hold one of its policies.
        With ``keep`` the bucket and the ledgers remain in the account when the stack is destroyed:
        a domain was enforced once. ``alarm_topic`` is the ARN of the SNS topic for alarms; without
        one there are no alarms.
        """
        self._account = account
        self._cache_seconds = cache_seconds
        self._alarm_topic = alarm_topic
        self.bucket = PolicyBucket(
            belonging.name("policies"),
            {"bucket": bucket, "account_id": account_id, "protect": protect, "keep": keep},
            belonging.options,
        )

    def policy_host(
        self,
        declaration: Declaration,
        zones: Sequence[Zone],
        before_body: pulumi.ResourceHookBinding,
        opts: pulumi.ResourceOptions,
    ) -> PolicyHost:
        """A distribution for a domain, with alarms if the stack has an alarm topic."""
        host = PolicyHost(
            declaration.domain,
            {
                "domain": declaration.domain,
                "policy_host": declaration.policy_host,
                "body": declaration.body,
                "before_body": before_body,
                "cache_seconds": self._cache_seconds,
                "protect": declaration.parts.host.is_protected,
                "keep": declaration.keep,
                "issued": declaration.parts.certificate,
                "bucket": self.bucket,
                "zones": zones,
                "account": self._account,
            },
            opts,
        )
        if self._alarm_topic and declaration.parts.certificate:
            from mtasts.components.aws.alarms import Alarms  # loads more of pulumi_aws

            Alarms(
                f"{declaration.domain}-alarms",
                {
                    "bucket": self.bucket.bucket,
                    "domain": declaration.domain,
                    "topic": self._alarm_topic,
                    "certificate_arn": host.certificate_arn,
                    "distribution_id": host.distribution_id,
                },
                pulumi.ResourceOptions(parent=host),
            )
        return host
