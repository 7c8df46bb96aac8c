"""The operator's zone for an agency's domain; the agency's CNAMEs lead into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from mtasts.components.handing_out import HandingOut
from mtasts.rollout.handover import delegated_owner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtasts.components import hosting
    from mtasts.components.aws.policy_bucket import PolicyBucket
    from mtasts.probe.dns import Resolver
    from mtasts.rollout.declaration import Declaration


class Zone(pulumi.ComponentResource):
    """Writes each record below the delegation zone, and hands out the CNAME that leads to it.

    All CNAMEs are handed out in the first run, so that the agency has to act only once.
    """

    def __init__(
        self,
        name: str,
        declaration: Declaration,
        handing: HandingOut,
        own: hosting.Zones,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Place nothing yet; records go into the zone that ``own`` has for the domain."""
        super().__init__("mtasts:index:DelegatedZone", name, {}, opts)
        self._handing = handing
        self._suffix = declaration.config.delegation_zone or ""
        self._own = own.zone(declaration, pulumi.ResourceOptions(parent=self))
        for owner in (declaration.policy_host, declaration.sts_owner, declaration.tlsrpt_owner):
            handing.add(owner, "CNAME", delegated_owner(owner, self._suffix))
        self.register_outputs({})

    def text(
        self, name: str, owner: str, text: str, *, ttl_seconds: int, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """A TXT record of one text, in the operator's zone."""
        target = delegated_owner(owner, self._suffix)
        return self._own.text(name, target, text, ttl_seconds=ttl_seconds, opts=opts)

    def addresses(
        self, name: str, owner: str, host: hosting.PolicyHost, *, opts: pulumi.ResourceOptions
    ) -> Sequence[pulumi.Resource]:
        """The records that lead the operator's name to ``host``."""
        target = delegated_owner(owner, self._suffix)
        return self._own.addresses(name, target, host, opts=opts)

    def validation(
        self,
        name: str,
        validation: hosting.Validation,
        *,
        opts: pulumi.ResourceOptions,
    ) -> hosting.Validated:
        """The CNAME with which ACM validates the domain; the agency publishes it."""
        del opts
        return self._handing.validation(name, validation)

    def hand_out(self, *, protect: bool) -> pulumi.Output[dict[str, str]] | None:
        """The CNAMEs for the agency."""
        return self._handing.place(self, protect=protect)


class DelegatedZones:
    """`mtasts.components.hosting.Zones` for records in the operator's zone."""

    def __init__(self, own: hosting.Zones, bucket: PolicyBucket, resolver: Resolver) -> None:
        """Write records with ``own``, hand out CNAMEs in ``bucket``, look up with ``resolver``."""
        self._own = own
        self._bucket = bucket
        self._resolver = resolver

    def zone(self, declaration: Declaration, opts: pulumi.ResourceOptions) -> Zone:
        """The zone of a domain."""
        handing = HandingOut(declaration, self._bucket, self._resolver)
        return Zone(f"{declaration.domain}-delegated", declaration, handing, self._own, opts)
