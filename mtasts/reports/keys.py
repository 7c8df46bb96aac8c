"""The keys of DKIM signatures, looked up in DNS, each once (RFC 6376 section 3.6.2)."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, defaultdict
from typing import TYPE_CHECKING, Protocol

from mtasts.observations import DnsStatus
from mtasts.tlsrpt.dkim_keys import KeyAnswer, KeyStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtasts.observations import DnsAnswer

_FOUND_SECONDS = 3600.0
# A failed look-up is tried again soon: the mail counts as unsigned until the key is found.
_UNKNOWN_SECONDS = 60.0
_AT_ONCE = 8
# A domain whose servers do not answer must not hold up a pull: each look-up waits up to 10 s.
_FAILURES_MAX = 20


class Lookup(Protocol):
    """What asks DNS, such as `mtasts.probe.dns.Resolver`."""

    async def lookup(self, name: str, type_: str) -> DnsAnswer:
        """The answer; a failed look-up is an answer, too."""


class Keys:
    """Looks keys up, and remembers them: what was found for an hour, a failed look-up a minute.

    At most ``names_max`` names are remembered and `_AT_ONCE` look-ups run at once. Use it in one
    event loop.
    """

    def __init__(
        self,
        dns: Lookup,
        clock: Callable[[], float] = time.monotonic,
        *,
        names_max: int = 10_000,
    ) -> None:
        """Ask ``dns``; ``clock`` counts seconds."""
        self._dns = dns
        self._clock = clock
        self._names_max = names_max
        self._known: OrderedDict[str, tuple[float, asyncio.Future[KeyAnswer]]] = OrderedDict()
        self._failures: dict[str, int] = defaultdict(int)
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def find(self, name: str) -> KeyAnswer:
        """The key records at ``name`` (``selector._domainkey.domain``)."""
        known = self._known.get(name)
        if known is not None and self._clock() < known[0]:
            self._known.move_to_end(name)
            return await asyncio.shield(known[1])
        answer: asyncio.Future[KeyAnswer] = asyncio.ensure_future(self._look_up(name))
        self._known[name] = (self._clock() + _FOUND_SECONDS, answer)
        self._known.move_to_end(name)
        if len(self._known) > self._names_max:
            self._known.popitem(last=False)
        found = await asyncio.shield(answer)
        if found.status is KeyStatus.UNKNOWN:
            self._known[name] = (self._clock() + _UNKNOWN_SECONDS, answer)
        return found

    async def _look_up(self, name: str) -> KeyAnswer:
        domain = name.partition("._domainkey.")[2]
        if self._failures[domain] >= _FAILURES_MAX:
            reason = f"{_FAILURES_MAX} look-ups below {domain} have failed"
            return KeyAnswer(KeyStatus.UNKNOWN, reason=reason)
        async with self._slots:
            found = await self._dns.lookup(name, "TXT")
        if found.status is DnsStatus.FAILED:
            self._failures[domain] += 1
            return KeyAnswer(KeyStatus.UNKNOWN, reason=found.reason)
        # RFC 6376 section 3.6.2.2: the strings of a record are one text.
        texts = tuple(b"".join(each).decode("ascii", "replace") for each in found.strings)
        return KeyAnswer(KeyStatus.FOUND if texts else KeyStatus.ABSENT, texts)
