"""The interface of a cloud for `MailDomain`; both clouds implement it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi

    from mtasts.components.waiting import Slow
    from mtasts.rollout.declaration import Declaration
    from mtasts.rollout.move import MoveListener
    from mtasts.run.proof import Caches


# The TTL of the records that lead to a policy host, in every zone that mtasts writes. A retirement
# waits longer (`mtasts.rollout.retirement.ADDRESSES_FORGOTTEN_SECONDS`).
ADDRESS_TTL_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Alias:
    """A policy host that DNS reaches by a CNAME or alias to its own name."""

    name: pulumi.Output[str]


@dataclass(frozen=True, slots=True)
class Worker:
    """A Worker; only a zone at Cloudflare can lead a name to it."""

    account_id: str
    service: pulumi.Output[str]


@dataclass(frozen=True, slots=True)
class Validation:
    """The CNAME with which a certificate authority validates a domain.

    The authority chooses ``owner`` and ``value``.
    """

    owner: pulumi.Input[str]
    value: pulumi.Input[str]


@dataclass(frozen=True, slots=True)
class Validated:
    """The owner name of a `Validation` record, once the record is written or handed out.

    If somebody else publishes the record, ``hooks`` guard the resources that need the certificate.
    """

    owner: pulumi.Output[str]
    hooks: pulumi.ResourceHookBinding | None = None


class Zone(Protocol):
    """An existing DNS zone; each record is a child of the component that places it."""

    def text(
        self,
        name: str,
        owner: str,
        text: str,
        *,
        ttl_seconds: int,
        opts: pulumi.ResourceOptions,
    ) -> pulumi.Resource:
        """A TXT record of one text, split into strings of 255 bytes (RFC 1035 section 3.3.14)."""

    def addresses(
        self, name: str, owner: str, host: PolicyHost, *, opts: pulumi.ResourceOptions
    ) -> Sequence[pulumi.Resource]:
        """The records that lead ``owner`` to ``host``, on IPv4 and IPv6."""

    def validation(
        self,
        name: str,
        validation: Validation,
        *,
        opts: pulumi.ResourceOptions,
    ) -> Validated:
        """The record with which a certificate authority validates the domain."""

    def hand_out(self, *, protect: bool) -> pulumi.Output[dict[str, str]] | None:
        """The records that somebody else must publish, as texts; None if mtasts writes them."""


class Zones(Protocol):
    """The zones of a stack's domains."""

    def zone(self, declaration: Declaration, opts: pulumi.ResourceOptions) -> Zone:
        """The zone of a domain."""


class PolicyHost(Protocol):
    """An HTTPS host that serves one policy at the policy host's name, once DNS leads to the host.

    ``body`` is the resource that holds the policy. ``own_name`` is the host's name in the cloud,
    which works before any record of the domain leads to the host. ``answers_as_policy_host`` says
    under which name a request to ``own_name`` gets the policy: the policy host's name if true, only
    ``own_name`` otherwise. ``slow`` lists the work that takes the cloud minutes.
    """

    body: pulumi.Resource
    own_name: pulumi.Output[str]
    answers_as_policy_host: bool
    policy_url: pulumi.Output[str]
    slow: tuple[Slow, ...]

    @property
    def target(self) -> Alias | Worker:
        """The host's own name or its Worker, to which a zone's records lead."""

    async def take_over(self, owner: str, zone_id: str, listener: MoveListener) -> None:
        """Lead ``owner`` to this host, if a DNS record alone is not enough; in hooks only.

        At Cloudflare a Worker needs a route first. ``listener`` is called right before the switch.
        """

    async def caches(self) -> Caches:
        """The caches in front of the host; call it in hooks only, where ids are known."""


class Hosting(Protocol):
    """One cloud account of a stack; ``name`` is its word in ``mtasts:hosting``."""

    name: str

    def policy_host(
        self,
        declaration: Declaration,
        zones: Sequence[Zone],
        before_body: pulumi.ResourceHookBinding,
        opts: pulumi.ResourceOptions,
    ) -> PolicyHost:
        """Place a policy host for a domain; each of ``zones`` gets the record for its certificate.

        ``before_body`` guards every write of the policy.
        """
