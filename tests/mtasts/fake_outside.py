"""What a command meets outside of itself, as data; what is not given is the machine's own."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mtasts.cli.outside import Outside

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from loopback import Zone

    from mtasts.cloud.of_stack import Clouds
    from mtasts.engine import Engine
    from mtasts.observe.observer import Observer
    from mtasts.probe.probes import Probes
    from mtasts.probe.reach import Reach
    from mtasts.watch.notify import Sink


@dataclass(frozen=True)
class FakeOutside(Outside):
    """Each part as a test wants it.

    ``ledger_of`` is what reads the ledgers, or why nothing does, or either by the stack's name;
    ``handed`` reads what was handed out. ``cloud_of`` makes the clouds of a stack from the real
    ones, which are not called. Time passes at once, ``pauses`` times, and then no more.
    """

    typed: bytes | None = None
    now: dt.datetime | None = None
    pauses: int | None = None
    zone: Zone | None = None
    observed: Any = None
    probed: Probes | None = None
    ledger_of: Any = None
    handed: Any = None
    told: Sink | None = None
    cloud_of: Callable[[Clouds], Clouds] | None = None
    planned: Engine | None = None
    found: Callable[[Any], str | None] | None = None
    programs: Mapping[int, str] | None = None

    def standard_input(self) -> BinaryIO:
        return super().standard_input() if self.typed is None else io.BytesIO(self.typed)

    def clock(self) -> Callable[[], dt.datetime]:
        now = self.now
        return super().clock() if now is None else lambda: now

    async def sleep(self, seconds: float) -> None:
        del seconds
        if self.pauses is not None:
            if self.pauses == 0:
                await asyncio.Event().wait()
            object.__setattr__(self, "pauses", self.pauses - 1)
        await asyncio.sleep(0)

    def resolver(self, reach: Reach) -> Any:
        return super().resolver(reach) if self.zone is None else self.zone

    def probes(self) -> Probes:
        return super().probes() if self.probed is None else self.probed

    def observer(self, reach: Reach, *, deadline_seconds: float, tls_details: bool) -> Observer:
        make = super().observer if self.observed is None else self.observed
        found: Observer = make(reach, deadline_seconds=deadline_seconds, tls_details=tls_details)
        return found

    def sinks(self, webhook: str | None, topic: str | None, reach: Reach) -> Sequence[Sink]:
        found = super().sinks(webhook, topic, reach)
        return found if self.told is None else [self.told for _ in found]

    def alert_sinks(self, sinks: Sequence[Sink]) -> Sequence[Sink]:
        found = super().alert_sinks(sinks)
        return found if self.told is None else [self.told for _ in found]

    def clouds(self, config: Any, values: Mapping[str, object], stack: str) -> Clouds:
        found = super().clouds(config, values, stack)
        return found if self.cloud_of is None else self.cloud_of(found)

    def ledgers(self, config: Any, values: Mapping[str, object], stack: str) -> Any:
        found = self.ledger_of
        if isinstance(found, Mapping):
            found = found[stack]
        if isinstance(found, Exception):
            raise found
        return super().ledgers(config, values, stack) if found is None else (found, self.handed)

    def engine(self, stack: str) -> Engine:
        return super().engine(stack) if self.planned is None else self.planned

    def finder(self, clouds: Clouds) -> Callable[[Any], str | None]:
        return super().finder(clouds) if self.found is None else self.found

    def program(self, pid: int) -> str:
        return super().program(pid) if self.programs is None else self.programs[pid]
