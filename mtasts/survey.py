"""What has to be looked up before anything is declared: one survey a run, all domains at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.cloud.zones import public_zones, with_name_servers
from mtasts.errors import UndeterminedError
from mtasts.rollout.authority import caa_names
from mtasts.rollout.verdicts import Surroundings
from mtasts.rollout.zones import HostedZone, ZoneError, choose_zone

if TYPE_CHECKING:
    from mtasts.cloud.aws import Account
    from mtasts.config import AgencyConfig, DomainConfig
    from mtasts.observations import DnsAnswer
    from mtasts.probe.dns import Resolver

_LOOKUPS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found: the account, and what surrounds each domain, in the config's order."""

    account_id: str
    domains: tuple[Surroundings, ...]


class Surveyor:
    """Asks the account and DNS; everything that can run at once does, within bounds."""

    def __init__(self, account: Account, resolver: Resolver) -> None:
        """Ask ``account`` and ``resolver``; nothing is asked yet."""
        self._account = account
        self._resolver = resolver
        self._slots = asyncio.Semaphore(_LOOKUPS_AT_ONCE)
        self._zones: dict[str | None, asyncio.Task[tuple[HostedZone, ...]]] = {}

    async def survey(self, config: AgencyConfig) -> Survey:
        """Everything the verdicts need.

        Raises:
            WrongAccountError: the credentials are not those of the stack's account.
            UndeterminedError: whose they are could not be found out.
        """
        account_id, domains = await asyncio.gather(
            asyncio.to_thread(self._account.require_allowed),
            asyncio.gather(*(self._domain(domain) for domain in config.domains)),
        )
        return Survey(account_id, tuple(domains))

    async def _domain(self, domain: DomainConfig) -> Surroundings:
        if domain.parked:
            return Surroundings(domain, mx=await self._lookup(domain.name, "MX"))
        names = caa_names(f"mta-sts.{domain.name}")
        zone, caa = await asyncio.gather(
            self._zone(domain),
            asyncio.gather(*(self._lookup(name, "CAA") for name in names)),
        )
        if not isinstance(zone, HostedZone):
            return Surroundings(domain, zone_problem=zone, caa=tuple(caa))
        delegated = await self._lookup(zone.name, "NS")
        return Surroundings(domain, zone=zone, delegated=delegated, caa=tuple(caa))

    async def _zone(self, domain: DomainConfig) -> HostedZone | ZoneError | UndeterminedError:
        account = self._account
        role = domain.dns_role_arn
        if role is not None:
            account = account.in_role(role)
        if role not in self._zones:
            listing = asyncio.to_thread(public_zones, account)
            self._zones[role] = asyncio.create_task(listing)
        try:
            chosen = choose_zone(await self._zones[role], domain.name, domain.zone_id)
            return await asyncio.to_thread(with_name_servers, account, chosen)
        except (ZoneError, UndeterminedError) as error:
            return error

    async def _lookup(self, name: str, type_: str) -> DnsAnswer:
        async with self._slots:
            return await self._resolver.lookup(name, type_)
