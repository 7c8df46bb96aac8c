"""The values a stack's config turns into, with every stack-wide default already applied."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mtasts.errors import MtaStsError
from mtasts.policy import Mode, Policy

if TYPE_CHECKING:
    from mtasts.cloud_catalogue import Dns, Hosting
    from mtasts.findings import Finding
    from mtasts.names import MxPattern


class Profile(StrEnum):
    """The set of rules that compliance reports follow."""

    US_FCEB = "us-fceb"
    UK_GOV = "uk-gov"
    AU_ISM = "au-ism"
    NZ_SGE = "nz-sge"
    RFC = "rfc"


class Emergency(StrEnum):
    """The mode that an emergency publishes, past every refusal."""

    TESTING = "testing"


class ReportTrust(StrEnum):
    """The least trust with which a TLS report of the store counts (`mtasts.tlsrpt.trust`)."""

    VERIFIED = "verified"
    HTTPS = "https"


class ConfigError(MtaStsError):
    """The config cannot be used as it stands; nothing may be called or declared from it.

    ``findings`` holds every problem, each with the key and what to write instead.
    """

    def __init__(self, file: str, findings: tuple[Finding, ...]) -> None:
        """Keep all problems of ``file``; there is at least one."""
        self.file = file
        self.findings = findings
        super().__init__(file, findings)

    def __str__(self) -> str:
        count = f"{len(self.findings)} problem{'s' if len(self.findings) > 1 else ''}"
        lines = [f"{self.file}: {count} in the config"]
        for finding in self.findings:
            lines += [f"- {finding.summary}", f"  fix: {finding.fix}"]
        return "\n".join(lines)


class Waiver(StrEnum):
    """The words of an override; each waives one kind of refusal, and no other.

    ``evidence`` is every condition of a promotion, ``reports`` and ``mail-authentication`` are
    those about TLS reports and about SPF, DKIM and DMARC alone. ``zone-wait`` and ``host-wait``
    are the waits until no resolver uses a former zone or host. ``lost-domain`` is every wait of a
    retirement for DNS.
    """

    EVIDENCE = "evidence"
    REPORTS = "reports"
    MAIL_AUTHENTICATION = "mail-authentication"
    ZONE_WAIT = "zone-wait"
    HOST_WAIT = "host-wait"
    LOST_DOMAIN = "lost-domain"


# The longest span of an override in days: a longer exception must be decided again.
OVERRIDE_DAYS = 90


def last_day(begins: dt.date) -> dt.date:
    """The last possible day of an override that begins on ``begins``."""
    longest = dt.timedelta(days=OVERRIDE_DAYS)
    return begins + longest if begins <= dt.date.max - longest else dt.date.max


@dataclass(frozen=True, slots=True)
class Override:
    """A named person's decision to pass the refusals that it ``waives``, to the end of ``expires``.

    It begins on the day ``begins``, or at once (`mtasts.promotion.waivers`).
    """

    waives: frozenset[Waiver]
    reason: str
    approved_by: str
    expires: dt.date
    begins: dt.date | None = None


@dataclass(frozen=True, slots=True)
class DomainConfig:
    """One policy domain, with the defaults of the stack filled in.

    ``name`` and the ``mx`` patterns are A-labels. No ``mx`` means parked: the domain receives no
    mail and publishes no MTA-STS. ``reroll`` gives the same policy a new id when it changes.
    With ``retire`` it has mode none and a short max_age, in an ``emergency`` mode testing, whatever
    the file says. ``delegation_zone`` is the name below which the agency's CNAMEs lead, or None.
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
