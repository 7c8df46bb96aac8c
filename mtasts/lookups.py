"""The look-ups of one domain, each of which ends with the domain's deadline."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING

from mtasts.check.seen import Endpoint, Mailbox, Pointer
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.probe.dns import ADDRESS_TYPES
from mtasts.records import select_tlsrpt
from mtasts.rollout.authority import caa_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtasts.policy import Policy
    from mtasts.probe.dns import Resolver

LATE = "no answer before the domain's deadline"
_CHAIN_MAX = 10
_NAMES_MAX = 4  # of one address; a shared host has thousands
_PATTERNS_MAX = 20
_URIS_MAX = 10


class Lookups:
    """Asks for one domain until ``end``, which is on the clock of the event loop."""

    def __init__(self, resolver: Resolver, end: float) -> None:
        """Ask ``resolver``; nothing is sent yet."""
        self._resolver = resolver
        self._end = end

    async def one(self, name: str, type_: str) -> DnsAnswer:
        """One look-up; a failed one where there was no time."""
        try:
            async with asyncio.timeout_at(self._end):
                return await self._resolver.lookup(name, type_)
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

    async def mailbox(self, uri: str) -> Mailbox:
        """The MX of a mailbox."""
        domain = uri.partition("?")[0].rpartition("@")[2].lower().rstrip(".")
        return Mailbox(uri, domain, await self.one(domain, "MX"))

    async def endpoint(self, uri: str, host: str) -> Endpoint:
        """The addresses of a host that takes reports."""
        return Endpoint(uri, await self.addresses(host))


def report_uris(tlsrpt: DnsAnswer, scheme: str) -> list[str]:
    """The URIs of that scheme in the TLS-RPT record."""
    record = select_tlsrpt(tlsrpt.strings).record
    found = [uri for uri in (record.rua if record else ()) if uri.lower().startswith(f"{scheme}:")]
    return found[:_URIS_MAX]
