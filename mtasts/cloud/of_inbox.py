"""The accounts and zones that the config of an inbox chooses, and the names of its resources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from mtasts.cloud.folder import folder_of
from mtasts.cloud.naming import ledger_bucket_name
from mtasts.cloud_catalogue import Hosting
from mtasts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtasts.cloud.aws.account import Account
    from mtasts.cloud.cloudflare.account import CloudflareAccount
    from mtasts.cloud.interface import Receiver, Zones
    from mtasts.config import InboxConfig
    from mtasts.rulings import Ruling


@dataclass(frozen=True, slots=True)
class InboxClouds:
    """The clouds that one inbox uses, and its account at each of them."""

    name: str
    config: InboxConfig
    accounts: Mapping[Hosting, Any]

    @classmethod
    def of(
        cls,
        name: str,
        config: InboxConfig,
        values: Mapping[str, object],
        environment: Mapping[str, str],
    ) -> InboxClouds:
        """The clouds that ``config`` and the keys of their providers choose.

        Raises:
            UsageError: there are no credentials for a cloud, or an endpoint is neither at the cloud
                nor on this machine.
            AwsSettingsError: the ``aws:`` keys cannot be used.
        """
        used = [each for each in Hosting if each in (config.hosting, config.dns.cloud)]
        accounts = {
            each: folder_of(each).open_account(config, values, environment) for each in used
        }
        return cls(name, config, accounts)

    @property
    def zones(self) -> Zones | None:
        """The zones of the account that has the inbox's records; None with dns manual."""
        cloud = self.config.dns.cloud
        return None if cloud is None else folder_of(cloud).zones(self.account(cloud))

    @property
    def receiver(self) -> Receiver:
        """The cloud that receives the inbox's mail, as an interface."""
        hosting = self.config.hosting
        return folder_of(hosting).receiver(self.account(hosting))

    def bucket(self, account_id: str) -> str:
        """The name of the bucket with the reports."""
        return self.receiver.bucket(account_id, self.name)

    def notes(self, *, is_preview: bool) -> tuple[Ruling, ...]:
        """Warnings about permissions that an account lacks, or that are not known."""
        return tuple(
            note
            for cloud, account in self.accounts.items()
            for note in folder_of(cloud).inbox_notes(
                account, self.config, self.name, is_preview=is_preview
            )
        )

    @property
    def slug(self) -> str:
        """The name of rule, role and function, or of the Worker; each inbox has another one."""
        return ledger_bucket_name(self.name)

    def account(self, cloud: Hosting) -> object:
        """The account at ``cloud``, of that cloud's own type.

        Raises:
            UsageError: the inbox uses none.
        """
        if cloud not in self.accounts:
            raise UsageError(f"the inbox {self.name} has nothing at {cloud.row.title}")
        return self.accounts[cloud]

    def require_aws(self) -> Account:
        """The AWS account; raises as `account` does."""
        return cast("Account", self.account(Hosting.AWS))

    def require_cloudflare(self) -> CloudflareAccount:
        """The Cloudflare account; raises as `account` does."""
        return cast("CloudflareAccount", self.account(Hosting.CLOUDFLARE))
