"""The look-ups of one domain, each of which ends with the domain's deadline."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mtasts.check.seen import Pointer
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.probe.dns import ADDRESS_TYPES
from mtasts.records import select_tlsrpt
from mtasts.rollout.authority import caa_names

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from mtasts.policy import Policy

K = TypeVar("K")
T = TypeVar("T")

LATE = "no answer before the domain's deadline"
_CHAIN_MAX = 10
_KEPT_SECONDS = 60.0
_NAMES_MAX = 4  # of one address; a shared host has thousands
_PATTERNS_MAX = 20
_URIS_MAX = 10


class Shared(Generic[K, T]):
    """What many domains ask alike, such as their common mailbox: done once, and kept for a minute.

    Work goes on when one of those that wait for it has no more time. No more than ``entries_max``
    are kept.
    """

    def __init__(self, work: Callable[[K], Coroutine[Any, Any, T]], entries_max: int) -> None:
        """Do ``work`` for each key."""
        self._work = work
        self._entries_max = entries_max
        self._kept: OrderedDict[K, tuple[float, asyncio.Task[T]]] = OrderedDict()

    async def get(self, key: K) -> T:
        """What ``work`` brings for ``key``; raises what it raises."""
        now = asyncio.get_running_loop().time()
        begun, task = self._kept.get(key, (-_KEPT_SECONDS, None))
        if task is None or now - begun >= _KEPT_SECONDS:
            task = asyncio.ensure_future(self._work(key))
            self._kept[key] = (now, task)
            self._kept.move_to_end(key)
            while len(self._kept) > self._entries_max:
                self._kept.popitem(last=False)
        return await asyncio.shield(task)

    def forget(self, key: K) -> None:
        """Do the work for ``key`` anew the next time: what could not be found out is not kept."""
        self._kept.pop(key, None)


class Lookups:
    """Asks for one domain until ``end``, which is on the clock of the event loop."""

    def __init__(self, answers: Shared[tuple[str, str], DnsAnswer], end: float) -> None:
        """Ask through ``answers``, by name and type; nothing is sent yet."""
        self._answers = answers
        self._end = end

    async def one(self, name: str, type_: str) -> DnsAnswer:
        """One look-up; a failed one where there was no time."""
        try:
            async with asyncio.timeout_at(self._end):
                return await self._answers.get((name, type_))
        except TimeoutError:
            return DnsAnswer(name, type_, DnsStatus.FAILED, reason=LATE)

    async def txt(self, name: str) -> DnsAnswer:
        """The TXT records of ``name``."""
        return await self.one(name, "TXT")

    async def addresses(self, host: str) -> tuple[DnsAnswer, ...]:
        """A and AAAA."""
        return tuple(await asyncio.gather(*(self.one(host, type_) for type_ in ADDRESS_TYPES)))

    async def caa(self, host: str) -> tuple[DnsAnswer, ...]:
        """CAA from ``host`` upwards."""
        found = await asyncio.gather(*(self.one(name, "CAA") for name in caa_names(host)))
        return tuple(found)

    async def loops(self, answers: Iterable[DnsAnswer]) -> tuple[tuple[str, ...], ...]:
        """Every CNAME chain that comes back, from each name of ``answers`` that failed.

        A resolver says no more of a loop than of a server that is down, so each is walked.
        """
        names = dict.fromkeys(answer.name for answer in answers if not answer.settled)
        return tuple(filter(None, await asyncio.gather(*map(self._loop, names))))

    async def _loop(self, name: str) -> tuple[str, ...]:
        chain = [name]
        for _ in range(_CHAIN_MAX):
            found = await self.one(chain[-1], "CNAME")
            if not found.values:
                break
            if found.values[0] in chain:
                return (*chain, found.values[0])
            chain.append(found.values[0])
        return ()

    async def pointer(self, address: str) -> Pointer:
        """What DNS calls ``address``, and where those names lead."""
        parsed = ipaddress.ip_address(address)
        names = await self.one(parsed.reverse_pointer, "PTR")
        type_ = ADDRESS_TYPES[parsed.version == 6]
        back = await asyncio.gather(*(self.one(name, type_) for name in names.values[:_NAMES_MAX]))
        return Pointer(address, names, tuple(back))

    async def patterns(self, policy: Policy | None) -> tuple[DnsAnswer, ...]:
        """Whether the hosts and domains that the policy lists exist."""
        listed = dict.fromkeys(each.domain for each in policy.mx) if policy else {}
        names = list(listed)[:_PATTERNS_MAX]
        return tuple(await asyncio.gather(*(self.one(each, "A") for each in names)))


def mail_domain(uri: str) -> str:
    """The domain of a ``mailto:`` URI (RFC 6068), in lower case."""
    return uri.partition("?")[0].rpartition("@")[2].lower().rstrip(".")


def report_uris(tlsrpt: DnsAnswer, scheme: str) -> list[str]:
    """The URIs of that scheme in the TLS-RPT record."""
    record = select_tlsrpt(tlsrpt.strings).record
    found = [uri for uri in (record.rua if record else ()) if uri.lower().startswith(f"{scheme}:")]
    return found[:_URIS_MAX]
