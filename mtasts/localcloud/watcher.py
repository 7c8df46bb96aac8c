"""What a sender sees while a change goes out: the id, and the body it would get for it."""

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
_FETCHES = 3  # a connection goes to the next point of presence, so these meet several


@dataclass(frozen=True, slots=True)
class Sighting:
    """An id, and the bodies served right after it was seen."""

    id: str
    bodies: frozenset[bytes]


class Looking:
    """Looks again and again between entering and leaving the context, in a thread of its own."""

    def __init__(self, reach: Reach, pause_seconds: float = _PAUSE_SECONDS) -> None:
        """Look through ``reach``."""
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
            last = self._ended.is_set()  # one more look after the end of what is watched
            await self.look(resolver)
            await asyncio.sleep(self._pause_seconds)

    async def look(self, resolver: Resolver) -> None:
        """One look."""
        raise NotImplementedError


class Watcher(Looking):
    """Looks as senders do, id first and body second."""

    def __init__(self, reach: Reach, domain: str) -> None:
        """Watch ``domain``."""
        super().__init__(reach)
        self.sightings: list[Sighting] = []
        self._domain = domain

    async def look(self, resolver: Resolver) -> None:
        """The id, and then what several places serve."""
        host = f"mta-sts.{self._domain}"
        answer = await resolver.lookup(f"_mta-sts.{self._domain}", "TXT")
        record = select_sts(answer.strings).record
        addresses = (await resolver.lookup(host, "A")).values[:1]
        found = [await fetch(self.reach, host, each) for each in addresses * _FETCHES]
        bodies = {each.body for each in found if each.outcome is FetchOutcome.ANSWERED}
        self.sightings.append(Sighting(record.id if record else "", frozenset(bodies)))


@dataclass(frozen=True, slots=True)
class Order:
    """How often which of a body and its id was seen to be ahead."""

    before: int  # the old id, and only old bodies or both
    body_ahead: int  # the old id, and the new body everywhere one looked
    after: int  # the new id, and the new body
    id_ahead: int  # the new id, and another body: a sender would keep that under the new id


def order(sightings: Iterable[Sighting], id_: str, body: bytes) -> Order:
    """What ``sightings`` say of the order in which ``body`` and its ``id_`` came."""
    counts = dict.fromkeys(("before", "body_ahead", "after", "id_ahead"), 0)
    for sighting in sightings:
        is_new = sighting.bodies == {body}
        if sighting.id == id_:
            counts["after" if is_new else "id_ahead"] += 1
        else:
            counts["body_ahead" if is_new else "before"] += 1
    return Order(**counts)
