"""The results of all look-ups for the domains of a stack, as values for rules and decisions.

A failed look-up is a value, too: in place of a zone or ledger stands the reason (`ZoneProblem`,
`LedgerProblem`). So no rule can take "not known" for "none".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import LedgerError
from mtasts.ledger.history import Ledger, intend
from mtasts.promotion import gates
from mtasts.rollout.handover import HandoverError, next_stage
from mtasts.rollout.move import Location, Move
from mtasts.rollout.published import live_id
from mtasts.zones import ZoneError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from mtasts.config import DomainConfig, Hosting
    from mtasts.ledger.emergency_notes import Note
    from mtasts.ledger.history import Intended
    from mtasts.ledger.stages import Stage
    from mtasts.observations import DnsAnswer
    from mtasts.promotion.evidence import Evidence, EvidenceError
    from mtasts.rollout.caa import Authority
    from mtasts.rollout.handover import RecordLookup
    from mtasts.rulings import Ruling
    from mtasts.zones import HostedZone

ZoneProblem: TypeAlias = ZoneError | UndeterminedError | HandoverError
"""Why a domain's zone is not known, or that the account has none."""
LedgerProblem: TypeAlias = LedgerError | UndeterminedError
"""Why a domain's ledger could not be read or written."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The cloud ``hosting`` of the stack's domains, and the cloud that they leave, if any.

    In the run that turns off protection before a move, both are the same cloud. ``authorities`` are
    the certificate authorities of the cloud. ``is_local`` says that this is a local cloud.
    """

    hosting: Hosting
    leaving: Hosting | None
    authorities: tuple[Authority, ...]
    is_local: bool

    @property
    def changes_host(self) -> bool:
        """Whether a former cloud serves the policies, too, until cached DNS expires."""
        return self.leaving not in {None, self.hosting}


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """The zone of a domain's records, and answers of its own name servers.

    ``delegation`` is the NS look-up of the parent. ``sts`` and ``tlsrpt`` are the TXT records of
    ``_mta-sts`` and ``_smtp._tls``; while records move they come from the former zone, with dns
    delegated or manual from the agency's zone. ``host_addresses`` are the policy host's, looked up
    only for a retiring domain. ``preexisting`` are the records at names that this run writes for
    the first time; ``wildcard_probe`` are those of a random name beside them. ``host_rulings`` are
    about other resources that serve the policy host, and about zone settings that block senders.
    """

    zone: HostedZone
    delegation: DnsAnswer
    sts: DnsAnswer
    tlsrpt: DnsAnswer
    host_addresses: tuple[DnsAnswer, ...]
    preexisting: tuple[DnsAnswer, ...]
    wildcard_probe: tuple[DnsAnswer, ...]
    host_rulings: tuple[Ruling, ...]


@dataclass(frozen=True, slots=True)
class HandoverFacts:
    """The agency's own zone (dns delegated or manual), and the handed-out records that it has."""

    agency_zone: HostedZone
    records: tuple[RecordLookup, ...]


