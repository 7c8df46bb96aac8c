"""The checker at work: everything there is to see of a domain, within one deadline a domain."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from mtasts.check.seen import Mailbox, MxHost, Observed
from mtasts.mail_authentication import dkim_name, dmarc_names
from mtasts.observations import (
    NULL_MX,
    DnsAnswer,
    DnsStatus,
    Fetch,
    FetchOutcome,
    SmtpOutcome,
    SmtpSession,
)
from mtasts.probe.dns import ADDRESS_TYPES
from mtasts.probe.https import USER_AGENT, fetch
from mtasts.probe.smtp import look
from mtasts.records import select_tlsrpt
from mtasts.rollout.declaration import POLICY_LABEL, STS_LABEL, TLSRPT_LABEL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
    from typing import Any, TypeVar

    from mtasts.probe.dns import Resolver
    from mtasts.probe.reach import Reach

    T = TypeVar("T")

# Google's fetcher, which lists of bad bots name.
AGENTS = ("Google-SMTP-STS",)
_MX_MAX = 20
_ADDRESSES_MAX = 8
_LATE = "no answer before the domain's deadline"


class Observer:
    """Looks at domains, each within its own deadline; what did not end in time is told as such."""

    def __init__(
        self,
        reach: Reach,
        resolver: Resolver,
        *,
        deadline_seconds: float,
        connections_max: int = 200,
    ) -> None:
        """Look through ``reach`` and ``resolver``; no more connections at once than that."""
        self._reach = reach
        self._resolver = resolver
        self._deadline_seconds = deadline_seconds
        self._slots = asyncio.Semaphore(connections_max)

    async def observe(self, domain: str, selectors: Iterable[str] = ()) -> Observed:
        """Everything there is to see of ``domain``; never raises for what others do."""
        end = asyncio.get_running_loop().time() + self._deadline_seconds
        ask = _Asking(self._resolver, end)
        host = f"{POLICY_LABEL}.{domain}"
        dkim = [dkim_name(selector, domain) for selector in selectors]
        sts, tlsrpt, legacy, apex, mx, a, aaaa, *more = await asyncio.gather(
            ask.txt(f"{STS_LABEL}.{domain}"),
            ask.txt(f"{TLSRPT_LABEL}.{domain}"),
            ask.txt(f"_smtp-tlsrpt.{domain}"),
            ask.txt(domain),
            ask.one(domain, "MX"),
            *(ask.one(host, type_) for type_ in ADDRESS_TYPES),
            *(ask.txt(name) for name in (*dkim, *dmarc_names(domain))),
        )
        seen = Observed(
            domain,
            sts,
            tlsrpt,
            legacy,
            apex,
            mx,
            (a, aaaa),
            dkim=tuple(more[: len(dkim)]),
            dmarc=tuple(more[len(dkim) :]),
        )
        exchanges = [name for name in mx.mx_hosts or _itself(domain, mx) if name != NULL_MX]
        fetches, agents, hosts, mailboxes = await asyncio.gather(
            asyncio.gather(*(self._fetch(host, each, end) for each in _addresses(a, aaaa))),
            asyncio.gather(
                *(
                    self._fetch(host, each, end, agent)
                    for agent in AGENTS
                    for each in _addresses(a, aaaa)[:1]
                )
            ),
            asyncio.gather(*(self._mx(name, ask, end) for name in exchanges[:_MX_MAX])),
            asyncio.gather(*(_mailbox(uri, ask) for uri in _mailboxes(tlsrpt))),
        )
        return replace(
            seen,
            fetches=tuple(fetches),
            agents=tuple(zip(AGENTS, agents, strict=False)),
            mx_hosts=tuple(hosts),
            left_out=max(0, len(exchanges) - _MX_MAX),
            mailboxes=tuple(mailboxes),
        )

    async def _mx(self, host: str, ask: _Asking, end: float) -> MxHost:
        a, aaaa = await asyncio.gather(*(ask.one(host, type_) for type_ in ADDRESS_TYPES))
        sessions = await asyncio.gather(
            *(self._session(host, each, end) for each in _addresses(a, aaaa))
        )
        return MxHost(host, (a, aaaa), tuple(sessions))

    async def _session(self, host: str, address: str, end: float) -> SmtpSession:
        late = SmtpSession(host, address, SmtpOutcome.TIMED_OUT, reason=_LATE)
        return await self._within(
            end, lambda left: look(self._reach, host, address, deadline_seconds=left), late
        )

    async def _fetch(self, host: str, address: str, end: float, agent: str = USER_AGENT) -> Fetch:
        late = Fetch(host, address, FetchOutcome.TIMED_OUT, reason=_LATE)
        return await self._within(
            end,
            lambda left: fetch(self._reach, host, address, deadline_seconds=left, user_agent=agent),
            late,
        )

    async def _within(
        self, end: float, work: Callable[[float], Coroutine[Any, Any, T]], late: T
    ) -> T:
        """``work`` with the seconds that are left, once there is a slot; ``late`` if none are."""
        try:
            async with asyncio.timeout_at(end), self._slots:
                left = end - asyncio.get_running_loop().time()
                return await work(max(left, 0.001))
        except TimeoutError:
            return late


class _Asking:
    """The look-ups of one domain."""

    def __init__(self, resolver: Resolver, end: float) -> None:
        self._resolver = resolver
        self._end = end

    async def one(self, name: str, type_: str) -> DnsAnswer:
        try:
            async with asyncio.timeout_at(self._end):
                return await self._resolver.lookup(name, type_)
        except TimeoutError:
            return DnsAnswer(name, type_, DnsStatus.FAILED, reason=_LATE)

    async def txt(self, name: str) -> DnsAnswer:
        return await self.one(name, "TXT")


def _addresses(*answers: DnsAnswer) -> list[str]:
    return [value for answer in answers for value in answer.values][:_ADDRESSES_MAX]


def _itself(domain: str, mx: DnsAnswer) -> tuple[str, ...]:
    """Without an MX record the domain is its own host (RFC 5321 section 5.1)."""
    return (domain,) if mx.status is DnsStatus.NO_DATA else ()


def _mailboxes(tlsrpt: DnsAnswer) -> list[str]:
    record = select_tlsrpt(tlsrpt.strings).record
    return [uri for uri in (record.rua if record else ()) if uri.lower().startswith("mailto:")]


async def _mailbox(uri: str, ask: _Asking) -> Mailbox:
    domain = uri.partition("?")[0].rpartition("@")[2].lower().rstrip(".")
    return Mailbox(uri, domain, await ask.one(domain, "MX"))


async def each_of(
    domains: Iterable[str], check: Callable[[str], Coroutine[Any, Any, T]], *, parallel: int
) -> AsyncIterator[T]:
    """What ``check`` makes of each domain, as it ends; no more than ``parallel`` at once."""
    waiting = iter(domains)
    running = {asyncio.create_task(check(each)) for each in islice(waiting, parallel)}
    try:
        while running:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if (each := next(waiting, None)) is not None:
                    running.add(asyncio.create_task(check(each)))
                yield task.result()
    finally:
        for task in running:
            task.cancel()
