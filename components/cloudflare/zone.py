"""A Cloudflare zone that exists already, and the records placed in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import pulumi
import pulumi_cloudflare as cloudflare

from mtasts.cloud.cloudflare.existing import remove_same
from mtasts.components.hooks import guard
from mtasts.components.hosting import ADDRESS_TTL_SECONDS, Validated, Worker
from mtasts.records import to_presentation
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from mtasts.cloud.cloudflare.account import CloudflareAccount
    from mtasts.components.hosting import PolicyHost, Validation
    from mtasts.rollout.declaration import Declaration

# The value of the record never changes; ACM looks it up again at each renewal.
_VALIDATION_TTL_SECONDS = 300
# Time for one look-up and one deletion by Cloudflare's API.
_TAKING_IN_SECONDS = 60.0


class ZoneArgs(TypedDict):
    """The zone's id and account; ``is_lost``: the zone is not in the account any more."""

    zone_id: str
    account: CloudflareAccount
    is_lost: bool


class Zone(pulumi.ComponentResource):
    """Records in one zone; the zone itself is looked up, never created or owned."""

    def __init__(
        self, name: str, args: ZoneArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Place nothing yet."""
        super().__init__("mtasts:index:Zone", name, {}, opts)
        self._zone_id, self._account = args["zone_id"], args["account"]
        self._is_lost = args["is_lost"]
        self.register_outputs({"zoneId": self._zone_id})

    def text(
        self, name: str, owner: str, text: str, *, ttl_seconds: int, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """A TXT record of one text."""
        return self._record(name, owner, "TXT", to_presentation(text), ttl_seconds, opts)

    def addresses(
        self, name: str, owner: str, host: PolicyHost, *, opts: pulumi.ResourceOptions
    ) -> list[pulumi.Resource]:
        """A custom domain from ``owner`` to a Worker, or a CNAME to any other host.

        The CNAME is not proxied: behind the proxy senders would get Cloudflare's certificate and
        settings instead of the host's.
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
        validation: Validation,
        *,
        opts: pulumi.ResourceOptions,
    ) -> Validated:
        """The CNAME with which ACM validates the domain.

        ACM derives it from account and domain, so a record left by an earlier certificate is the
        same record. Cloudflare refuses a second one, so the old one is deleted first. ACM looks for
        the record only from time to time, so a short absence does no harm.
        """
        # ACM returns names with a final dot, Cloudflare without one.
        bare_owner = pulumi.Output.from_input(validation.owner).apply(lambda text: text.rstrip("."))
        bare_value = pulumi.Output.from_input(validation.value).apply(lambda text: text.rstrip("."))

        async def make_room(_: pulumi.ResourceHookArgs) -> None:
            owner, value = str(await bare_owner.future()), str(await bare_value.future())
            await in_thread(remove_same, self._account, self._zone_id, owner, value)

        room = guard(f"{name}-taken-in", make_room, deadline_seconds=_TAKING_IN_SECONDS)
        made = pulumi.ResourceOptions(
            protect=opts.protect, hooks=pulumi.ResourceHookBinding(before_create=[room])
        )
        record = self._record(name, bare_owner, "CNAME", bare_value, _VALIDATION_TTL_SECONDS, made)
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
        """None, because mtasts writes the records itself."""

    def _options(self, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """The caller's options, as a child of this zone.

        The provider fails to delete a record that Cloudflare does not have any more. Records that a
        switch will replace, or that are lost with their zone, are therefore marked retain_on_delete
        one run earlier: the engine then only removes them from the state.
        """
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=opts.depends_on,
            hooks=opts.hooks,
            protect=opts.protect,
            retain_on_delete=self._is_lost or opts.retain_on_delete,
        )


class CloudflareZones:
    """`mtasts.components.hosting.Zones` in one Cloudflare account."""

    def __init__(self, account: CloudflareAccount) -> None:
        """Place nothing yet; zones are those of ``account``."""
        self._account = account

    def zone(self, declaration: Declaration, opts: pulumi.ResourceOptions) -> Zone:
        """The zone of a domain."""
        args: ZoneArgs = {
            "zone_id": declaration.zone.zone_id,
            "account": self._account,
            "is_lost": declaration.is_lost,
        }
        return Zone(f"{declaration.domain}-cloudflare", args, opts)