@dataclass(frozen=True, slots=True)
class ParkedFacts:
    """A domain that receives no mail; its MX records are all that is looked up."""

    domain: DomainConfig
    mx: DnsAnswer

    @property
    def name(self) -> str:
        """The domain."""
        return self.domain.name


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """What was found out about one mail domain.

    ``caa`` are the CAA look-ups of the policy host, closest name first. ``former`` is the former
    zone of a move, None without one. ``handover`` is None if the stack publishes the records
    itself. ``evidence`` is None without a file, or without a promotion. ``noted`` are the policies
    published in an emergency, oldest first; ``ledger`` includes them already, and this run appends
    them. ``unwritten`` says why entries that must precede resources could not be written; None if
    they were, or before the run writes.
    """

    domain: DomainConfig
    placement: Placement
    mx: DnsAnswer
    caa: tuple[DnsAnswer, ...]
    ledger: Ledger | LedgerProblem
    noted: tuple[Note, ...]
    zone: ZoneFacts | ZoneProblem
    former: HostedZone | ZoneProblem | None
    handover: HandoverFacts | None
    evidence: Evidence | EvidenceError | None
    unwritten: LedgerProblem | None

    @property
    def name(self) -> str:
        """The domain."""
        return self.domain.name

    @property
    def history(self) -> Ledger:
        """The ledger; one without entries where it is not known.

        For rules that treat a new domain and one with an unknown ledger alike. A rule that must
        tell them apart uses ``ledger``.
        """
        return self.ledger if isinstance(self.ledger, Ledger) else Ledger()

    @property
    def has_ledger(self) -> bool:
        """Whether the ledger could be read."""
        return isinstance(self.ledger, Ledger)

    @property
    def hosted_zone(self) -> HostedZone | None:
        """The zone that the records belong to, if it is known."""
        return self.zone.zone if isinstance(self.zone, ZoneFacts) else None

    @property
    def former_zone(self) -> HostedZone | None:
        """The zone that the records move from, if they do and it is known."""
        return None if isinstance(self.former, Exception) else self.former

    @property
    def agency_zone(self) -> HostedZone | None:
        """The agency's own zone, where somebody else publishes the records."""
        return self.handover.agency_zone if self.handover is not None else None

    @property
    def handed_out(self) -> tuple[RecordLookup, ...]:
        """The handed-out records, each with the answer of DNS."""
        return self.handover.records if self.handover is not None else ()

    @property
    def cloud(self) -> str:
        """The cloud that the domain is at."""
        return cloud_of(self.placement, self.history)

    def move(self, zone: HostedZone, now: dt.datetime) -> Move:
        """The move of the domain to ``zone`` and to the configured cloud."""
        return Move.of(
            self.name,
            self.history,
            Location(self.placement.hosting, zone),
            leaving=self.placement.leaving,
            former_zone=self.former_zone,
            delegation=self.zone.delegation if isinstance(self.zone, ZoneFacts) else None,
            now=now,
        )

    @property
    def sts(self) -> DnsAnswer | None:
        """The look-up of the STS record; None if the zone is not known."""
        return self.zone.sts if isinstance(self.zone, ZoneFacts) else None

    @property
    def host_addresses(self) -> tuple[DnsAnswer, ...]:
        """The addresses of the policy host, of a domain that retires in a zone that is known."""
        return self.zone.host_addresses if isinstance(self.zone, ZoneFacts) else ()

    @property
    def live_id(self) -> str | None:
        """The id in the STS record that DNS has, if there is a usable one."""
        return live_id(self.sts)

    @property
    def intended(self) -> Intended:
        """The body and the id that the config asks for."""
        domain = self.domain
        return intend(self.history, domain.policy, domain.reroll, live_id=self.live_id)

    @property
    def record_ttl_seconds(self) -> int:
        """The TTL of the STS record in DNS; without a record, the configured one."""
        sts = self.sts
        return sts.ttl_seconds if sts is not None and self.live_id else self.domain.ttl_seconds

    @property
    def is_promotion(self) -> bool:
        """Whether this is a promotion, so that the gates are judged.

        If the agency publishes the record, DNS may still have an older id of ours. That id does not
        say which policy is in force, so the ledger decides.
        """
        live = self.live_id
        if live is not None and self.handover is not None and self.history.has_id(live):
            live = None
        return gates.is_promotion(self.domain, self.history, live)

    @property
    def stage(self) -> Stage | None:
        """The stage in this run; None if the stack publishes the records itself."""
        if self.handover is None:
            return None
        return next_stage(self.name, self.history.stage, self.handover.records)


Facts: TypeAlias = DomainFacts | ParkedFacts
"""The facts about one domain of the stack file."""


def cloud_of(placement: Placement, ledger: Ledger) -> str:
    """The cloud that the ledger names; if it names none, the one that the domain leaves."""
    left = placement.leaving if placement.changes_host and ledger.last_body else None
    return ledger.hosting or left or placement.hosting


def mail_domains(found: Iterable[Facts]) -> tuple[DomainFacts, ...]:
    """The domains that are not parked, in order."""
    return tuple(each for each in found if isinstance(each, DomainFacts))
