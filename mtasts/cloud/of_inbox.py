"""The accounts and zones that the config of an inbox chooses, and the names of its resources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.receiver import SesReceiver
from mtasts.cloud.aws.zones import Route53Zones
from mtasts.cloud.cloudflare.account import CloudflareAccount, CloudflareSettings
from mtasts.cloud.cloudflare.receiver import RoutingReceiver
from mtasts.cloud.cloudflare.token_check import token_check
from mtasts.cloud.cloudflare.zones import CloudflareZones
from mtasts.cloud.naming import ledger_bucket_name
from mtasts.config import Dns, Hosting
from mtasts.destinations import aws_endpoints, is_local, require
from mtasts.errors import UsageError
from mtasts.iam.inbox_token import INBOX_PERMISSIONS, inbox_token_needs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtasts.config import InboxConfig
    from mtasts.rulings import Ruling


@dataclass(frozen=True, slots=True)
class InboxClouds:
    """The clouds of one inbox; one that it does not use is None. Nothing is called."""

    name: str
    config: InboxConfig
    aws: Account | None
    cloudflare: CloudflareAccount | None

    @classmethod
    def of(
        cls,
        name: str,
        config: InboxConfig,
        values: Mapping[str, object],
        environment: Mapping[str, str],
    ) -> InboxClouds:
        """The clouds that ``config`` and the ``aws:`` and ``cloudflare:`` keys choose.

        Raises:
            UsageError: there is no token for Cloudflare, or an endpoint leads elsewhere than to
                the cloud itself or to this machine.
            AwsSettingsError: the ``aws:`` keys make no session.
        """
        aws: Account | None = None
        if config.hosting is Hosting.AWS:
            for variable, url in aws_endpoints(environment).items():
                require(Hosting.AWS, variable, url)
            aws = Account(AwsSettings.from_config(values, local_only=is_local(environment)))
        account = config.cloudflare_account
        token = CloudflareSettings.from_config(account, values, environment) if account else None
        return cls(name, config, aws, CloudflareAccount(token) if token else None)

    @property
    def zones(self) -> Route53Zones | CloudflareZones | None:
        """The zones of the account that has the inbox's records; None with dns manual."""
        match self.config.dns:
            case Dns.CLOUDFLARE:
                return CloudflareZones(self.require_cloudflare())
            case Dns.ROUTE53:
                return Route53Zones(self.require_aws())
        return None

    @property
    def receiver(self) -> SesReceiver | RoutingReceiver:
        """The cloud that receives the inbox's mail."""
        if self.config.hosting is Hosting.AWS:
            return SesReceiver(self.require_aws())
        return RoutingReceiver(self.require_cloudflare())

    def bucket(self, account_id: str) -> str:
        """The name of the bucket with the reports."""
        return self.receiver.bucket(account_id, self.name)

    def token_notes(self, *, is_preview: bool) -> tuple[Ruling, ...]:
        """Warnings about permissions that the Cloudflare token lacks, or that are not known."""
        if self.cloudflare is None:
            return ()
        return token_check(
            self.cloudflare,
            inbox_token_needs(self.config),
            self.name,
            is_preview=is_preview,
            table=INBOX_PERMISSIONS,
        )

    @property
    def slug(self) -> str:
        """The name of rule, role and function, or of the Worker: no two inboxes share it."""
        return ledger_bucket_name(self.name)

    def require_aws(self) -> Account:
        """The AWS account.

        Raises:
            UsageError: the inbox uses none.
        """
        if self.aws is None:
            raise UsageError(f"the inbox {self.name} has nothing at AWS")
        return self.aws

    def require_cloudflare(self) -> CloudflareAccount:
        """The Cloudflare account.

        Raises:
            UsageError: the inbox uses none.
        """
        if self.cloudflare is None:
            raise UsageError(f"the inbox {self.name} has nothing at Cloudflare")
        return self.cloudflare
