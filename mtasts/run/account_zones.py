"""The zones of an account in one run: the list and each zone's name servers are read once.

Route 53 answers five requests a second for an account (developer guide, quotas, 2026), so name
servers that the ledger has are not read again.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from mtasts.errors import UndeterminedError
from mtasts.threads import in_thread
from mtasts.zones import HostedZone, ZoneError, choose_zone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtasts.cloud.interface import Zones


class HostedZones:
    """Reads the zones of an account, each once; an object belongs to one event loop."""

    def __init__(self, zones: Zones) -> None:
        """Read through ``zones``; nothing is read yet."""
        self._zones = zones
        self._listed: dict[str | None, asyncio.Task[tuple[HostedZone, ...]]] = {}
        self._completed: dict[tuple[str | None, str], asyncio.Task[HostedZone]] = {}

    async def choose(
        self,
        role: str | None,
        name: str,
        zone_ids: Iterable[str | None],
        known: Iterable[HostedZone],
    ) -> HostedZone | ZoneError | UndeterminedError:
        """The zone of ``name``, or the error that says why there is none; does not raise it.

        ``zone_ids`` are zone ids in order of preference; None stands for the zone with the longest
        matching name. The result is the first of them that the account lists, or else the last.
        The name servers of a zone at Route 53 never change, so they are taken from the same zone in
        ``known``, the zones of the ledger. Cloudflare's list of zones has the name servers.
        """
        try:
            zones = await self._list(role)
            *preferred, last = zone_ids
            listed = [each for each in preferred if any(zone.zone_id == each for zone in zones)]
            chosen = choose_zone(zones, name, listed[0] if listed else last)
            if chosen.name_servers:
                return chosen
            of_it = (each for each in known if replace(each, name_servers=frozenset()) == chosen)
            found = next(of_it, chosen)
            return found if found.name_servers else await self._complete(role, chosen)
        except (ZoneError, UndeterminedError) as error:
            return error

    async def _list(self, role: str | None) -> tuple[HostedZone, ...]:
        if role not in self._listed:
            self._listed[role] = asyncio.create_task(in_thread(self._zones.list, role))
        return await self._listed[role]

    async def _complete(self, role: str | None, zone: HostedZone) -> HostedZone:
        key = (role, zone.zone_id)
        if key not in self._completed:
            self._completed[key] = asyncio.create_task(in_thread(self._zones.complete, role, zone))
        return await self._completed[key]
