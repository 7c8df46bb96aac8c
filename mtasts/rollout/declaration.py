"""What one run declares for a policy domain: a value that the components only place.

Everything that a look-up or a verdict could change is decided before the first resource is
registered, and stands here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mtasts.ledger.phases import UNPROTECTED, Phase
from mtasts.records import StsRecord, TlsRptRecord

if TYPE_CHECKING:
    from mtasts.config import DomainConfig
    from mtasts.ledger.history import Intended
    from mtasts.ledger.phases import Parts
    from mtasts.zones import HostedZone

POLICY_LABEL = "mta-sts"
STS_LABEL = "_mta-sts"
TLSRPT_LABEL = "_smtp._tls"


@dataclass(frozen=True, slots=True)
class FormerZone:
    """The zone that the records move away from: whether DNS leads there, and who may ask it still.

    What DNS leads to stays protected. Resolvers may ask it for some time after that.
    """

    zone: HostedZone
    is_led_to: bool = True
    is_asked: bool = True


@dataclass(frozen=True, slots=True)
class Declaration:
    """The policy, the records and where they go, for one policy domain.

    ``intended`` is the exact bytes to serve and the policy id that names them. ``parts`` says what
    of it is declared, and what of that the engine may not delete, since senders may rely on it;
    with ``keep``, the body stays in the cloud even when it is no longer declared. ``home`` is the
    agency's own zone, where that is not ``zone``; ``delegation_zone`` the operator's name, below
    which the agency's CNAMEs lead. While the records move, they are in ``former`` as well;
    while the host moves within its zone, a sender may come to the one before, or not. ``phase`` is
    how far its retirement has come. Of what ``is_noted`` the ledger cannot be read: what is served
    is noted beside it. In what ``is_emergency`` so is what the ledger does not take. The zone of
    what ``is_lost`` is not the agency's any more.
    """

    domain: str
    zone: HostedZone
    intended: Intended
    tls_reports: tuple[str, ...]
    ttl_seconds: int
    parts: Parts = UNPROTECTED
    keep: bool = False
    dns_role_arn: str | None = None
    delegation_zone: str | None = None
    home: HostedZone | None = None
    former: FormerZone | None = None
    left_host_is_asked: bool = True
    phase: Phase = Phase.KEPT
    is_noted: bool = False
    is_emergency: bool = False
    is_lost: bool = False

    @property
    def name_servers(self) -> tuple[str, ...]:
        """Those that answer for the policy host: the agency's own, where it keeps its zone."""
        return tuple(sorted((self.home or self.zone).name_servers))

    @property
    def body(self) -> bytes:
        """The exact bytes to serve."""
        return self.intended.body

    @property
    def id(self) -> str:
        """The policy id that names them."""
        return self.intended.id

    @property
    def policy_host(self) -> str:
        """The host that senders fetch the policy from (RFC 8461 section 3.3)."""
        return f"{POLICY_LABEL}.{self.domain}"

    @property
    def sts_owner(self) -> str:
        """Where the STS record stands."""
        return f"{STS_LABEL}.{self.domain}"

    @property
    def tlsrpt_owner(self) -> str:
        """Where the TLS-RPT record stands."""
        return f"{TLSRPT_LABEL}.{self.domain}"

    @property
    def leaving(self) -> Declaration:
        """The same at the host, and in the zone, that is left: protected while DNS leads there."""
        parts = self.parts.unprotected
        if self.former is None:
            return replace(self, parts=parts)
        if self.former.is_led_to:
            parts = self.parts
        return replace(self, parts=parts, zone=self.former.zone, former=None)

    @property
    def sts_text(self) -> str:
        """The STS record."""
        return StsRecord(self.id).render()

    @property
    def tlsrpt_text(self) -> str:
        """The TLS-RPT record."""
        return TlsRptRecord(self.tls_reports).render()


def declare(
    config: DomainConfig,
    zone: HostedZone,
    intended: Intended,
    *,
    parts: Parts = UNPROTECTED,
    keep: bool = False,
    home: HostedZone | None = None,
    former: FormerZone | None = None,
    left_host_is_asked: bool = True,
    phase: Phase = Phase.KEPT,
    is_noted: bool = False,
    is_lost: bool = False,
) -> Declaration:
    """What ``config`` asks for, with ``intended`` as the policy and its id."""
    return Declaration(
        domain=config.name,
        zone=zone,
        intended=intended,
        tls_reports=config.tls_reports,
        ttl_seconds=config.ttl_seconds,
        parts=parts,
        keep=keep,
        dns_role_arn=config.dns_role_arn,
        delegation_zone=config.delegation_zone,
        home=home,
        former=former,
        left_host_is_asked=left_host_is_asked,
        phase=phase,
        is_noted=is_noted,
        is_emergency=config.emergency,
        is_lost=is_lost,
    )
