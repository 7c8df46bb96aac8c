"""The checker at work: everything there is to see of a domain, within one deadline a domain."""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mtasts.check.revocation import crl_address
from mtasts.check.seen import Endpoint, Mailbox, MxHost, Observed
from mtasts.lookups import LATE, Lookups, Shared, mail_domain, report_uris
from mtasts.mail_authentication import begins_dmarc, dkim_name, dmarc_names, is_spf
from mtasts.observations import (
    NULL_MX,
    DnsAnswer,
    DnsStatus,
    Fetch,
    FetchOutcome,
    Hello,
    Parsed,
    SmtpOutcome,
    SmtpSession,
)
from mtasts.policy import Policy, PolicySyntaxError, parse
from mtasts.probe.https import POLICY_PATH, USER_AGENT, fetch, fetch_clear, greet
from mtasts.probe.smtp import look
from mtasts.records import join
from mtasts.rollout.declaration import POLICY_LABEL, STS_LABEL, TLSRPT_LABEL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
    from typing import Any, TypeVar

    from mtasts.check.seen import Pointer
    from mtasts.probe.dns import Resolver
    from mtasts.probe.reach import Reach

    T = TypeVar("T")

# Google's fetcher, which lists of bad bots name, and that of the resolver beside most Postfixes.
AGENTS = ("Google-SMTP-STS", "postfix-mta-sts-resolver")
# A sender that knows TLS 1.2 alone, one that is out of date, and one that sends no name.
_LESS = (Hello.TLS12, Hello.OLD, Hello.NAMELESS)
_MX_MAX = 20
_ADDRESSES_MAX = 8
_THREADS = 16
_WAIT_SECONDS = 30.0  # longer than any look-up takes
_QUESTIONS_MAX = 100  # at once
_ANSWERS_MAX = 20_000
_SHARED_MAX = 1000
_CRLS_MAX = 8
_CRLS_KEPT = 16
_CRL_MAX_BYTES = 4 * 1024 * 1024


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
        self._threads = ThreadPoolExecutor(_THREADS, "mtasts-parser")
        self._questions = asyncio.Semaphore(_QUESTIONS_MAX)
        self._answers = Shared(self._answer, _ANSWERS_MAX)
        self._mailboxes = Shared(self._mailbox, _SHARED_MAX)
        self._crls = Shared(self._crl, _CRLS_KEPT)
        self._endpoints = Shared(self._endpoint, _SHARED_MAX)

    async def observe(self, domain: str, selectors: Iterable[str] = ()) -> Observed:
        """Everything there is to see of ``domain``; never raises for what others do."""
        end = self._end()
        ask = Lookups(self._answers, end)
        host = f"{POLICY_LABEL}.{domain}"
        records = (f"{STS_LABEL}.{domain}", f"{TLSRPT_LABEL}.{domain}")
        dkim = [dkim_name(selector, domain) for selector in selectors]
        texts = (*records, f"_smtp-tlsrpt.{domain}", domain, *dkim, *dmarc_names(domain))
        mx, addresses, aliases, caa, found = await asyncio.gather(
            ask.one(domain, "MX"),
            ask.addresses(host),
            asyncio.gather(*(ask.one(name, "CNAME") for name in records)),
            ask.caa(host),
            asyncio.gather(*map(ask.txt, texts)),
        )
        sts, tlsrpt, legacy, apex, *more = found
        seen = Observed(
            domain,
            sts,
            tlsrpt,
            legacy,
            apex,
            mx=mx,
            host=addresses,
            aliases=tuple(aliases),
            caa=caa,
            dkim=tuple(more[: len(dkim)]),
            dmarc=tuple(more[len(dkim) :]),
        )
        return await _Looking(self, seen, ask, end).onwards()

    def _end(self) -> float:
        return asyncio.get_running_loop().time() + self._deadline_seconds

    async def _answer(self, question: tuple[str, str]) -> DnsAnswer:
        # A burst of thousands of datagrams would be lost in part, and waited for in vain.
        async with self._questions:
            found = await self._resolver.lookup(*question)
        if not found.settled:
            self._answers.forget(question)
        return found

    async def mailbox(self, uri: str, end: float) -> Mailbox:
        """Where reports are mailed to; it has a deadline of its own, since others wait for it."""
        try:
            async with asyncio.timeout_at(end):
                return await self._mailboxes.get(uri)
        except TimeoutError:
            failed = DnsAnswer("", "MX", DnsStatus.FAILED, reason=LATE)
            return Mailbox(uri, mail_domain(uri), failed)

    async def _mailbox(self, uri: str) -> Mailbox:
        end = self._end()
        ask = Lookups(self._answers, end)
        domain = mail_domain(uri)
        found = Mailbox(uri, domain, await ask.one(domain, "MX"))
        for host in [each for each in found.mx.mx_hosts if each != NULL_MX][:1]:
            there = _addresses(*await ask.addresses(host))
            if there:
                return replace(found, session=await self.session(host, there[0], end))
        return found

    async def endpoint(self, uri: str, end: float) -> Endpoint:
        """Where reports are posted to, likewise."""
        try:
            async with asyncio.timeout_at(end):
                return await self._endpoints.get(uri)
        except TimeoutError:
            return Endpoint(uri, (DnsAnswer("", "A", DnsStatus.FAILED, reason=LATE),))

    async def _endpoint(self, uri: str) -> Endpoint:
        end = self._end()
        parts = urlsplit(uri)
        host = (parts.hostname or "").rstrip(".")
        found = Endpoint(uri, await Lookups(self._answers, end).addresses(host))
        there = _addresses(*found.addresses)
        if not there:
            return found
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return replace(found, fetch=await self.fetch(host, there[0], end, path=path))

    async def crl(self, url: str, end: float) -> Fetch:
        """A revocation list, likewise."""
        try:
            async with asyncio.timeout_at(end):
                return await self._crls.get(url)
        except TimeoutError:
            return Fetch(url, "", FetchOutcome.TIMED_OUT, reason=LATE)

    async def _crl(self, url: str) -> Fetch:
        end = self._end()
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        there = _addresses(*await Lookups(self._answers, end).addresses(host))
        failed = Fetch(host, "", FetchOutcome.CONNECT_FAILED, reason=f"{host} has no address")
        if not there:
            return failed
        late = replace(failed, outcome=FetchOutcome.TIMED_OUT, reason=LATE)
        return await self._within(
            end,
            lambda left: fetch_clear(
                self._reach,
                host,
                there[0],
                parts.path or "/",
                deadline_seconds=left,
                body_max=_CRL_MAX_BYTES,
            ),
            late,
        )

    async def session(
        self, host: str, address: str, end: float, hello: Hello = Hello.USUAL
    ) -> SmtpSession:
        """A session with an MX host."""
        late = SmtpSession(host, address, SmtpOutcome.TIMED_OUT, reason=LATE)
        return await self._within(
            end,
            lambda left: look(self._reach, host, address, hello=hello, deadline_seconds=left),
            late,
        )

    async def fetch(
        self,
        host: str,
        address: str,
        end: float,
        *,
        agent: str = USER_AGENT,
        path: str = POLICY_PATH,
    ) -> Fetch:
        """A request to an HTTPS host."""
        late = Fetch(host, address, FetchOutcome.TIMED_OUT, reason=LATE)
        return await self._within(
            end,
            lambda left: fetch(
                self._reach, host, address, path, deadline_seconds=left, user_agent=agent
            ),
            late,
        )

    async def greet(self, host: str, address: str, end: float, hello: Hello) -> Fetch:
        """A handshake with an HTTPS host."""
        late = Fetch(host, address, FetchOutcome.TIMED_OUT, reason=LATE)
        return await self._within(
            end, lambda left: greet(self._reach, host, address, hello, deadline_seconds=left), late
        )

    async def parsed(self, parser: str, record: str, domain: str, end: float) -> Parsed:
        """What a parser makes of a record, in a thread: its look-ups end with the deadline."""
        from mtasts.probe import parsers  # noqa: PLC0415 - only where there is a record

        loop = asyncio.get_running_loop()
        ask = Lookups(self._answers, end)

        def wait(name: str, type_: str) -> DnsAnswer:
            asking = ask.one(name, type_)
            try:
                return asyncio.run_coroutine_threadsafe(asking, loop).result(_WAIT_SECONDS)
            except (TimeoutError, CancelledError, RuntimeError):  # the loop has ended meanwhile
                asking.close()
                return DnsAnswer(name, type_, DnsStatus.FAILED, reason=LATE)

        resolver = parsers.BoundedResolver(wait)
        work = partial(parsers.PARSERS[parser], record, domain, resolver)
        try:
            async with asyncio.timeout_at(end):
                return await loop.run_in_executor(self._threads, work)
        except TimeoutError:
            return Parsed(record, reason=LATE)

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


