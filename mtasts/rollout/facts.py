"""What was found out about the domains of a stack, as values: rules and decisions follow from it.

A look-up that brought nothing is a value, too: why there is no zone (`ZoneProblem`) or no ledger
(`LedgerProblem`) stands in their place, so no rule can take "not known" for "none".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import LedgerError
from mtasts.ledger.history import Ledger, intend
from mtasts.promotion import gates
from mtasts.rollout.handover import HandoverError, next_stage
from mtasts.rollout.move_rules import Location, Move
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
    from mtasts.rollout.handover import Looked
    from mtasts.rulings import Ruling
    from mtasts.zones import HostedZone

ZoneProblem: TypeAlias = ZoneError | UndeterminedError | HandoverError
"""Why it is not known where a domain's records belong, or that they belong nowhere."""
LedgerProblem: TypeAlias = LedgerError | UndeterminedError
"""Why it is not known what a domain's ledger says, or that it did not take an entry."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the config has the domains: the cloud ``hosting``, and the one that they leave, if any.

    A domain that is about to leave has the same cloud as both. ``authorities`` are those that may
    sign a policy host's certificate there. ``is_local`` says that this is a local cloud.
    """

    hosting: Hosting
    leaving: Hosting | None
    authorities: tuple[Authority, ...]
    is_local: bool

    @property
    def changes_host(self) -> bool:
        """Whether the domains are at another cloud as well, until cached DNS expires."""
        return self.leaving not in {None, self.hosting}


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """A zone that a domain's records belong to, and what its own name servers have.

    ``delegation`` are the name servers that DNS has for it. ``sts`` and ``tlsrpt`` are the TXT
    records of ``_mta-sts`` and ``_smtp._tls``: in the former zone while records move, or in the
    agency's own. ``host_addresses`` are those of the policy host, of a domain that retires.
    ``preexisting`` is what stands at the names that are written for the first time, empty where
    none is; ``wildcard_probe`` is what a random name beside them has. ``host_rulings`` tell who
    else serves the policy host, and what of the zone's settings would hit it.
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
    """The agency's own zone, where that is not ours, and what it has of what was handed out."""

    agency_zone: HostedZone
    records: tuple[Looked, ...]


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

    ``caa`` are the CAA look-ups of the policy host, closest name first. ``former`` is the zone that
    the records move from, None where they do not move. ``handover`` is None where the stack writes
    the records itself. ``evidence`` is what a promotion rests on, None where there is no file, or
    no promotion. ``noted`` is what went out in an emergency, oldest first; the ledger has it, as a
    run is about to write it down. ``unwritten`` says why what has to stand in the ledger before it
    is declared does not; None before a run has written.
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

        For what is the same of a new domain and of one that nobody knows: a rule that has to tell
        the two apart asks for ``ledger``.
        """
        return self.ledger if isinstance(self.ledger, Ledger) else Ledger()

    @property
    def has_ledger(self) -> bool:
        """Whether it is known what the ledger says."""
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
    def handed_out(self) -> tuple[Looked, ...]:
        """What was handed out, and what DNS has of it."""
        return self.handover.records if self.handover is not None else ()

    @property
    def cloud(self) -> str:
        """Where the domain is."""
        return cloud_of(self.placement, self.history)

    def move(self, zone: HostedZone, now: dt.datetime) -> Move:
        """Its way to ``zone`` and to the cloud of the config."""
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
        """The STS record's look-up; None where no zone is known that could be asked."""
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
        """How long resolvers may keep the STS record that DNS has; the config's without one."""
        sts = self.sts
        return sts.ttl_seconds if sts is not None and self.live_id else self.domain.ttl_seconds

    @property
    def is_promotion(self) -> bool:
        """Whether gates are to be judged: senders refuse nothing yet, and are to.

        What was handed out stays with whoever publishes it: so there an older id of ours says
        nothing, and the ledger decides.
        """
        live = self.live_id
        if live is not None and self.handover is not None and self.history.has_id(live):
            live = None
        return gates.is_promotion(self.domain, self.history, live)

    @property
    def stage(self) -> Stage | None:
        """The stage of this run, where somebody else publishes the records."""
        if self.handover is None:
            return None
        return next_stage(self.name, self.history.stage, self.handover.records)


Facts: TypeAlias = DomainFacts | ParkedFacts
"""What was found out about a domain of the stack file."""


def cloud_of(placement: Placement, ledger: Ledger) -> str:
    """Where a domain is, by its ledger: where it leaves from, if that does not tell."""
    left = placement.leaving if placement.changes_host and ledger.last_body else None
    return ledger.hosting or left or placement.hosting


def mail_domains(found: Iterable[Facts]) -> tuple[DomainFacts, ...]:
    """Those that are not parked, in order."""
    return tuple(each for each in found if isinstance(each, DomainFacts))
