"""What a cloud offers to `MailDomain`: the same interface whichever cloud it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi

    from components.waiting import Slow
    from mtasts.cloud.cloudflare.take_over import MoveListener
    from mtasts.rollout.declaration import Declaration
    from mtasts.run.proof import Caches


# How long resolvers keep what leads to a policy host, in every zone of ours.
ADDRESS_TTL_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Alias:
    """A host that a record leads to by its own name."""

    name: pulumi.Output[str]


@dataclass(frozen=True, slots=True)
class Worker:
    """A Worker, which only a zone of its own cloud can lead to."""

    account_id: str
    service: pulumi.Output[str]


@dataclass(frozen=True, slots=True)
class Validation:
    """The CNAME by which an authority sees that a domain is ours, as the authority names it."""

    owner: pulumi.Input[str]
    value: pulumi.Input[str]


@dataclass(frozen=True, slots=True)
class Validated:
    """The name of that record, once it is written or handed out.

    ``hooks`` guard whatever waits for the authority, where somebody else publishes it.
    """

    owner: pulumi.Output[str]
    hooks: pulumi.ResourceHookBinding | None = None


class Zone(Protocol):
    """A DNS zone that exists already; every record is a child of the component that asks for it."""

    def text(
        self,
        name: str,
        owner: str,
        text: str,
        *,
        ttl_seconds: int,
        opts: pulumi.ResourceOptions,
    ) -> pulumi.Resource:
        """A TXT record of one text, split into strings as DNS needs."""

    def addresses(
        self, name: str, owner: str, host: PolicyHost, *, opts: pulumi.ResourceOptions
    ) -> Sequence[pulumi.Resource]:
        """The records that lead ``owner`` to ``host``, on IPv4 and IPv6."""

    def validation(
        self,
        name: str,
        wanted: Validation,
        *,
        opts: pulumi.ResourceOptions,
    ) -> Validated:
        """The record by which an authority sees that the domain is ours."""

    def hand_out(self, *, protect: bool) -> pulumi.Output[dict[str, str]] | None:
        """What somebody else has to publish, ready to paste; None where nobody has."""


class Zones(Protocol):
    """Whoever answers for the domains."""

    def zone(self, declaration: Declaration, opts: pulumi.ResourceOptions) -> Zone:
        """The zone of a domain."""


class PolicyHost(Protocol):
    """An HTTPS host that serves one policy under its domain's name, once DNS leads there.

    ``body`` is the resource that holds the policy; ``own_name`` is the host's own name in the
    cloud, at which it can be asked before any record of the domain leads to it:
    ``answers_as_policy_host`` says whether as the policy host, or by its own name alone. ``slow``
    is what the cloud takes minutes for.
    """

    body: pulumi.Resource
    own_name: pulumi.Output[str]
    answers_as_policy_host: bool
    policy_url: pulumi.Output[str]
    slow: tuple[Slow, ...]

    @property
    def target(self) -> Alias | Worker:
        """What a zone has to know to lead there."""

    async def take_over(self, owner: str, zone_id: str, listener: MoveListener) -> None:
        """Have ``owner`` lead here, where the cloud wants more than a record; in hooks only.

        ``listener`` is told right before the name does.
        """

    async def caches(self) -> Caches:
        """The caches in front of it; to be asked for in hooks only."""


class Hosting(Protocol):
    """One cloud account, as far as one stack uses it; ``name`` is the config's word for it."""

    name: str

    def policy_host(
        self,
        declaration: Declaration,
        zones: Sequence[Zone],
        before_body: pulumi.ResourceHookBinding,
        opts: pulumi.ResourceOptions,
    ) -> PolicyHost:
        """A policy host for a domain, its certificate validated through each of ``zones``.

        ``before_body`` guards every write of the policy.
        """
