"""What has to be looked up before anything is declared: one survey a run, all domains at once."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from mtasts.errors import UndeterminedError
from mtasts.ledger.history import Ledger
from mtasts.probe.dns import ADDRESS_TYPES
from mtasts.rollout.caa import AMAZON, caa_names
from mtasts.rollout.declaration import POLICY_LABEL, STS_LABEL, TLSRPT_LABEL
from mtasts.rollout.handover import HandoverError, Looked, delegated_owner
from mtasts.rollout.preflight import quota_note, zone_notes
from mtasts.rollout.verdicts import Surroundings
from mtasts.rulings import refusal, warning
from mtasts.run.account_zones import HostedZones
from mtasts.run.stack_memory import Found, Memory
from mtasts.threads import in_thread
from mtasts.zones import HostedZone, Keeper, ZoneError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from mtasts.cloud.aws.handouts import Handouts
    from mtasts.cloud.of_stack import Clouds
    from mtasts.config import AgencyConfig, Dns, DomainConfig
    from mtasts.ledger.emergency_notes import Note
    from mtasts.ledger.entries import LedgerError
    from mtasts.ledger.recorder import Recorder
    from mtasts.observations import DnsAnswer
    from mtasts.probe.dns import Resolver
    from mtasts.promotion.evidence import Evidence, EvidenceError
    from mtasts.rollout.caa import Authority
    from mtasts.rollout.vanished import Remembered
    from mtasts.rulings import Ruling
    from mtasts.run.account_zones import Zones

_LOOKUPS_AT_ONCE = 64
_RANDOM_BYTES = 8
_HOST_TYPES = (*ADDRESS_TYPES, "CNAME")


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found: the account, and what surrounds each domain, in the config's order.

    ``notes`` are about the account as a whole. ``remembered`` are the domains that have a ledger
    and are no mail domains of the config; ``remembered_problem`` says why they are not all known.
    """

    account_id: str
    domains: tuple[Surroundings, ...]
    notes: tuple[Ruling, ...] = ()
    remembered: tuple[Remembered, ...] = ()
    remembered_problem: LedgerError | UndeterminedError | None = None


class Hosts(Protocol):
    """What the account has that serves hosts; every method blocks, and raises as `Zones` does."""

    kind: str
    limit: int

    def count(self) -> int:
        """How many there are."""

    def raised(self) -> int | None:
        """The account's own limit, where that may be read; never raises."""

    def taken(self, host: str, domain: str) -> str | None:
        """Who else of this account has the host already, as a sentence."""

    def hint(self, targets: tuple[str, ...], host: str) -> str | None:
        """What the host's present CNAME says of other accounts."""


