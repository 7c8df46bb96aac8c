"""The interface of a cloud for the DNS records of an inbox's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pulumi

# Long, because the records change only if the inbox gets another region or cloud.
MAIL_TTL_SECONDS = 3600


class MailRecords(Protocol):
    """An existing zone, which is looked up and never owned."""

    def text(
        self, name: str, owner: str, text: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """A TXT record of one short text."""

    def mail(
        self, name: str, owner: str, host: str, preference: int, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """An MX record; Route 53 refuses it if the name has an MX record already."""
