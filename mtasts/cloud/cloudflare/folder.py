"""Cloudflare for the rest of the package, as `mtasts.cloud.interface` describes a cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mtasts.cloud.cloudflare.account import CloudflareAccount, CloudflareSettings
from mtasts.cloud.cloudflare.hosts import Workers
from mtasts.cloud.cloudflare.zones import CloudflareZones
from mtasts.cloud.folder import CloudFolder
from mtasts.cloud.naming import ledger_bucket_name
from mtasts.rollout.caa import CLOUDFLARES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mtasts.cloud.cloudflare.ledger_store import R2Store
    from mtasts.cloud.interface import Receiver
    from mtasts.config import AgencyConfig, InboxConfig
    from mtasts.rollout.caa import Authority
    from mtasts.rulings import Ruling
    from mtasts.zones import HostedZone


@dataclass(frozen=True, slots=True)
class CloudflareOfStack:
    """`mtasts.cloud.interface.StackCloud` over one account."""

    account: CloudflareAccount
    config: AgencyConfig
    stack: str
    name: str
    authorities: tuple[Authority, ...] = CLOUDFLARES

    @property
    def hosts(self) -> Workers:
        """The account's Workers."""
        return Workers(self.account)

    @property
    def zone_settings(self) -> Callable[[HostedZone], Mapping[str, object]]:
        """Reads the settings of a zone that can break a Worker."""
        return self.hosts.settings

    def identify(self) -> str:
        """The id of the account; raises as `CloudflareAccount.identify` does."""
        return self.account.identify()

    def ledger_account(self) -> str:
        """The id of the account, by the config; nothing is called."""
        return self.account.settings.account_id

    def store(self, account_id: str) -> R2Store:
        """The store of the stack's ledgers; nothing is called yet."""
        from mtasts.cloud.cloudflare.ledger_store import R2Store

        del account_id  # R2's names are per account
        return R2Store(self.account, ledger_bucket_name(self.name), self.stack)

    def begin_ledgers(self, account_id: str) -> str | None:
        """No-op: the bucket is no resource of the stack; a ledger's first entry creates it."""
        del account_id
        return None

    def notes(self, *, is_preview: bool) -> tuple[Ruling, ...]:
        """Warnings about permissions that the token lacks, or that are not known."""
        from mtasts.cloud.cloudflare.token_check import token_check
        from mtasts.iam.token import token_needs

        needs = token_needs(self.config)
        return token_check(self.account, needs, self.stack, is_preview=is_preview)

    def finder(self) -> Callable[[str, Mapping[str, Any]], str | None]:
        """A function that finds existing resources in the account."""
        from mtasts.cloud.cloudflare.existing import find_existing

        return lambda type_, inputs: find_existing(self.account, type_, inputs)


def _open(
    config: AgencyConfig | InboxConfig,
    values: Mapping[str, object],
    environment: Mapping[str, str],
) -> CloudflareAccount:
    id_ = config.cloudflare_account or ""  # the config has one if it uses Cloudflare
    return CloudflareAccount(CloudflareSettings.from_config(id_, values, environment))


def _receiver(account: CloudflareAccount) -> Receiver:
    from mtasts.cloud.cloudflare.receiver import RoutingReceiver

    return RoutingReceiver(account)


def _inbox_notes(
    account: CloudflareAccount, config: InboxConfig, name: str, *, is_preview: bool
) -> tuple[Ruling, ...]:
    from mtasts.cloud.cloudflare.token_check import token_check
    from mtasts.iam.inbox_token import INBOX_PERMISSIONS, inbox_token_needs

    return token_check(
        account,
        inbox_token_needs(config),
        name,
        is_preview=is_preview,
        table=INBOX_PERMISSIONS,
    )


FOLDER: CloudFolder[CloudflareAccount] = CloudFolder(
    open_account=_open,
    in_stack=CloudflareOfStack,
    zones=CloudflareZones,
    receiver=_receiver,
    inbox_notes=_inbox_notes,
)
