"""The records of an inbox's name, in a zone at either cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pulumi

# An MX record changes with the region or the cloud of an inbox, which is seldom.
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
        """An MX record; Route 53 and Cloudflare refuse it where somebody else has made one."""
