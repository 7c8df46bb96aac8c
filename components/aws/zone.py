"""A Route 53 hosted zone that exists already, and the records placed in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import pulumi
from pulumi_aws import route53

from mtasts.components.hosting import Validated
from mtasts.records import STRING_MAX

if TYPE_CHECKING:
    import pulumi_aws

    from mtasts.components.hosting import PolicyHost, Validation

# Every CloudFront distribution is in this zone (Route 53's API reference, "AliasTarget").
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
# The value of the record never changes; ACM looks it up again at each renewal.
_VALIDATION_TTL_SECONDS = 300


class ZoneArgs(TypedDict):
    """The zone, and the provider that writes to it; None means the stack's default provider."""

    zone_id: str
    provider: pulumi_aws.Provider | None


class Zone(pulumi.ComponentResource):
    """Records in one hosted zone; the zone itself is looked up, never created or owned."""

    def __init__(
        self, name: str, args: ZoneArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Place nothing yet."""
        super().__init__("mtasts:index:Zone", name, {}, opts)
        self._zone_id = args["zone_id"]
        self._provider = args["provider"]
        self.register_outputs({"zoneId": self._zone_id})

    def text(
        self, name: str, owner: str, text: str, *, ttl_seconds: int, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """A TXT record of one text."""
        return route53.Record(
            name,
            zone_id=self._zone_id,
            name=owner,
            type="TXT",
            ttl=ttl_seconds,
            records=[txt_value(text)],
            opts=self._options(opts),
        )

    def addresses(
        self, name: str, owner: str, host: PolicyHost, *, opts: pulumi.ResourceOptions
    ) -> list[pulumi.Resource]:
        """Aliases of ``owner`` to a distribution, for IPv4 and for IPv6."""
        return [
            route53.Record(
                f"{name}-{suffix}",
                zone_id=self._zone_id,
                name=owner,
                type=type_,
                aliases=[
                    {
                        "name": host.own_name,
                        "zone_id": CLOUDFRONT_ZONE,
                        "evaluate_target_health": False,
                    }
                ],
                opts=self._options(opts),
            )
            for suffix, type_ in (("ipv4", "A"), ("ipv6", "AAAA"))
        ]

    def validation(
        self,
        name: str,
        validation: Validation,
        *,
        opts: pulumi.ResourceOptions,
    ) -> Validated:
        """The CNAME with which ACM validates the domain, now and at each renewal.

        ACM derives it from account and domain, so a new certificate for the domain needs the same
        record. In a preview the name of a new certificate's record is not known, and an unknown
        name would replace a protected record, so changes of the name are ignored; if the name did
        differ, validation would fail. A record left by an earlier certificate is overwritten.
        """
        record = route53.Record(
            name,
            zone_id=self._zone_id,
            name=validation.owner,
            type="CNAME",
            ttl=_VALIDATION_TTL_SECONDS,
            records=[validation.value],
            allow_overwrite=True,
            # allow_overwrite matters at creation alone; a change of it must show no update.
            opts=self._options(opts, ignore_changes=["name", "allow_overwrite"]),
        )
        return Validated(record.fqdn)

    def hand_out(self, *, protect: bool) -> None:
        """None, because mtasts writes the records itself."""

    def _options(
        self, opts: pulumi.ResourceOptions, ignore_changes: list[str] | None = None
    ) -> pulumi.ResourceOptions:
        """The caller's options, with this zone as parent and with the zone's provider."""
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=opts.depends_on,
            hooks=opts.hooks,
            protect=opts.protect,
            provider=self._provider,
            ignore_changes=ignore_changes,
        )


def txt_value(text: str) -> str:
    """A TXT value for pulumi-aws, which adds the outer quotes: only inner ones are written.

    A string holds at most 255 bytes (RFC 1035 section 3.3.14); ``text`` is ASCII without quotes.
    """
    parts = [text[start : start + STRING_MAX] for start in range(0, len(text), STRING_MAX)]
    return '" "'.join(parts)
