"""Words and errors of a config, which its keys and its values have in common."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mtasts.errors import MtaStsError

if TYPE_CHECKING:
    from mtasts.findings import Finding


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
