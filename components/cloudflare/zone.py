"""A Cloudflare zone that exists already, and the records placed in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import pulumi
import pulumi_cloudflare as cloudflare

from components.hooks import guard
from components.hosting import ADDRESS_TTL_SECONDS, Validated, Worker
from mtasts.cloud.cloudflare.existing import remove_same
from mtasts.records import to_presentation
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from components.hosting import PolicyHost, Validation
    from mtasts.cloud.cloudflare.account import CloudflareAccount
    from mtasts.rollout.declaration import Declaration

# ACM asks for the record at each renewal, and never for another value.
_VALIDATION_TTL_SECONDS = 300
# A look at what stands there, and one removal.
_TAKING_IN_SECONDS = 60.0


class ZoneArgs(TypedDict):
    """The zone by its id, and the account that has it, or had it before it ``is_lost``."""

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
        """The record by which ACM sees that the domain is ours.

        ACM names it by account and domain, so one that stands there, of a certificate before, is
        this very one, and Cloudflare refuses it twice: it is made anew. ACM looks for it now and
        then alone, and misses nothing.
        """
        # ACM writes names with a final dot, Cloudflare without.
        bare_owner = pulumi.Output.from_input(wanted.owner).apply(lambda text: text.rstrip("."))
        bare_value = pulumi.Output.from_input(wanted.value).apply(lambda text: text.rstrip("."))

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
        """Nothing: the records are written here."""

    def _options(self, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """The caller's options, as a child of this zone.

        The provider fails to delete what Cloudflare does not have any more. So what goes over to
        another host, or is lost with its zone, is marked a run ahead as not to be deleted: the
        engine forgets it.
        """
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=opts.depends_on,
            hooks=opts.hooks,
            protect=opts.protect,
            retain_on_delete=self._is_lost or opts.retain_on_delete,
        )


class CloudflareZones:
    """`components.hosting.Zones` over one account."""

    def __init__(self, account: CloudflareAccount) -> None:
        """Records in zones of ``account``."""
        self._account = account

    def zone(self, declaration: Declaration, opts: pulumi.ResourceOptions) -> Zone:
        """The zone of a domain."""
        args: ZoneArgs = {
            "zone_id": declaration.zone.zone_id,
            "account": self._account,
            "is_lost": declaration.is_lost,
        }
        return Zone(f"{declaration.domain}-cloudflare", args, opts)
