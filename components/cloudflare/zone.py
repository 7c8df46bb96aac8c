"""A Cloudflare zone that exists already, and the records placed in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import pulumi
import pulumi_cloudflare as cloudflare

from components.hosting import ADDRESS_TTL_SECONDS, Validated, Worker
from mtasts.records import to_presentation

if TYPE_CHECKING:
    from components.hosting import PolicyHost, Validation
    from mtasts.rollout.declaration import Declaration

# ACM asks for the record at each renewal, and never for another value.
_VALIDATION_TTL_SECONDS = 300


class ZoneArgs(TypedDict):
    """The zone, by its id."""

    zone_id: str


class Zone(pulumi.ComponentResource):
    """Records in one zone; the zone itself is looked up, never created or owned."""

    def __init__(
        self, name: str, args: ZoneArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Place nothing yet."""
        super().__init__("mtasts:index:Zone", name, {}, opts)
        self._zone_id = args["zone_id"]
        self.register_outputs({"zoneId": self._zone_id})

    def text(
        self, name: str, owner: str, text: str, *, ttl_seconds: int, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """A TXT record of one text."""
        return self._record(name, owner, "TXT", to_presentation(text), ttl_seconds, opts)

    def addresses(
        self, name: str, owner: str, host: PolicyHost, *, opts: pulumi.ResourceOptions
    ) -> list[pulumi.Resource]:
        """What leads ``owner`` to ``host``: a custom domain to a Worker, a CNAME to all else.

        The CNAME is not proxied: Cloudflare would answer for the host with a certificate and
        settings of its own.
        """
        target = host.target
        if isinstance(target, Worker):
            domain = cloudflare.WorkersCustomDomain(
                f"{name}-domain",
                account_id=target.account_id,
                hostname=owner,
                service=target.service,
                zone_id=self._zone_id,
                opts=self._options(opts),
            )
            return [domain]
        record = self._record(
            f"{name}-cname", owner, "CNAME", target.name, ADDRESS_TTL_SECONDS, opts
        )
        return [record]

    def validation(
        self,
        name: str,
        wanted: Validation,
        *,
        opts: pulumi.ResourceOptions,
    ) -> Validated:
        """The record by which ACM sees that the domain is ours."""
        # ACM writes names with a final dot, Cloudflare without.
        bare_owner = pulumi.Output.from_input(wanted.owner).apply(lambda text: text.rstrip("."))
        bare_value = pulumi.Output.from_input(wanted.value).apply(lambda text: text.rstrip("."))
        record = self._record(name, bare_owner, "CNAME", bare_value, _VALIDATION_TTL_SECONDS, opts)
        return Validated(record.name)

    def _record(  # noqa: PLR0917 - what a record is made of
        self,
        name: str,
        owner: pulumi.Input[str],
        type_: pulumi.Input[str],
        content: pulumi.Input[str],
        ttl_seconds: int,
        opts: pulumi.ResourceOptions,
    ) -> cloudflare.DnsRecord:
        return cloudflare.DnsRecord(
            name,
            zone_id=self._zone_id,
            name=owner,
            type=type_,
            content=content,
            ttl=ttl_seconds,
            proxied=False,
            opts=self._options(opts),
        )

    def hand_out(self, *, protect: bool) -> None:
        """Nothing: the records are written here."""

    def _options(self, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """The caller's options, as a child of this zone."""
        return pulumi.ResourceOptions(
            parent=self, depends_on=opts.depends_on, hooks=opts.hooks, protect=opts.protect
        )


class CloudflareZones:
    """`components.hosting.Zones` over one account."""

    def zone(self, declaration: Declaration, opts: pulumi.ResourceOptions) -> Zone:
        """The zone of a domain."""
        return Zone(f"{declaration.domain}-cloudflare", {"zone_id": declaration.zone.zone_id}, opts)
