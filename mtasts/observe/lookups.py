"""The DNS look-ups of one domain; each ends at the domain's deadline."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING

from mtasts.check.observed import ReverseDns
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.observe.shared import Shared
from mtasts.probe.dns import ADDRESS_TYPES
from mtasts.rollout.caa import caa_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtasts.policy import Policy
    from mtasts.probe.dns import Resolver

LATE = "no answer before the domain's deadline"
_QUESTIONS_MAX = 100  # at once
_ANSWERS_MAX = 20_000
# CNAMEs may lead back to themselves (RFC 1034 section 3.6.2).
_CHAIN_MAX = 10
_NAMES_MAX = 4  # of one address; a shared host has thousands
_PATTERNS_MAX = 20
_ADDRESSES_MAX = 8


class Answers:
    """The answers of a resolver, shared by all domains that ask the same question."""

    def __init__(self, resolver: Resolver) -> None:
        """Ask nothing yet."""
        self._resolver = resolver
        self._slots = asyncio.Semaphore(_QUESTIONS_MAX)
        self._shared = Shared(self._ask, _ANSWERS_MAX)

    async def get(self, name: str, type_: str, end: float) -> DnsAnswer:
        """One look-up; a failed one at ``end``."""
        late = DnsAnswer(name, type_, DnsStatus.FAILED, reason=LATE)
        return await self._shared.get((name, type_), end, late)

    async def _ask(self, question: tuple[str, str]) -> DnsAnswer:
        # Of thousands of datagrams at once some are lost, and each costs a time-out.
        async with self._slots:
            found = await self._resolver.lookup(*question)
        if not found.settled:
            self._shared.forget(question)
        return found


class Lookups:
    """Asks for one domain until ``end``, which is on the clock of the event loop."""

    def __init__(self, answers: Answers, end: float) -> None:
        """Ask through ``answers``; nothing is sent yet."""
        self._answers = answers
        self._end = end

    async def one(self, name: str, type_: str) -> DnsAnswer:
        """One look-up; a failed one where there was no time."""
        return await self._answers.get(name, type_, self._end)

    async def txt(self, name: str) -> DnsAnswer:
        """The TXT records of ``name``."""
        return await self.one(name, "TXT")

    async def addresses(self, host: str) -> tuple[DnsAnswer, ...]:
        """The A and AAAA records of ``host``."""
        return tuple(await asyncio.gather(*(self.one(host, type_) for type_ in ADDRESS_TYPES)))

    async def caa(self, host: str) -> tuple[DnsAnswer, ...]:
        """The CAA records of ``host`` and of each parent name (RFC 8659 section 3)."""
        found = await asyncio.gather(*(self.one(name, "CAA") for name in caa_names(host)))
        return tuple(found)

    async def loops(self, answers: Iterable[DnsAnswer]) -> tuple[tuple[str, ...], ...]:
        """Every CNAME chain that loops, for the names in ``answers`` whose look-up failed.

        A resolver answers SERVFAIL for a loop as for a server that is down, so each chain is
        followed here.
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

    async def reverse_dns(self, address: str) -> ReverseDns:
        """The PTR names of ``address``, and the addresses of those names."""
        parsed = ipaddress.ip_address(address)
        names = await self.one(parsed.reverse_pointer, "PTR")
        type_ = ADDRESS_TYPES[parsed.version == 6]
        back = await asyncio.gather(*(self.one(name, type_) for name in names.values[:_NAMES_MAX]))
        return ReverseDns(address, names, tuple(back))

    async def patterns(self, policy: Policy | None) -> tuple[DnsAnswer, ...]:
        """Whether the hosts and domains that the policy lists exist."""
        listed = dict.fromkeys(each.domain for each in policy.mx) if policy else {}
        names = list(listed)[:_PATTERNS_MAX]
        return tuple(await asyncio.gather(*(self.one(each, "A") for each in names)))


def addresses_in(answers: Iterable[DnsAnswer]) -> list[str]:
    """The first addresses of a host, as many as are visited."""
    return [value for answer in answers for value in answer.values][:_ADDRESSES_MAX]
