"""How Cloudflare receives the mail of an inbox: Email Routing, by the rules of a zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.cloud.cloudflare.email_routing import email_routing, is_mail_host
from mtasts.cloud.naming import ledger_bucket_name
from mtasts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

    from mtasts.cloud.cloudflare.account import CloudflareAccount
    from mtasts.cloud.cloudflare.email_routing import EmailRouting
    from mtasts.config.hosts import Mailbox
    from mtasts.zones import HostedZone


class RoutingReceiver:
    """`mtasts.cloud.interface.Receiver` at Cloudflare; every call blocks."""

    def __init__(self, account: CloudflareAccount) -> None:
        """Use ``account``; nothing is called yet."""
        self._account = account

    def identify(self) -> str:
        """The id of the account; raises as `CloudflareAccount.identify`."""
        return self._account.identify()

    def bucket(self, account_id: str, name: str) -> str:
        """The bucket of the inbox ``name``; R2's names are per account."""
        del account_id
        return ledger_bucket_name(name)

    def has_mail_host(self, host: str) -> bool:
        """Whether ``host`` is an MX host of Email Routing."""
        return is_mail_host(host)

    def look(
        self, own: str, address: Mailbox, zone: HostedZone | None, mail_hosts: Collection[str]
    ) -> EmailRouting:
        """Email Routing of the zone; raises as `email_routing`."""
        if zone is None:
            raise UsageError(f"{address.domain} is in no zone at Cloudflare")
        return email_routing(self._account, own, address, zone, mail_hosts)
