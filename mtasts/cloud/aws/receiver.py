"""How AWS receives the mail of an inbox: SES, by the receipt rules of an account and region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.cloud.aws.receipt_rules import active_rules
from mtasts.cloud.naming import bucket_name

if TYPE_CHECKING:
    from collections.abc import Collection

    from mtasts.cloud.aws.account import Account
    from mtasts.cloud.aws.receipt_rules import ActiveRules
    from mtasts.config.hosts import Mailbox
    from mtasts.zones import HostedZone


def mail_host(region: str) -> str:
    """The MX host of SES in a region (SES developer guide, "Publishing an MX record")."""
    return f"inbound-smtp.{region}.amazonaws.com"


class SesReceiver:
    """`mtasts.cloud.interface.Receiver` at AWS; every call blocks."""

    def __init__(self, account: Account) -> None:
        """Use ``account``, in its region; nothing is called yet."""
        self._account = account

    def identify(self) -> str:
        """The id of the account; raises as `Account.require_allowed`."""
        return self._account.require_allowed()

    def bucket(self, account_id: str, name: str) -> str:
        """The bucket of the inbox ``name``."""
        return bucket_name(account_id, self._account.settings.region, name)

    def has_mail_host(self, host: str) -> bool:
        """Whether ``host`` is SES in this region."""
        return host == mail_host(self._account.settings.region)

    def look(
        self, own: str, address: Mailbox, zone: HostedZone | None, mail_hosts: Collection[str]
    ) -> ActiveRules:
        """The active rule set; raises as `active_rules`."""
        del own, address, zone, mail_hosts
        return active_rules(self._account)
