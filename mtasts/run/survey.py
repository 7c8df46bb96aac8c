"""The look-ups before anything is declared: one survey in each run, all domains at once.

The module is long because it has one coroutine for each fact of `mtasts.rollout.facts`.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mtasts.errors import UndeterminedError
from mtasts.ledger.history import Ledger
from mtasts.names import POLICY_LABEL, STS_LABEL, TLSRPT_LABEL
from mtasts.probe.dns import ADDRESS_TYPES
from mtasts.promotion.evidence_folder import evidence_path
from mtasts.rollout.caa import caa_names
from mtasts.rollout.facts import (
    DomainFacts,
    HandoverFacts,
    ParkedFacts,
    Placement,
    ZoneFacts,
    cloud_of,
    mail_domains,
)
from mtasts.rollout.handover import HandoverError, RecordLookup, delegated_owner
from mtasts.rollout.preflight import quota_note, zone_notes
from mtasts.rulings import refusal, warning
from mtasts.run.account_zones import HostedZones
from mtasts.run.stack_memory import Memory
from mtasts.threads import in_thread
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from mtasts.config import AgencyConfig, Dns, DomainConfig
    from mtasts.ledger.emergency_notes import Note
    from mtasts.ledger.recorder import Recorder
    from mtasts.observations import DnsAnswer
    from mtasts.probe.dns import Resolver
    from mtasts.promotion.evidence import Evidence, EvidenceError
    from mtasts.rollout.facts import Facts, LedgerProblem, ZoneProblem
    from mtasts.rollout.vanished import Remembered
    from mtasts.rulings import Ruling
    from mtasts.run.stack_clouds import StackClouds

# A stack may have hundreds of domains with a dozen look-ups each; resolvers and clouds limit
# clients that send all of them at once.
_LOOKUPS_AT_ONCE = 64
# A random name of this length can have records only through a wildcard.
_RANDOM_BYTES = 8
_HOST_TYPES = (*ADDRESS_TYPES, "CNAME")


@dataclass(frozen=True, slots=True)
class Survey:
    """The result: the account, and the facts of each domain in the config's order.

    ``notes`` are about the account as a whole. ``remembered`` are the domains that have a ledger
    and are no mail domains of the config; ``remembered_problem`` says why they are not all known.
    """

    account_id: str
    domains: tuple[Facts, ...]
    notes: tuple[Ruling, ...] = ()
    remembered: tuple[Remembered, ...] = ()
    remembered_problem: LedgerProblem | None = None


@dataclass(frozen=True, slots=True)
class ZoneFound:
    """The zone for a domain's records, and its ledger; each may be an error instead."""

    name: str
    zone: HostedZone | ZoneProblem
    ledger: Ledger | LedgerProblem


@dataclass(frozen=True, slots=True)
class _DomainZones:
    """The zone for a domain's records, by config and ledger, and the former zone of a move."""

    zone: HostedZone | ZoneProblem
    former: HostedZone | ZoneProblem | None
    handover: HandoverFacts | None


