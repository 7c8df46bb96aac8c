"""What one run declares for a policy domain: a value that the components only place.

Everything that a look-up or a verdict could change is decided before the first resource is
registered, and stands here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mtasts.ledger.phases import UNPROTECTED, Phase
from mtasts.names import POLICY_LABEL, STS_LABEL, TLSRPT_LABEL
from mtasts.records import StsRecord, TlsRptRecord

if TYPE_CHECKING:
    from mtasts.config import DomainConfig
    from mtasts.ledger.history import Intended
    from mtasts.ledger.phases import Parts
    from mtasts.observations import DnsAnswer
    from mtasts.zones import HostedZone


@dataclass(frozen=True, slots=True)
class FormerZone:
    """The former zone of a moving domain: whether DNS leads there, and whether it is queried.

    What DNS leads to stays protected. Resolvers may query it for some time after that.
    """

    zone: HostedZone
    is_led_to: bool = True
    is_queried: bool = True


@dataclass(frozen=True, slots=True)
class Declaration:
    """The policy, the records and where they go, for the policy domain of ``config``.

    ``intended`` is the exact bytes to serve and the policy id that names them. ``parts`` says what
    of it is declared, and what of that the engine may not delete, since senders may rely on it;
    with ``keep``, the body stays in the cloud even when it is no longer declared. ``phase`` is how
    far its retirement has come. ``agency_zone`` is the agency's own zone, where that is not
    ``zone``. While the records move, they are in ``former`` as well; while the host moves within
    its zone, the former host may get requests, or not. Of what ``is_noted`` the ledger cannot be
    read: what is served is noted beside it. The zone of what ``is_lost`` is not the agency's any
    more. ``mx`` is what this run found in DNS.
    """

    config: DomainConfig
    zone: HostedZone
    intended: Intended
    parts: Parts = UNPROTECTED
    keep: bool = False
    phase: Phase = Phase.KEPT
    agency_zone: HostedZone | None = None
    former: FormerZone | None = None
    former_host_may_get_requests: bool = True
    is_noted: bool = False
    is_lost: bool = False
    mx: DnsAnswer | None = None

    @property
    def domain(self) -> str:
        """The policy domain, as A-labels."""
        return self.config.name

    @property
    def is_emergency(self) -> bool:
        """Whether what the ledger does not take is noted beside it, too."""
        return self.config.emergency

    @property
    def name_servers(self) -> tuple[str, ...]:
        """Those that answer for the policy host: the agency's own, where it keeps its zone."""
        return tuple(sorted((self.agency_zone or self.zone).name_servers))

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
    def at_former(self) -> Declaration:
        """The same at the former location of a moving domain: protected while DNS leads there."""
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
        return TlsRptRecord(self.config.tls_reports).render()
