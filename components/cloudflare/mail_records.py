"""`mtasts.components.mail_records.MailRecords` in a zone at Cloudflare."""

from __future__ import annotations

import pulumi
import pulumi_cloudflare as cloudflare

from mtasts.components.mail_records import MAIL_TTL_SECONDS
from mtasts.records import to_presentation


class CloudflareRecords:
    """Records in one zone."""

    def __init__(self, zone_id: str) -> None:
        """Place nothing yet."""
        self._zone_id = zone_id

    def text(
        self, name: str, owner: str, text: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """A TXT record of one text."""
        return cloudflare.DnsRecord(
            name,
            zone_id=self._zone_id,
            name=owner,
            type="TXT",
            content=pulumi.Output.from_input(text).apply(to_presentation),
            ttl=MAIL_TTL_SECONDS,
            proxied=False,
            opts=opts,
        )

    def mail(
        self, name: str, owner: str, host: str, preference: int, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """An MX record."""
        return cloudflare.DnsRecord(
            name,
            zone_id=self._zone_id,
            name=owner,
            type="MX",
            content=host,
            priority=preference,
            ttl=MAIL_TTL_SECONDS,
            proxied=False,
            opts=opts,
        )
