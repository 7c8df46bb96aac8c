"""A zone that somebody else runs: mtasts hands out its records as texts to paste."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from mtasts.components.handing_out import HandingOut
from mtasts.components.hosting import Alias

if TYPE_CHECKING:
    from mtasts.components.aws.policy_bucket import PolicyBucket
    from mtasts.components.hosting import PolicyHost, Validated, Validation
    from mtasts.probe.dns import Resolver
    from mtasts.rollout.declaration import Declaration


class Zone(pulumi.ComponentResource):
    """Hands out every record; the handed-out object has the hooks of its records."""

    def __init__(
        self, name: str, handing: HandingOut, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Place nothing yet."""
        super().__init__("mtasts:index:Zone", name, {}, opts)
        self._handing = handing
        self.register_outputs({})

    def text(
        self, name: str, owner: str, text: str, *, ttl_seconds: int, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        """A TXT record of one text, to be published by hand."""
        del name, ttl_seconds
        self._handing.add(owner, "TXT", text)
        self._handing.guard(opts)
        return self

    def addresses(
        self, name: str, owner: str, host: PolicyHost, *, opts: pulumi.ResourceOptions
    ) -> list[pulumi.Resource]:
        """A CNAME from ``owner`` to ``host``'s own name."""
        del name
        target = host.target
        assert isinstance(target, Alias)  # noqa: S101 - the config allows AWS alone
        self._handing.add(owner, "CNAME", target.name)
        self._handing.guard(opts)
        return []

    def validation(
        self,
        name: str,
        validation: Validation,
        *,
        opts: pulumi.ResourceOptions,
    ) -> Validated:
        """The CNAME with which ACM validates the domain."""
        del opts
        return self._handing.validation(name, validation)

    def hand_out(self, *, protect: bool) -> pulumi.Output[dict[str, str]] | None:
        """All records that must be published."""
        return self._handing.place(self, protect=protect)


class ManualZones:
    """`mtasts.components.hosting.Zones` whose records somebody else publishes."""

    def __init__(self, bucket: PolicyBucket, resolver: Resolver) -> None:
        """Hand out through ``bucket``; look up with ``resolver`` what was published."""
        self._bucket = bucket
        self._resolver = resolver

    def zone(self, declaration: Declaration, opts: pulumi.ResourceOptions) -> Zone:
        """The zone of a domain."""
        handing = HandingOut(declaration, self._bucket, self._resolver)
        return Zone(f"{declaration.domain}-zone", handing, opts)
