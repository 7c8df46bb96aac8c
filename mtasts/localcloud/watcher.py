"""Watch a domain as senders do while a policy changes: its id, and the bodies that are served."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mtasts.observations import FetchOutcome
from mtasts.probe.dns import Resolver
from mtasts.probe.https import fetch
from mtasts.records import select_sts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from mtasts.probe.reach import Reach

_PAUSE_SECONDS = 0.05
_FETCHES = 3  # the edge's points of presence take connections in turn: so many reach them all


@dataclass(frozen=True, slots=True)
class Sighting:
    """One observation: the id in the STS record, and the bodies fetched right after it."""

    id: str
    bodies: frozenset[bytes]


class Poller:
    """Calls `look` again and again in a thread, from the beginning of the context to its end."""

    def __init__(self, reach: Reach, pause_seconds: float = _PAUSE_SECONDS) -> None:
        """Probe through ``reach``, with a pause after each look."""
        self.reach = reach
        self._pause_seconds = pause_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    async def _all(self) -> None:
        resolver = Resolver(self.reach)
        last = False
        while not last:
            last = self._ended.is_set()  # one more look after the end of the context
            await self.look(resolver)
            await asyncio.sleep(self._pause_seconds)

    async def look(self, resolver: Resolver) -> None:
        """Look once; subclasses define what is looked at."""
        raise NotImplementedError


class Watcher(Poller):
    """Looks as senders do: first at the STS record, then at the policy (RFC 8461 section 5.1)."""

    def __init__(self, reach: Reach, domain: str) -> None:
        """Watch ``domain``."""
        super().__init__(reach)
        self.sightings: list[Sighting] = []
        self._domain = domain

    async def look(self, resolver: Resolver) -> None:
        """Look up the id, and then fetch the policy from several points of presence."""
        host = f"mta-sts.{self._domain}"
        answer = await resolver.lookup(f"_mta-sts.{self._domain}", "TXT")
        record = select_sts(answer.strings).record
        addresses = (await resolver.lookup(host, "A")).values[:1]
        found = [await fetch(self.reach, host, each) for each in addresses * _FETCHES]
        bodies = {each.body for each in found if each.outcome is FetchOutcome.ANSWERED}
        self.sightings.append(Sighting(record.id if record else "", frozenset(bodies)))


@dataclass(frozen=True, slots=True)
class Order:
    """How many sightings there were of each kind."""

    before: int  # the old id, and at least one old body
    body_ahead: int  # the old id, and only the new body
    after: int  # the new id, and only the new body
    id_ahead: int  # the new id with an old body: a sender would cache that body under the new id


def order(sightings: Iterable[Sighting], id_: str, body: bytes) -> Order:
    """Count ``sightings`` by whether the new ``body`` and its ``id_`` were seen."""
    counts = dict.fromkeys(("before", "body_ahead", "after", "id_ahead"), 0)
    for sighting in sightings:
        is_new = sighting.bodies == {body}
        if sighting.id == id_:
            counts["after" if is_new else "id_ahead"] += 1
        else:
            counts["body_ahead" if is_new else "before"] += 1
    return Order(**counts)
