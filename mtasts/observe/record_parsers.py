"""Runs checkdmarc's parsers in threads; their look-ups end at the domain's deadline."""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from mtasts.observations import DnsAnswer, DnsStatus, Parsed
from mtasts.observe.lookups import LATE, Lookups

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtasts.observe.lookups import Answers

_THREADS = 16
_WAIT_SECONDS = 30.0  # longer than any look-up takes


class Parsers:
    """Parses SPF and DMARC records, with the names that they refer to."""

    def __init__(self, answers: Answers, *, wait_seconds: float = _WAIT_SECONDS) -> None:
        """Start nothing yet; no look-up of a parser is waited for longer."""
        self._wait_seconds = wait_seconds
        self._answers = answers
        self._threads = ThreadPoolExecutor(_THREADS, "mtasts-parser")

    async def read(self, kind: str, record: str, domain: str, end: float) -> Parsed:
        """What the parser of that kind (``spf``, ``dmarc``) makes of a record of ``domain``."""
        from mtasts.probe import spf_dmarc  # only where there is a record

        loop = asyncio.get_running_loop()
        ask = _asking(loop, Lookups(self._answers, end), self._wait_seconds)
        resolver = spf_dmarc.BoundedResolver(ask)
        work = partial(spf_dmarc.PARSERS[kind], record, domain, resolver)
        try:
            async with asyncio.timeout_at(end):
                return await loop.run_in_executor(self._threads, work)
        except TimeoutError:
            return Parsed(record, reason=LATE)


def _asking(
    loop: asyncio.AbstractEventLoop, ask: Lookups, wait_seconds: float
) -> Callable[[str, str], DnsAnswer]:
    """A blocking look-up for threads; it fails if the event loop has ended meanwhile."""

    def wait(name: str, type_: str) -> DnsAnswer:
        late = DnsAnswer(name, type_, DnsStatus.FAILED, reason=LATE)
        asking = ask.one(name, type_)
        try:
            future = asyncio.run_coroutine_threadsafe(asking, loop)
        except RuntimeError:
            asking.close()
            return late
        try:
            return future.result(wait_seconds)
        except (TimeoutError, CancelledError):
            future.cancel()
            return late

    return wait
