"""The inputs and outputs of `Agency`, as its schema and every SDK have them.

No ``from __future__ import annotations`` here: the component provider reads the types themselves.
Inputs are those of a stack file (docs/config.md), spelled as each language spells names.
"""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi


class OverrideArgs(TypedDict):
    """A decision to pass refusals: which ones, why, by whom, and until when (docs/gates.md)."""

    waives: pulumi.Input[Sequence[pulumi.Input[str]]]
    """The words of the refusals that it passes (docs/gates.md); ``for`` in a stack file."""
    reason: pulumi.Input[str]
    approved_by: pulumi.Input[str]
    expires: pulumi.Input[str]
    """The last day, as YYYY-MM-DD."""
    begins: NotRequired[pulumi.Input[str]]
    """The first day, as YYYY-MM-DD; ``from`` in a stack file."""


class DomainArgs(TypedDict):
    """One policy domain; a value that is left out is the agency's value for all domains."""

    name: pulumi.Input[str]
    mx: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Its MX patterns (RFC 8461 section 3.2); an empty list: the domain receives no mail."""
    mode: NotRequired[pulumi.Input[str]]
    max_age: NotRequired[pulumi.Input[int]]
    """Seconds."""
    ttl: NotRequired[pulumi.Input[int]]
    """Seconds."""
    tls_reports: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """URIs that receive TLS reports (RFC 8460 section 3)."""
    dkim_selectors: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    zone_id: NotRequired[pulumi.Input[str]]
    """The id of its DNS zone, which the same program may create."""
    dns_role_arn: NotRequired[pulumi.Input[str]]
    dns_role_external_id: NotRequired[pulumi.Input[str]]
    reroll: NotRequired[pulumi.Input[str]]
    retire: NotRequired[pulumi.Input[bool]]
    emergency: NotRequired[pulumi.Input[str]]
    override: NotRequired[pulumi.Input[OverrideArgs]]


class AgencyArgs(TypedDict):
    """The mail domains of one agency, what they publish, and where it is hosted."""

    agency: pulumi.Input[str]
    """The agency's name, as reports show it."""
    domains: pulumi.Input[Sequence[pulumi.Input[DomainArgs]]]
    profile: NotRequired[pulumi.Input[str]]
    hosting: NotRequired[pulumi.Input[str]]
    """``aws`` or ``cloudflare``."""
    dns: NotRequired[pulumi.Input[str]]
    """``route53``, ``cloudflare``, ``delegated`` or ``manual``."""
    mode: NotRequired[pulumi.Input[str]]
    """``testing``, ``enforce`` or ``none`` (RFC 8461 section 3.2)."""
    max_age: NotRequired[pulumi.Input[int]]
    """Seconds."""
    ttl: NotRequired[pulumi.Input[int]]
    """Seconds."""
    cache_seconds: NotRequired[pulumi.Input[int]]
    proof_seconds: NotRequired[pulumi.Input[int]]
    settle_seconds: NotRequired[pulumi.Input[int]]
    tls_reports: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    reroll: NotRequired[pulumi.Input[str]]
    alarm_topic: NotRequired[pulumi.Input[str]]
    cloudflare_account: NotRequired[pulumi.Input[str]]
    delegation_zone: NotRequired[pulumi.Input[str]]
    leaving: NotRequired[pulumi.Input[str]]
    leaving_dns: NotRequired[pulumi.Input[str]]
    report_trust: NotRequired[pulumi.Input[str]]
    """``verified`` or ``https``: which TLS reports are accepted as evidence (docs/gates.md)."""
    emergency: NotRequired[pulumi.Input[str]]


class RulingOutput(TypedDict):
    """Why a domain is held (docs/rulings.md)."""

    id: str
    kind: str
    text: str
    until: str | None
    """When the ruling ends, as an ISO 8601 time in UTC; None if no date ends it."""


class DomainOutput(TypedDict):
    """What is published for one domain."""

    policyId: NotRequired[str]
    policyUrl: NotRequired[str]
    policy: NotRequired[str]
    publish: NotRequired[Mapping[str, str]]
    """The records that somebody else has to publish, as ``text``, ``zoneFile`` and ``json``."""
    emergency: NotRequired[Sequence[str]]
    """The refusals that would hold the domain without ``emergency``."""
    held: NotRequired[Sequence[RulingOutput]]
    """Why the domain is held and remains as it is."""