class Surveyor:
    """Asks the account and DNS; everything that can run at once does, within bounds."""

    def __init__(
        self,
        identify: Callable[[], str],
        zones: Zones | None,
        resolver: Resolver,
        ledgers: Callable[[str], Recorder],
        evidence: Callable[[str], Path],
        *,
        authorities: tuple[Authority, ...] = (AMAZON,),
        hosts: Hosts | None = None,
        handouts: Callable[[str], Handouts] | None = None,
        settings: Callable[[HostedZone], Mapping[str, object]] | None = None,
        former_zones: Zones | None = None,
        is_local: bool = False,
    ) -> None:
        """Ask the cloud and ``resolver``; nothing is asked yet.

        ``identify`` tells the account's id once it is known to be the stack's, and blocks.
        ``authorities`` are those that may sign the policy host's certificate. ``ledgers``
        gives the recorder of the stack's ledgers once the account's id is known,
        ``evidence`` the file that a domain's promotion rests on. ``former_zones`` are those that
        the records are in as well while they move. ``is_local`` says that this is a local cloud.
        """
        self._identify = identify
        self._zones = HostedZones(zones) if zones else None
        self._former_zones = HostedZones(former_zones) if former_zones else None
        self._authorities = authorities
        self._hosts = hosts
        self._handouts = handouts
        self._settings = settings
        self._is_local = is_local
        self._zone_settings: dict[str, asyncio.Task[tuple[Ruling, ...]]] = {}
        self._resolver = resolver
        self._ledgers = ledgers
        self._evidence = evidence
        self._slots = asyncio.Semaphore(_LOOKUPS_AT_ONCE)

    @classmethod
    def of(
        cls,
        clouds: Clouds,
        resolver: Resolver,
        ledgers: Callable[[str], Recorder],
        evidence: Callable[[str], Path],
        *,
        is_local: bool,
    ) -> Surveyor:
        """The one of a stack whose ``clouds`` are known; the rest is as above."""
        return cls(
            clouds.identify,
            clouds.zones,
            resolver,
            ledgers,
            evidence,
            authorities=clouds.authorities,
            hosts=clouds.hosts,
            handouts=clouds.handouts,
            settings=clouds.zone_settings,
            former_zones=clouds.former_zones,
            is_local=is_local,
        )

    async def survey(self, config: AgencyConfig) -> Survey:
        """Everything the verdicts need.

        Raises:
            WrongAccountError: the credentials are not those of the stack's account.
            UndeterminedError: whose they are could not be found out.
        """
        identity = asyncio.create_task(in_thread(self._identify))
        memory = Memory(self._ledgers, identity)
        account_id, domains, (remembered, problem, strays) = await asyncio.gather(
            identity,
            asyncio.gather(*(self._domain(each, memory, config) for each in config.domains)),
            memory.remembered(config),
        )
        notes = (*await self._quota(domains), *strays)
        return Survey(account_id, tuple(domains), notes, remembered, problem)

    async def _quota(self, domains: Iterable[Surroundings]) -> tuple[Ruling, ...]:
        """What to do ahead of a quota, where new domains come near one."""
        new = sum(
            each.zone is not None and (each.ledger.last_body is None or each.cloud != each.hosting)
            for each in domains
        )
        if self._hosts is None or not new:
            return ()
        try:
            count = await in_thread(self._hosts.count)
        except UndeterminedError as error:
            return (warning("quota-unknown", f"could not find out how near a quota is: {error}"),)
        hosts = self._hosts
        if quota_note(hosts.kind, count, new, hosts.limit) is None:
            return ()
        # Asked near the documented limit alone: it takes a right that no other run needs.
        raised = await in_thread(hosts.raised)
        note = quota_note(hosts.kind, count, new, raised or hosts.limit, is_own=raised is not None)
        return (note,) if note else ()

    async def _domain(
        self,
        domain: DomainConfig,
        memory: Memory,
        config: AgencyConfig,
    ) -> Surroundings:
        found = await self._around(domain, memory, config)
        if found.ledger_problem is None and found.is_promotion:
            return replace(found, evidence=await self._promotion(domain.name))
        return found

    async def _around(
        self,
        domain: DomainConfig,
        memory: Memory,
        config: AgencyConfig,
    ) -> Surroundings:
        if domain.parked:
            mx = await self._lookup(domain.name, "MX")
            return Surroundings(domain, mx=mx)
        names = caa_names(f"{POLICY_LABEL}.{domain.name}")
        remembering = asyncio.create_task(memory.history(domain.name))
        reading = asyncio.create_task(_ledger_of(remembering))
        zone, home, mx, caa, (ledger, former) = await asyncio.gather(
            self._zone(domain, reading),
            self._home(domain.name),
            self._lookup(domain.name, "MX"),
            asyncio.gather(*(self._lookup(name, "CAA") for name in names)),
            self._history(domain, reading, config.leaving_dns),
        )
        found = Surroundings(
            domain,
            mx=mx,
            caa=tuple(caa),
            authorities=self._authorities,
            hosting=config.hosting,
            leaving=config.leaving,
            is_local=self._is_local,
            noted=(await remembering)[1],
        )
        if isinstance(ledger, Ledger):
            changed = (warning("ledger-objects-changed", each) for each in ledger.notes)
            found = replace(found, ledger=ledger, hints=tuple(changed))
        else:
            found = replace(found, ledger_problem=ledger)
        if zone is None:  # somebody else's: the agency's own
            zone = home or UndeterminedError(f"no zone for {domain.name}")
        if not isinstance(zone, HostedZone):
            return replace(found, zone_problem=zone)
        if isinstance(home, UndeterminedError):
            return replace(found, zone_problem=home)
        if home is not None and self._handouts is not None:
            found = replace(found, home=home)
            try:
                store = self._handouts(await memory.identity)
                found = replace(found, looked=await self._looked(store, domain.name, home))
            except (HandoverError, UndeterminedError) as error:
                return replace(found, zone_problem=error)
        if former is not None and not isinstance(former, HostedZone):
            return replace(found, former_problem=former)
        at = home or former or zone
        leaving = ADDRESS_TYPES if domain.retire else ()
        is_new = found.ledger_problem is None and found.ledger.last_body is None
        comes = is_new or (found.leaves_host and found.cloud != found.hosting)
        records = (
            (f"{STS_LABEL}.{domain.name}", "TXT"),
            (f"{TLSRPT_LABEL}.{domain.name}", "TXT"),
        )
        host = f"{POLICY_LABEL}.{domain.name}"
        hosts = [(host, each) for each in _HOST_TYPES]
        named = (*records, *hosts) if former else hosts if is_new and home is None else ()
        random_name = f"{secrets.token_hex(_RANDOM_BYTES)}.{domain.name}"
        (
            (delegated, sts, tlsrpt),
            (taken, hints),
            notes,
            addresses,
            preexisting,
            wildcard_probe,
        ) = await asyncio.gather(
            asyncio.gather(
                self._delegated(zone, former),
                *(self._at_zone(at, *each) for each in records),
            ),
            self._met(at, domain.name, is_new=comes),
            self._notes(zone),
            asyncio.gather(*(self._at_zone(at, host, type_) for type_ in leaving)),
            asyncio.gather(*(self._at_zone(zone, *each) for each in named)),
            asyncio.gather(
                *(self._at_zone(zone, random_name, each) for each in _HOST_TYPES if named)
            ),
        )
        return replace(
            found,
            zone=zone,
            delegated=delegated,
            sts=sts,
            tlsrpt=tlsrpt,
            host_taken=taken,
            hints=(*found.hints, *hints, *notes),
            addresses=tuple(addresses),
            former_zone=former,
            preexisting=tuple(preexisting),
            wildcard_probe=tuple(wildcard_probe),
        )

    async def _home(self, domain: str) -> HostedZone | UndeterminedError | None:
        """The agency's own zone, by its name servers; None where the stack's zones are used."""
        if self._handouts is None:
            return None
        name = domain
        while name:
            found = await self._lookup(name, "NS")
            if not found.settled:
                return UndeterminedError(f"who answers for {name}: {found.reason}")
            if found.values:
                return HostedZone("", name, frozenset(found.values))
            name = name.partition(".")[2]
        return UndeterminedError(f"nobody answers for {domain}")

    async def _looked(self, store: Handouts, domain: str, home: HostedZone) -> tuple[Looked, ...]:
        """What was handed out, and what the agency's own servers have of it."""
        records = await in_thread(store.read, domain)
        answers = await asyncio.gather(
            *(self._at_zone(home, each.owner, each.type) for each in records)
        )
        return tuple(map(Looked, records, answers))

    async def _met(
        self, zone: HostedZone, domain: str, *, is_new: bool
    ) -> tuple[Ruling | None, tuple[Ruling, ...]]:
        """Who else has the policy host of a new domain, and what is doubtful about that."""
        if self._hosts is None or not is_new:
            return None, ()
        host = f"{POLICY_LABEL}.{domain}"
        try:
            taken, alias = await asyncio.gather(
                in_thread(self._hosts.taken, host, domain),
                self._at_zone(zone, host, "CNAME"),
            )
            hint = await in_thread(self._hosts.hint, alias.values, host)
        except UndeterminedError as error:
            text = f"could not find out whether {host} is taken: {error}"
            return None, (warning("host-taken-unknown", text),)
        return (
            refusal("host-taken", taken) if taken else None,
            (warning("host-alias-elsewhere", hint),) if hint else (),
        )

    async def _notes(self, zone: HostedZone) -> tuple[Ruling, ...]:
        """What of the zone's settings would hit its policy hosts; each zone is asked once."""
        if self._settings is None:
            return ()
        if zone.zone_id not in self._zone_settings:
            self._zone_settings[zone.zone_id] = asyncio.create_task(_judged(self._settings, zone))
        return await self._zone_settings[zone.zone_id]

    async def _history(
        self, domain: DomainConfig, reading: asyncio.Task[Found], left: Dns | None
    ) -> tuple[Found, HostedZone | ZoneError | UndeterminedError | None]:
        """The ledger, and the zone that it says the records were in."""
        ledger = await reading
        known = ledger if isinstance(ledger, Ledger) else Ledger()
        return ledger, await self._former_zone(domain, known, left)

    async def _promotion(self, domain: str) -> Evidence | EvidenceError | None:
        """What a promotion rests on; its parser costs time that other runs need not spend."""
        from mtasts.promotion.evidence_files import load_evidence  # as said

        return await in_thread(load_evidence, self._evidence(domain), domain)

    async def _at_zone(self, zone: HostedZone, name: str, type_: str) -> DnsAnswer:
        async with self._slots:
            return await self._resolver.authoritative(zone.name_servers, name, type_)

    async def _delegated(self, zone: HostedZone, former: HostedZone | None) -> DnsAnswer:
        """Who answers for a zone; while its records move, whoever may, and for how long yet."""
        if former is None:
            return await self._lookup(zone.name, "NS")
        async with self._slots:
            found, left = await asyncio.gather(
                self._resolver.delegation(zone.name),
                self._resolver.authoritative(former.name_servers, zone.name, "NS"),
            )
        return replace(found, ttl_seconds=max(found.ttl_seconds, left.ttl_seconds))

    async def _zone(
        self, domain: DomainConfig, reading: asyncio.Task[Found]
    ) -> HostedZone | ZoneError | UndeterminedError | None:
        if self._zones is None:
            return None
        name = domain.name
        if domain.delegation_zone:
            name = delegated_owner(name, domain.delegation_zone)
        ledger = await reading
        known = ledger.zones if isinstance(ledger, Ledger) else ()
        return await self._zones.choose(domain.dns_role_arn, name, (domain.zone_id,), known)

    async def _former_zone(
        self, domain: DomainConfig, ledger: Ledger, left: Dns | None
    ) -> HostedZone | ZoneError | UndeterminedError | None:
        """The zone that the records are in as well: the one that they were written to last."""
        if self._former_zones is None or left is None or ledger.last_proven is None:
            return None  # of a new domain nothing is anywhere else
        if ledger.zones and all(each.keeper(domain.name) != Keeper(left) for each in ledger.zones):
            return None  # it came while the others moved
        wanted = (*(zone.zone_id for zone in ledger.zones), None)
        role = domain.dns_role_arn
        return await self._former_zones.choose(role, domain.name, wanted, ledger.zones)

    async def _lookup(self, name: str, type_: str) -> DnsAnswer:
        async with self._slots:
            return await self._resolver.lookup(name, type_)


async def _ledger_of(remembering: asyncio.Task[tuple[Found, tuple[Note, ...]]]) -> Found:
    return (await remembering)[0]


async def _judged(
    settings: Callable[[HostedZone], Mapping[str, object]], zone: HostedZone
) -> tuple[Ruling, ...]:
    return tuple(zone_notes(zone.name, await in_thread(settings, zone)))
