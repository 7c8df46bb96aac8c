"""The hosted zones of a stack's domains; with a dnsRoleArn, that role writes the records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pulumi
import pulumi_aws

from mtasts.components.aws.zone import Zone
from mtasts.components.belonging import STACK, Belonging

if TYPE_CHECKING:
    from mtasts.cloud.aws.account import AwsSettings
    from mtasts.rollout.declaration import Declaration


class Route53Zones:
    """`hosting.Zones` for Route 53, in the stack's account or a role's account."""

    def __init__(self, settings: AwsSettings, belonging: Belonging = STACK) -> None:
        """Place nothing yet."""
        self._settings = settings
        self._belonging = belonging
        self._providers: dict[str, pulumi_aws.Provider] = {}

    def zone(self, declaration: Declaration, opts: pulumi.ResourceOptions) -> Zone:
        """The hosted zone of a domain."""
        role = declaration.config.dns_role_arn
        provider = self._provider(role) if role else None
        name = f"{declaration.domain}-zone"
        return Zone(name, {"zone_id": declaration.zone.zone_id, "provider": provider}, opts)

    def _provider(self, role: str) -> pulumi_aws.Provider:
        """The provider that assumes ``role``, made once.

        An explicit provider ignores the ``aws:`` keys, so it gets all settings as arguments.
        """
        if role not in self._providers:
            arguments = provider_arguments(self._settings, role)
            self._providers[role] = pulumi_aws.Provider(
                self._belonging.name(provider_name(role)), arguments, self._belonging.options
            )
        return self._providers[role]


def provider_name(role: str) -> str:
    """The resource name of a role's provider, from the account and the role's name."""
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
            for each in (*settings.roles, settings.dns_role(role))
        ],
        endpoints=[cast("Any", dict(settings.endpoints))] if settings.endpoints else None,
    )


def _secret(text: str | None) -> pulumi.Output[str] | None:
    return None if text is None else pulumi.Output.secret(text)
