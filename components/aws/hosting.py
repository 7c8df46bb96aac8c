"""One AWS account as a stack uses it: the bucket, and zones and policy hosts for its domains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pulumi
import pulumi_aws

from components.aws.policy_bucket import PolicyBucket
from components.aws.policy_host import PolicyHost
from components.aws.zone import Zone
from mtasts.cloud.aws import Role

if TYPE_CHECKING:
    from mtasts.cloud.aws import Account, AwsSettings
    from mtasts.rollout.declaration import Declaration


def load_resources() -> None:
    """Load the parts of pulumi_aws that a stack uses: they load themselves when first looked at."""
    for module, resource in (
        (pulumi_aws.s3, "Bucket"),
        (pulumi_aws.cloudfront, "Distribution"),
        (pulumi_aws.acm, "Certificate"),
        (pulumi_aws.route53, "Record"),
    ):
        getattr(module, resource)


class AwsHosting:
    """`components.hosting.Hosting` over one account."""

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
    ) -> None:
        """Place the stack's bucket.

        ``protect`` it while senders may rely on any of its policies; ``keep`` it, with its ledger,
        in the account even when it is destroyed, once any of them has been enforced.
        ``alarm_topic`` is the SNS topic (ARN) that alarms tell; without one there are none.
        """
        self._account = account
        self._cache_seconds = cache_seconds
        self._alarm_topic = alarm_topic
        self._providers: dict[str, pulumi_aws.Provider] = {}
        self._bucket = PolicyBucket(
            "policies",
            {"bucket": bucket, "account_id": account_id, "protect": protect, "keep": keep},
        )

    def zone(self, declaration: Declaration, opts: pulumi.ResourceOptions) -> Zone:
        """The hosted zone of a domain, written to in its own role where it has one."""
        role = declaration.dns_role_arn
        provider = self._provider(role) if role else None
        name = f"{declaration.domain}-zone"
        return Zone(name, {"zone_id": declaration.zone.zone_id, "provider": provider}, opts)

    def policy_host(
        self,
        declaration: Declaration,
        zone: Zone,
        before_body: pulumi.ResourceHookBinding,
        opts: pulumi.ResourceOptions,
    ) -> PolicyHost:
        """A distribution for a domain, and alarms on it where somebody is to be told."""
        host = PolicyHost(
            declaration.domain,
            {
                "domain": declaration.domain,
                "policy_host": declaration.policy_host,
                "body": declaration.body,
                "before_body": before_body,
                "cache_seconds": self._cache_seconds,
                "protect": declaration.parts.protect_host,
                "keep": declaration.keep,
                "bucket": self._bucket,
                "zone": zone,
                "account": self._account,
            },
            opts,
        )
        if self._alarm_topic:
            from components.aws.alarms import Alarms  # noqa: PLC0415 - loads more of pulumi_aws

            Alarms(
                f"{declaration.domain}-alarms",
                {
                    "domain": declaration.domain,
                    "topic": self._alarm_topic,
                    "certificate_arn": host.certificate_arn,
                    "distribution_id": host.distribution_id,
                },
                pulumi.ResourceOptions(parent=host),
            )
        return host

    def _provider(self, role: str) -> pulumi_aws.Provider:
        """The provider that assumes ``role``; an explicit one takes nothing from ``aws:``."""
        if role not in self._providers:
            arguments = provider_arguments(self._account.settings, role)
            self._providers[role] = pulumi_aws.Provider(provider_name(role), arguments)
        return self._providers[role]


def provider_name(role: str) -> str:
    """A name that says which role it is: the account and the role's own name."""
    parts = role.split(":", 5)
    return f"dns-{parts[4]}-{parts[5].removeprefix('role/').replace('/', '-')}"


def provider_arguments(settings: AwsSettings, role: str) -> pulumi_aws.ProviderArgs:
    """The stack's own settings with one more role to assume."""
    return pulumi_aws.ProviderArgs(
        region=settings.region,
        profile=settings.profile,
        access_key=_secret(settings.access_key),
        secret_key=_secret(settings.secret_key),
        token=_secret(settings.token),
        assume_roles=[
            pulumi_aws.ProviderAssumeRoleArgs(role_arn=each.arn, external_id=each.external_id)
            for each in (*settings.roles, Role(role))
        ],
        endpoints=[cast("Any", dict(settings.endpoints))] if settings.endpoints else None,
    )


def _secret(text: str | None) -> pulumi.Output[str] | None:
    return None if text is None else pulumi.Output.secret(text)