class Surveyor:
    """Looks up account and DNS; independent look-ups run at the same time, up to a limit."""

    def __init__(
        self,
        clouds: StackClouds,
        resolver: Resolver,
        recorder_for: Callable[[str], Recorder],
        evidence_folder: Path,
    ) -> None:
        """Use ``clouds`` and ``resolver``; nothing is looked up yet.

        ``recorder_for`` gives the recorder of the stack's ledgers once the account's id is known,
        ``evidence_folder`` has a folder for each stack.
        """
        self._clouds = clouds
        self._resolver = resolver
        self._recorder_for = recorder_for
        self._evidence_folder = evidence_folder
        self._zones = HostedZones(clouds.zones) if clouds.zones else None
        self._former_zones = HostedZones(clouds.former_zones) if clouds.former_zones else None
        self._hosts = clouds.hosts
        self._handouts = clouds.handouts
        self._settings = clouds.zone_settings
        self._zone_settings: dict[str, asyncio.Task[tuple[Ruling, ...]]] = {}
        self._slots = asyncio.Semaphore(_LOOKUPS_AT_ONCE)

    async def survey(self, config: AgencyConfig) -> Survey:
        """All facts that the rules of a run judge.

        Raises:
            WrongAccountError: the credentials are not those of the stack's account.
            UndeterminedError: the account of the credentials could not be found out.
        """
        identity = asyncio.create_task(in_thread(self._clouds.identify))
        memory = Memory(self._recorder_for, identity)
        account_id, domains, (remembered, problem, strays) = await asyncio.gather(
            identity,
            asyncio.gather(*(self._domain(each, memory, config) for each in config.domains)),
            memory.remembered(config),
        )
        notes = (*await self._quota(mail_domains(domains)), *strays)
        return Survey(account_id, tuple(domains), notes, remembered, problem)

    async def zones(self, domains: Iterable[DomainConfig]) -> tuple[ZoneFound, ...]:
        """The zone and the ledger of each of ``domains``; none of them may be moving.

        Raises as `survey` does.
        """
        identity = asyncio.create_task(in_thread(self._clouds.identify))
        memory = Memory(self._recorder_for, identity)

        async def one(domain: DomainConfig) -> ZoneFound:
            remembering = asyncio.create_task(memory.history(domain.name))
            zones = await self._zones_of(domain, memory, remembering, None)
            return ZoneFound(domain.name, zones.zone, (await remembering)[0])

        await identity
        return tuple(await asyncio.gather(*map(one, domains)))

    async def _domain(self, domain: DomainConfig, memory: Memory, config: AgencyConfig) -> Facts:
        """The facts of one domain."""
        if domain.parked:
            return ParkedFacts(domain, await self._lookup(domain.name, "MX"))
        placement = Placement(
            config.hosting, config.leaving, self._clouds.authorities, self._resolver.is_local
        )
        remembering = asyncio.create_task(memory.history(domain.name))
        mx, caa, (ledger, noted), zones = await asyncio.gather(
            self._lookup(domain.name, "MX"),
            self._caa(domain.name),
            remembering,
            self._zones_of(domain, memory, remembering, config.leaving_dns),
        )
        found = DomainFacts(
            domain,
            placement,
            mx,
            caa,
            ledger,
            noted,
            zone=await self._zone_facts(domain, placement, ledger, zones),
            former=zones.former,
            handover=zones.handover,
            evidence=None,
            unwritten=None,
        )
        if found.has_ledger and found.is_promotion:
            return replace(found, evidence=await self._evidence(domain.name))
        return found

    async def _quota(self, domains: Iterable[DomainFacts]) -> tuple[Ruling, ...]:
        """A note if the new domains come near a quota of the account, or exceed it."""
        new = sum(
            each.hosted_zone is not None
            and (each.history.last_body is None or each.cloud != each.placement.hosting)
            for each in domains
        )
        if self._hosts is None or not new:
            return ()
        hosts = self._hosts
        try:
            count = await in_thread(hosts.count)
        except UndeterminedError as error:
            return (
                warning(
                    "quota-unknown", f"could not find out how much of a quota is used: {error}"
                ),
            )
        if quota_note(hosts.kind, count, new, hosts.limit) is None:
            return ()
        # Only near the documented limit: the call needs a permission that no other run needs.
        raised = await in_thread(hosts.raised)
        note = quota_note(hosts.kind, count, new, raised or hosts.limit, is_own=raised is not None)
        return (note,) if note else ()

    async def _caa(self, domain: str) -> tuple[DnsAnswer, ...]:
        """The CAA look-ups of the policy host, closest name first."""
        names = caa_names(f"{POLICY_LABEL}.{domain}")
        return tuple(await asyncio.gather(*(self._lookup(name, "CAA") for name in names)))

    async def _zones_of(
        self,
        domain: DomainConfig,
        memory: Memory,
        remembering: asyncio.Task[tuple[Ledger | LedgerProblem, tuple[Note, ...]]],
        left: Dns | None,
    ) -> _DomainZones:
        """The zones for the records; an error of one of them is in place of the first zone."""
        zone, former, (handover, problem) = await asyncio.gather(
            self._zone(domain, remembering),
            self._former_zone(domain, remembering, left),
            self._handover(domain.name, memory),
        )
        # If the account has no zone for the domain, the agency publishes the records.
        agency_zone = handover.agency_zone if handover is not None else None
        place = zone or agency_zone or problem or UndeterminedError(f"no zone for {domain.name}")
        if isinstance(place, Exception):
            return _DomainZones(place, former, None)
        if problem is not None:
            return _DomainZones(problem, former, handover)
        return _DomainZones(former if isinstance(former, Exception) else place, former, handover)

    async def _handover(
        self, domain: str, memory: Memory
    ) -> tuple[HandoverFacts | None, ZoneProblem | None]:
        """The handed-out records, and the answers of the agency's name servers; or the problem.

        Both are None if mtasts writes the records itself.
        """
        if self._handouts is None:
            return None, None
        agency_zone = await self._agency_zone(domain)
        if isinstance(agency_zone, UndeterminedError):
            return None, agency_zone
        try:
            store = self._handouts(await memory.identity)
            records = await in_thread(store.read, domain)
        except (HandoverError, UndeterminedError) as error:
            return HandoverFacts(agency_zone, ()), error
        answers = await asyncio.gather(
            *(self._at_zone(agency_zone, each.owner, each.type) for each in records)
        )
        return HandoverFacts(agency_zone, tuple(map(RecordLookup, records, answers))), None

    async def _agency_zone(self, domain: str) -> HostedZone | UndeterminedError:
        """The agency's own zone: the closest name that has NS records."""
        name = domain
        while name:
            found = await self._lookup(name, "NS")
            if not found.settled:
                return UndeterminedError(f"the name servers of {name}: {found.reason}")
            if found.values:
                return HostedZone("", name, frozenset(found.values))
            name = name.partition(".")[2]
        return UndeterminedError(f"no zone above {domain} has name servers")

    async def _zone(
        self,
        domain: DomainConfig,
        remembering: asyncio.Task[tuple[Ledger | LedgerProblem, tuple[Note, ...]]],
    ) -> HostedZone | ZoneProblem | None:
        """The zone of the account for the domain; None if the account has no part in its DNS."""
        if self._zones is None:
            return None
        name = domain.name
        if domain.delegation_zone:
            name = delegated_owner(name, domain.delegation_zone)
        ledger, _ = await remembering
        known = ledger.zones if isinstance(ledger, Ledger) else ()
        return await self._zones.choose(domain.dns_role_arn, name, (domain.zone_id,), known)

    async def _former_zone(
        self,
        domain: DomainConfig,
        remembering: asyncio.Task[tuple[Ledger | LedgerProblem, tuple[Note, ...]]],
        left: Dns | None,
    ) -> HostedZone | ZoneProblem | None:
        """The former zone of a move: the last zone of the ledger at the former DNS provider."""
        ledger, _ = await remembering
        if self._former_zones is None or left is None or not isinstance(ledger, Ledger):
            return None
        if ledger.last_proven is None:
            return None  # a new domain has no former zone
        if ledger.zones and all(each.dns(domain.name) != left for each in ledger.zones):
            return None  # the domain was added during the move of the others
        zone_ids = (*(zone.zone_id for zone in ledger.zones), None)
        role = domain.dns_role_arn
        return await self._former_zones.choose(role, domain.name, zone_ids, ledger.zones)

    async def _zone_facts(
        self,
        domain: DomainConfig,
        placement: Placement,
        ledger: Ledger | LedgerProblem,
        zones: _DomainZones,
    ) -> ZoneFacts | ZoneProblem:
        """The answers of the zone's own name servers, and who else may serve the policy host."""
        zone = zones.zone
        if isinstance(zone, Exception):
            return zone
        former = zones.former if isinstance(zones.former, HostedZone) else None
        agency_zone = zones.handover.agency_zone if zones.handover is not None else None
        queried = agency_zone or former or zone
        known = ledger if isinstance(ledger, Ledger) else None
        is_new = known is not None and known.last_body is None
        # The name of a policy host that comes to this cloud may be in use by somebody else.
        is_arriving = is_new or (
            placement.changes_host and cloud_of(placement, known or Ledger()) != placement.hosting
        )
        host = f"{POLICY_LABEL}.{domain.name}"
        records = ((f"{STS_LABEL}.{domain.name}", "TXT"), (f"{TLSRPT_LABEL}.{domain.name}", "TXT"))
        hosts = tuple((host, each) for each in _HOST_TYPES)
        written = (*records, *hosts) if former else ()
        if former is None and is_new and zones.handover is None:
            written = hosts
        (
            delegation,
            (sts, tlsrpt),
            addresses,
            (preexisting, wildcard_probe),
            host_notes,
            settings,
        ) = await asyncio.gather(
            self._delegation(zone, former),
            self._answers(queried, records),
            self._answers(queried, [(host, each) for each in ADDRESS_TYPES if domain.retire]),
            asyncio.gather(
                self._answers(zone, written),
                self._wildcard_probe(zone, domain.name, is_needed=bool(written)),
            ),
            self._other_hosts(queried, domain.name, is_needed=is_arriving),
            self._setting_notes(zone),
        )
        return ZoneFacts(
            zone,
            delegation,
            sts,
            tlsrpt,
            addresses,
            preexisting,
            wildcard_probe,
            (*host_notes, *settings),
        )

    async def _answers(
        self, zone: HostedZone, questions: Iterable[tuple[str, str]]
    ) -> tuple[DnsAnswer, ...]:
        """The answers of the zone's own name servers for each name and type in ``questions``."""
        return tuple(await asyncio.gather(*(self._at_zone(zone, *each) for each in questions)))

    async def _wildcard_probe(
        self, zone: HostedZone, domain: str, *, is_needed: bool
    ) -> tuple[DnsAnswer, ...]:
        """The answers for a random name, which has records only through a wildcard."""
        random_name = f"{secrets.token_hex(_RANDOM_BYTES)}.{domain}"
        return await self._answers(zone, [(random_name, each) for each in _HOST_TYPES if is_needed])

    async def _delegation(self, zone: HostedZone, former: HostedZone | None) -> DnsAnswer:
        """The NS look-up of a zone; in a move with the longer TTL of parent and former zone."""
        if former is None:
            return await self._lookup(zone.name, "NS")
        async with self._slots:
            found, former_answer = await asyncio.gather(
                self._resolver.delegation(zone.name),
                self._resolver.authoritative(former.name_servers, zone.name, "NS"),
            )
        return replace(found, ttl_seconds=max(found.ttl_seconds, former_answer.ttl_seconds))

    async def _other_hosts(
        self, zone: HostedZone, domain: str, *, is_needed: bool
    ) -> tuple[Ruling, ...]:
        """Rulings about others that have the policy host's name, before it comes to this cloud."""
        if self._hosts is None or not is_needed:
            return ()
        host = f"{POLICY_LABEL}.{domain}"
        try:
            taken, alias = await asyncio.gather(
                in_thread(self._hosts.taken, host, domain),
                self._at_zone(zone, host, "CNAME"),
            )
            hint = await in_thread(self._hosts.hint, alias.values, host)
        except UndeterminedError as error:
            text = f"could not find out whether {host} is taken: {error}"
            return (warning("host-taken-unknown", text),)
        return (
            *([refusal("host-taken", taken)] if taken else []),
            *([warning("host-alias-elsewhere", hint)] if hint else []),
        )

    async def _setting_notes(self, zone: HostedZone) -> tuple[Ruling, ...]:
        """Warnings about settings that would break the zone's policy hosts; read once a zone."""
        if self._settings is None:
            return ()
        if zone.zone_id not in self._zone_settings:
            self._zone_settings[zone.zone_id] = asyncio.create_task(_judged(self._settings, zone))
        return await self._zone_settings[zone.zone_id]

    async def _evidence(self, domain: str) -> Evidence | EvidenceError | None:
        """The evidence for a promotion; only such a run imports the parser, which takes time."""
        from mtasts.promotion.evidence_files import load_evidence

        path = evidence_path(self._evidence_folder, self._clouds.name, domain)
        return await in_thread(load_evidence, path, domain)

    async def _at_zone(self, zone: HostedZone, name: str, type_: str) -> DnsAnswer:
        async with self._slots:
            return await self._resolver.authoritative(zone.name_servers, name, type_)

    async def _lookup(self, name: str, type_: str) -> DnsAnswer:
        async with self._slots:
            return await self._resolver.lookup(name, type_)


async def _judged(
    settings: Callable[[HostedZone], Mapping[str, object]], zone: HostedZone
) -> tuple[Ruling, ...]:
    return tuple(zone_notes(zone.name, await in_thread(settings, zone)))