class _Looking:
    """One domain, after the first look-ups: what they lead to."""

    def __init__(self, observer: Observer, seen: Observed, ask: Lookups, end: float) -> None:
        self._observer = observer
        self._seen = seen
        self._ask = ask
        self._end = end

    async def onwards(self) -> Observed:
        seen = self._seen
        exchanges = [name for name in seen.mx.mx_hosts or _itself(seen) if name != NULL_MX]
        host, loops, hosts, mailboxes, endpoints, parsed = await asyncio.gather(
            self._host(),
            self._ask.loops((seen.sts, seen.tlsrpt, *seen.host)),
            asyncio.gather(*map(self._mx, exchanges[:_MX_MAX])),
            self._each(self._observer.mailbox, "mailto"),
            self._each(self._observer.endpoint, "https"),
            asyncio.gather(self._spf(), self._dmarc()),
        )
        return replace(
            host,
            crls=await self._crls(host.fetches, hosts),
            loops=loops,
            mx_hosts=tuple(hosts),
            left_out=max(0, len(exchanges) - _MX_MAX),
            mailboxes=mailboxes,
            endpoints=endpoints,
            spf_parsed=parsed[0],
            dmarc_parsed=parsed[1],
        )

    async def _host(self) -> Observed:
        """The policy host: every address, as itself, as senders name themselves, with less TLS."""
        host, there = self._seen.host[0].name, _addresses(*self._seen.host)
        observer, end = self._observer, self._end
        fetches, agents, hellos = await asyncio.gather(
            asyncio.gather(*(observer.fetch(host, each, end) for each in there)),
            asyncio.gather(
                *(observer.fetch(host, a, end, agent=name) for name in AGENTS for a in there[:1])
            ),
            asyncio.gather(
                *(observer.greet(host, each, end, hello) for each in there for hello in _LESS)
            ),
        )
        return replace(
            self._seen,
            fetches=tuple(fetches),
            agents=tuple(zip(AGENTS, agents, strict=False)),
            hellos=tuple(zip(_LESS * len(there), hellos, strict=True)),
            patterns=await self._ask.patterns(_policy_of(fetches)),
        )

    async def _mx(self, host: str) -> MxHost:
        addresses, tlsa = await asyncio.gather(
            self._ask.addresses(host), self._ask.one(f"_25._tcp.{host}", "TLSA")
        )
        there = _addresses(*addresses)
        found = await asyncio.gather(*(self._sessions(host, each) for each in there))
        return MxHost(
            host,
            addresses,
            tuple(usual for usual, _, _ in found),
            tuple(each for _, less, _ in found for each in less),
            tlsa,
            tuple(pointer for _, _, pointer in found),
        )

    async def _sessions(
        self, host: str, address: str
    ) -> tuple[SmtpSession, list[tuple[Hello, SmtpSession]], Pointer]:
        """A session, and then, where TLS stood, what it takes of less; one after another."""
        observer, end = self._observer, self._end
        usual, pointer = await asyncio.gather(
            observer.session(host, address, end), self._ask.pointer(address)
        )
        less = (Hello.TLS12, Hello.OLD) if usual.outcome is SmtpOutcome.TLS else ()
        found = [(each, await observer.session(host, address, end, each)) for each in less]
        return usual, found, pointer

    async def _crls(
        self, fetches: Iterable[Fetch], hosts: Iterable[MxHost]
    ) -> tuple[tuple[str, Fetch], ...]:
        """The revocation lists that verified certificates name."""
        presented = [each.tls for each in fetches]
        presented += [session.tls for host in hosts for session in host.sessions]
        named = {crl_address(tls.certificate) for tls in presented if tls.certificate} - {""}
        urls = sorted(named)[:_CRLS_MAX]
        found = await asyncio.gather(*(self._observer.crl(url, self._end) for url in urls))
        return tuple(zip(urls, found, strict=True))

    async def _each(
        self, look: Callable[[str, float], Coroutine[Any, Any, T]], scheme: str
    ) -> tuple[T, ...]:
        """``look`` at every URI of the scheme in the TLS-RPT record."""
        uris = report_uris(self._seen.tlsrpt, scheme)
        return tuple(await asyncio.gather(*(look(uri, self._end) for uri in uris)))

    async def _spf(self) -> Parsed | None:
        records = list(filter(is_spf, _texts(self._seen.apex)))
        if len(records) != 1:
            return None
        return await self._observer.parsed("spf", records[0], self._seen.domain, self._end)

    async def _dmarc(self) -> Parsed | None:
        """The closest record; where it is several, or not known, there is none to read."""
        for answer in self._seen.dmarc:
            records = list(filter(begins_dmarc, _texts(answer)))
            if len(records) == 1:
                owner = answer.name.partition(".")[2]
                return await self._observer.parsed("dmarc", records[0], owner, self._end)
            if records or not answer.settled:
                return None
        return None


def _addresses(*answers: DnsAnswer) -> list[str]:
    return [value for answer in answers for value in answer.values][:_ADDRESSES_MAX]


def _itself(seen: Observed) -> tuple[str, ...]:
    """Without an MX record the domain is its own host (RFC 5321 section 5.1)."""
    return (seen.domain,) if seen.mx.status is DnsStatus.NO_DATA else ()


def _policy_of(fetches: Iterable[Fetch]) -> Policy | None:
    """The policy of the first answer that brought one."""
    for each in fetches:
        if each.status == 200:
            try:
                return parse(each.body)
            except PolicySyntaxError:
                return None
    return None


def _texts(answer: DnsAnswer) -> list[str]:
    return [text.decode("utf-8", "replace") for text in join(answer.strings)]


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
