"""What has to be looked up before anything is declared: one survey a run, all domains at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from mtasts.errors import UndeterminedError
from mtasts.probe.dns import ADDRESS_TYPES
from mtasts.rollout.authority import AMAZON, caa_names
from mtasts.rollout.declaration import POLICY_LABEL, STS_LABEL
from mtasts.rollout.entries import LedgerError
from mtasts.rollout.gates import is_promotion
from mtasts.rollout.ledger import Ledger
from mtasts.rollout.verdicts import Surroundings
from mtasts.rollout.zones import HostedZone, ZoneError, choose_zone

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mtasts.config import AgencyConfig, DomainConfig
    from mtasts.observations import DnsAnswer
    from mtasts.probe.dns import Resolver
    from mtasts.recording import Recorder
    from mtasts.rollout.authority import Authority
    from mtasts.rollout.evidence import Evidence, EvidenceError

_LOOKUPS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found: the account, and what surrounds each domain, in the config's order."""

    account_id: str
    domains: tuple[Surroundings, ...]


class Zones(Protocol):
    """The zones that can be written to; every method blocks, and raises `UndeterminedError`."""

    def list(self, role: str | None) -> tuple[HostedZone, ...]:
        """Every public zone, in that role if any."""

    def complete(self, role: str | None, zone: HostedZone) -> HostedZone:
        """A listed zone with its name servers."""


class Surveyor:
    """Asks the account and DNS; everything that can run at once does, within bounds."""

    def __init__(
        self,
        identify: Callable[[], str],
        zones: Zones,
        resolver: Resolver,
        ledgers: Callable[[str], Recorder],
        evidence: Callable[[str], Path],
        *,
        authorities: tuple[Authority, ...] = (AMAZON,),
    ) -> None:
        """Ask the cloud and ``resolver``; nothing is asked yet.

        ``identify`` tells the account's id once it is known to be the stack's, and blocks.
        ``authorities`` are those that may sign the policy host's certificate. ``ledgers``
        gives the recorder of the stack's ledgers once the account's id is known,
        ``evidence`` the file that a domain's promotion rests on.
        """
        self._identify = identify
        self._listing = zones
        self._authorities = authorities
        self._resolver = resolver
        self._ledgers = ledgers
        self._evidence = evidence
        self._slots = asyncio.Semaphore(_LOOKUPS_AT_ONCE)
        self._zones: dict[str | None, asyncio.Task[tuple[HostedZone, ...]]] = {}

    async def survey(self, config: AgencyConfig) -> Survey:
        """Everything the verdicts need.

        Raises:
            WrongAccountError: the credentials are not those of the stack's account.
            UndeterminedError: whose they are could not be found out.
        """
        identity = asyncio.create_task(asyncio.to_thread(self._identify))
        account_id, domains = await asyncio.gather(
            identity,
            asyncio.gather(*(self._domain(domain, identity) for domain in config.domains)),
        )
        return Survey(account_id, tuple(domains))

    async def _domain(self, domain: DomainConfig, identity: asyncio.Task[str]) -> Surroundings:
        if domain.parked:
            return Surroundings(domain, mx=await self._lookup(domain.name, "MX"))
        names = caa_names(f"{POLICY_LABEL}.{domain.name}")
        zone, mx, caa, ledger = await asyncio.gather(
            self._zone(domain),
            self._lookup(domain.name, "MX"),
            asyncio.gather(*(self._lookup(name, "CAA") for name in names)),
            self._ledger(domain.name, identity),
        )
        found = Surroundings(domain, mx=mx, caa=tuple(caa), authorities=self._authorities)
        if isinstance(ledger, Ledger):
            found = replace(found, ledger=ledger)
            if is_promotion(domain, ledger):
                found = replace(found, evidence=await self._promotion(domain.name))
        else:
            found = replace(found, ledger_problem=ledger)
        if not isinstance(zone, HostedZone):
            return replace(found, zone_problem=zone)
        leaving = ADDRESS_TYPES if domain.retire else ()
        delegated, sts, *addresses = await asyncio.gather(
            self._lookup(zone.name, "NS"),
            self._at_zone(zone, f"{STS_LABEL}.{domain.name}", "TXT"),
            *(self._at_zone(zone, f"{POLICY_LABEL}.{domain.name}", type_) for type_ in leaving),
        )
        return replace(found, zone=zone, delegated=delegated, sts=sts, addresses=tuple(addresses))

    async def _ledger(
        self, domain: str, identity: asyncio.Task[str]
    ) -> Ledger | LedgerError | UndeterminedError:
        try:
            return await self._ledgers(await identity).read(domain)
        except (LedgerError, UndeterminedError) as error:
            return error

    async def _promotion(self, domain: str) -> Evidence | EvidenceError | None:
        """What a promotion rests on; its parser costs time that other runs need not spend."""
        from mtasts.evidence_files import load_evidence  # noqa: PLC0415 - as said

        return await asyncio.to_thread(load_evidence, self._evidence(domain), domain)

    async def _at_zone(self, zone: HostedZone, name: str, type_: str) -> DnsAnswer:
        async with self._slots:
            return await self._resolver.authoritative(zone.name_servers, name, type_)

    async def _zone(self, domain: DomainConfig) -> HostedZone | ZoneError | UndeterminedError:
        role = domain.dns_role_arn
        if role not in self._zones:
            listing = asyncio.to_thread(self._listing.list, role)
            self._zones[role] = asyncio.create_task(listing)
        try:
            chosen = choose_zone(await self._zones[role], domain.name, domain.zone_id)
            return await asyncio.to_thread(self._listing.complete, role, chosen)
        except (ZoneError, UndeterminedError) as error:
            return error

    async def _lookup(self, name: str, type_: str) -> DnsAnswer:
        async with self._slots:
            return await self._resolver.lookup(name, type_)
