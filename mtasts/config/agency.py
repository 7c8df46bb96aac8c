"""The values a stack's config turns into, with every stack-wide default already applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.config.model import Override, Profile, ReportTrust
from mtasts.config.move_rules import leaving_dns
from mtasts.config.schema import (
    DEFAULT_CACHE_SECONDS,
    DEFAULT_MAX_AGE,
    DEFAULT_SETTLE_SECONDS,
    DEFAULT_TTL_SECONDS,
    RETIRED_MAX_AGE,
)
from mtasts.policy import Mode, Policy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtasts.cloud_catalogue import Dns, Hosting
    from mtasts.config.schema import DomainFields, OverrideFields, StackFields
    from mtasts.config.stack_rules import StackKeys
    from mtasts.names import MxPattern


@dataclass(frozen=True, slots=True)
class DomainConfig:
    """One policy domain, with the defaults of the stack filled in.

    ``name`` and the ``mx`` patterns are A-labels. No ``mx`` means parked: the domain receives no
    mail and publishes no MTA-STS. ``reroll`` gives the same policy a new id when it changes.
    With ``retire`` it has mode none and a short max_age, in an ``emergency`` mode testing, whatever
    the file says. ``entry_mode`` and ``entry_emergency`` are what the domain's own entry says of
    these two. ``delegation_zone`` is the name below which the agency's CNAMEs lead, or None.
    """

    name: str
    mx: tuple[MxPattern, ...]
    mode: Mode
    max_age: int
    ttl_seconds: int
    tls_reports: tuple[str, ...]
    dkim_selectors: tuple[str, ...] = ()
    zone_id: str | None = None
    dns_role_arn: str | None = None
    dns_role_external_id: str | None = None
    reroll: str = ""
    override: Override | None = None
    retire: bool = False
    delegation_zone: str | None = None
    emergency: bool = False
    entry_mode: Mode | None = None
    entry_emergency: bool = False

    @property
    def parked(self) -> bool:
        """Whether the domain declares that it receives no mail."""
        return not self.mx

    @property
    def policy(self) -> Policy:
        """The policy to publish.

        Raises:
            ValueError: the domain is parked, so it has no policy.
        """
        if self.parked:
            raise ValueError(f"{self.name} is parked: it has no policy")
        return Policy(self.mode, self.max_age, self.mx)


@dataclass(frozen=True, slots=True)
class AgencyConfig:
    """One agency's stack.

    ``region`` is None only with hosting cloudflare; ``file`` is what messages call the source;
    ``alarm_topic`` is the ARN of the SNS topic for alarms. ``cloudflare_account`` is set with
    hosting or dns cloudflare; ``settle_seconds`` is how long a Worker's policy must be seen. During
    a move, ``leaving`` is the former cloud and ``leaving_dns`` the former DNS provider; both still
    serve. ``report_trust`` is the least trust with which a TLS report counts.
    """

    agency: str
    profile: Profile
    hosting: Hosting
    dns: Dns
    region: str | None
    allowed_account_ids: tuple[str, ...]
    cache_seconds: int
    proof_seconds: int
    domains: tuple[DomainConfig, ...]
    file: str
    alarm_topic: str | None = None
    cloudflare_account: str | None = None
    settle_seconds: int = 0
    leaving: Hosting | None = None
    leaving_dns: Dns | None = None
    report_trust: ReportTrust = ReportTrust.VERIFIED


def agency_config(keys: StackKeys, domains: Iterable[DomainFields], file: str) -> AgencyConfig:
    """The values of keys in which nothing is wrong; ``file`` is what messages call the source."""
    stack = keys.read
    return AgencyConfig(
        agency=stack.agency or "",
        profile=stack.profile or Profile.RFC,
        hosting=keys.hosting,
        dns=keys.dns,
        region=stack.region,
        allowed_account_ids=tuple(stack.allowed_account_ids or ()),
        cache_seconds=stack.cache_seconds or DEFAULT_CACHE_SECONDS,
        proof_seconds=keys.proof_seconds,
        domains=tuple(_domain(each, stack) for each in domains),
        file=file,
        alarm_topic=stack.alarm_topic,
        cloudflare_account=stack.cloudflare_account,
        leaving=stack.leaving,
        leaving_dns=leaving_dns(stack, keys.hosting, keys.dns),
        settle_seconds=stack.settle_seconds or DEFAULT_SETTLE_SECONDS,
        report_trust=stack.report_trust or ReportTrust.VERIFIED,
    )


def _mode(domain: DomainFields, stack: StackFields, *, emergency: bool) -> Mode:
    if domain.retire:
        return Mode.NONE
    return Mode.TESTING if emergency else domain.mode or stack.mode or Mode.TESTING


def _domain(domain: DomainFields, stack: StackFields) -> DomainConfig:
    is_live = bool(domain.mx) and not domain.retire
    emergency = is_live and (domain.emergency or stack.emergency) is not None
    return DomainConfig(
        name=domain.name or "",
        mx=tuple(domain.mx or ()),
        mode=_mode(domain, stack, emergency=emergency),
        max_age=RETIRED_MAX_AGE
        if domain.retire
        else domain.max_age or stack.max_age or DEFAULT_MAX_AGE,
        ttl_seconds=domain.ttl or stack.ttl or DEFAULT_TTL_SECONDS,
        tls_reports=tuple(domain.tls_reports or stack.tls_reports or ()),
        dkim_selectors=tuple(domain.dkim_selectors or ()),
        zone_id=domain.zone_id,
        dns_role_arn=domain.dns_role_arn,
        dns_role_external_id=domain.dns_role_external_id,
        reroll=domain.reroll or stack.reroll or "",
        override=_override(domain.override),
        retire=bool(domain.retire),
        delegation_zone=stack.delegation_zone,
        emergency=emergency,
        entry_mode=domain.mode,
        entry_emergency=domain.emergency is not None,
    )


def _override(found: OverrideFields | None) -> Override | None:
    if found is None:
        return None
    return Override(
        frozenset(found.waives), found.reason, found.approved_by, found.expires, found.begins
    )
