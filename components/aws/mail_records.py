"""`mtasts.components.mail_records.MailRecords` in a hosted zone of Route 53."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_aws import route53

from mtasts.components.mail_records import MAIL_TTL_SECONDS

if TYPE_CHECKING:
    import pulumi


class Route53Records:
    """Records in one hosted zone."""

    def __init__(self, zone_id: str) -> None:
        """Place nothing yet."""
        self._zone_id = zone_id

    def text(
        self, name: str, owner: str, text: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """A TXT record of one text; pulumi-aws adds its quotes."""
        return route53.Record(
            name,
            zone_id=self._zone_id,
            name=owner,
            type="TXT",
            ttl=MAIL_TTL_SECONDS,
            records=[text],
            opts=opts,
        )

    def mail(
        self, name: str, owner: str, host: str, preference: int, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """An MX record."""
        return route53.Record(
            name,
            zone_id=self._zone_id,
            name=owner,
            type="MX",
            ttl=MAIL_TTL_SECONDS,
            records=[f"{preference} {host}"],
            opts=opts,
        )
