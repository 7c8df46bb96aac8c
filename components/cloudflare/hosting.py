"""The resources of a stack in one Cloudflare account: Workers for its domains.

The bucket of the ledger is no resource of the stack (`mtasts.cloud.cloudflare.ledger_store`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_cloudflare as cloudflare

from mtasts.components.cloudflare.policy_host import PolicyHost

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi

    from mtasts.cloud.cloudflare.account import CloudflareAccount
    from mtasts.components.hosting import Zone
    from mtasts.rollout.declaration import Declaration


def load_resources() -> None:
    """Load the modules of pulumi_cloudflare that a stack uses; each loads when it is first used."""
    for resource in ("DnsRecord", "WorkersCustomDomain", "WorkersScript", "WorkersScriptSubdomain"):
        getattr(cloudflare, resource)


class CloudflareHosting:
    """`mtasts.components.hosting.Hosting` over one account."""

    name = "cloudflare"

    def __init__(
        self,
        account: CloudflareAccount,
        *,
        workers_dev: str,
        cache_seconds: int,
        settle_seconds: int,
    ) -> None:
        """Place nothing yet.

        ``workers_dev`` is the account's workers.dev name. A Worker is proven below it before any
        record of the domain leads to the Worker.
        """
        self._account = account
        self._workers_dev = workers_dev
        self._cache_seconds = cache_seconds
        self._settle_seconds = settle_seconds

    def policy_host(
        self,
        declaration: Declaration,
        zones: Sequence[Zone],
        before_body: pulumi.ResourceHookBinding,
        opts: pulumi.ResourceOptions,
    ) -> PolicyHost:
        """A Worker for a domain; its certificate comes with the custom domain."""
        del zones
        return PolicyHost(
            f"{declaration.domain}-worker",
            {
                "domain": declaration.domain,
                "policy_host": declaration.policy_host,
                "body": declaration.body,
                "before_body": before_body,
                "cache_seconds": self._cache_seconds,
                "settle_seconds": self._settle_seconds,
                "protect": declaration.parts.host.is_protected,
                "account": self._account,
                "workers_dev": self._workers_dev,
            },
            opts,
        )
