"""Collects the observations of `mtasts check`, with one deadline for each domain."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from mtasts.check.observed import (
    AuthenticationSeen,
    MxHost,
    MxSeen,
    Observed,
    PolicyHostSeen,
    RecordsSeen,
    ReportingSeen,
)
from mtasts.check.revocation import source
from mtasts.mail_authentication import begins_dmarc, dkim_name, dmarc_names, is_spf
from mtasts.names import POLICY_LABEL, STS_LABEL, TLSRPT_LABEL
from mtasts.observations import ClientProfile, FetchOutcome, SmtpOutcome
from mtasts.observe.connections import (
    PAUSE_SECONDS,
    Visits,
    compared_with_usual,
    report_uris,
    retry_deferred,
)
from mtasts.observe.lookups import Answers, Lookups, addresses_in
from mtasts.observe.record_parsers import Parsers
from mtasts.policy import Policy, PolicySyntaxError, parse
from mtasts.probe.https import SENDER_AGENTS, USER_AGENT
from mtasts.probe.probes import LIVE
from mtasts.records import texts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
    from typing import Any, TypeVar

    from mtasts.check.observed import ReverseDns
    from mtasts.observations import Fetch, Parsed, SmtpSession, TlsDetails
    from mtasts.probe.dns import Resolver
    from mtasts.probe.probes import Probes
    from mtasts.probe.reach import Reach

    K = TypeVar("K")
    T = TypeVar("T")
    V = TypeVar("V", Fetch, SmtpSession)

# A sender that knows TLS 1.2 alone, one that is out of date, and one that sends no name.
_LESS = (ClientProfile.TLS12, ClientProfile.OLD, ClientProfile.NAMELESS)
_MX_MAX = 20
_REVOCATIONS_MAX = 8
_SUBMISSIONS = 465  # RFC 8314 section 3.3
_QUICK_SECONDS = 10.0
_SLOW_FACTOR = 4


class Observer:
    """Observes domains, each within its deadline; late answers are observations marked as late."""

    def __init__(
        self,
        reach: Reach,
        resolver: Resolver,
        *,
        deadline_seconds: float,
        connections_max: int = 200,
        tls_details: bool = False,
        probes: Probes = LIVE,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        """Look through ``reach`` and ``resolver``; no more connections at once than that.

        With ``tls_details`` OpenSSL's client looks too, which takes two processes an address.
        """
        self.tls_details = tls_details
        self.pause_seconds = pause_seconds
        self._deadline_seconds = deadline_seconds
        self._answers = Answers(resolver)
        self.reach = reach
        self.parsers = Parsers(self._answers)
        self.visits = Visits(
            reach,
            self._answers,
            deadline_seconds=deadline_seconds,
            connections_max=connections_max,
            probes=probes,
        )

    async def observe(self, domain: str, selectors: Iterable[str] = ()) -> Observed:
        """All observations of ``domain``; never raises for what DNS or a server does."""
        end = asyncio.get_running_loop().time() + self._deadline_seconds
        ask = Lookups(self._answers, end)
        host = f"{POLICY_LABEL}.{domain}"
        records = (f"{STS_LABEL}.{domain}", f"{TLSRPT_LABEL}.{domain}")
        dkim = [dkim_name(selector, domain) for selector in selectors]
        owners = (*records, f"_smtp-tlsrpt.{domain}", domain, *dkim, *dmarc_names(domain))
        mx, addresses, aliases, caa, found = await asyncio.gather(
            ask.one(domain, "MX"),
            ask.addresses(host),
            asyncio.gather(*(ask.one(name, "CNAME") for name in records)),
            ask.caa(host),
            asyncio.gather(*map(ask.txt, owners)),
        )
        sts, tlsrpt, legacy, apex, *more = found
        seen = Observed(
            domain,
            RecordsSeen(sts, tlsrpt, legacy, apex, tuple(aliases)),
            PolicyHostSeen(addresses, caa=caa),
            MxSeen(mx),
            authentication=AuthenticationSeen(tuple(more[: len(dkim)]), tuple(more[len(dkim) :])),
        )
        return await _FollowUp(self, seen, ask, end).observe()


class _FollowUp:
    """The second part of one domain: connections and look-ups that follow from the first ones."""

    def __init__(self, observer: Observer, seen: Observed, ask: Lookups, end: float) -> None:
        self._visits = observer.visits
        self._reach = observer.reach
        self._pause_seconds = observer.pause_seconds
        self._wants_details = observer.tls_details
        self._parsers = observer.parsers
        self._seen = seen
        self._ask = ask
        self._end = end

    async def observe(self) -> Observed:
        seen = self._seen
        exchanges = seen.mail_hosts
        host, loops, hosts, mailboxes, endpoints, parsed = await asyncio.gather(
            self._host(),
            self._ask.loops((seen.records.sts, seen.records.tlsrpt, *seen.policy_host.addresses)),
            asyncio.gather(*map(self._mx, exchanges[:_MX_MAX])),
            self._each(self._visits.mailbox, "mailto"),
            self._each(self._visits.endpoint, "https"),
            asyncio.gather(self._spf(), self._dmarc()),
        )
        revocations, details = await asyncio.gather(
            self._revocations(host.fetches, hosts), self._details(host.fetches, hosts)
        )
        answers = (
            *seen.policy_host.addresses,
            *(each for host in hosts for each in host.addresses),
        )
        addresses = {address for each in answers for address in each.values}
        return Observed(
            seen.domain,
            replace(seen.records, loops=loops),
            host,
            replace(seen.mx, hosts=tuple(hosts), left_out=max(0, len(exchanges) - _MX_MAX)),
            ReportingSeen(mailboxes, endpoints),
            replace(seen.authentication, spf_parsed=parsed[0], dmarc_parsed=parsed[1]),
            revocations,
            details,
            frozenset(each for each in addresses if not self._reach.reaches_all(each)),
        )

    async def _host(self) -> PolicyHostSeen:
        """The policy host: each address, with several user agents and with older TLS."""
        addresses = addresses_in(self._seen.policy_host.addresses)
        found = await asyncio.gather(
            *(
                self._fetches(each, SENDER_AGENTS if each == addresses[0] else ())
                for each in addresses
            )
        )
        fetches = [each.usual for each in found]
        return replace(
            self._seen.policy_host,
            fetches=tuple(fetches),
            agents=tuple(pair for each in found for pair in each.agents),
            profiles=tuple(pair for each in found for pair in each.less),
            patterns=await self._ask.patterns(_policy_of(fetches)),
        )

    async def _fetches(self, address: str, agents: Iterable[str]) -> _Fetches:
        """The usual request, then, if TLS succeeded, the others, two at once at most.

        The usual request comes first, so that a rate limit hits the others and not this one.
        """
        host, visits, end = self._seen.policy_host.addresses[0].name, self._visits, self._end

        async def fetch(agent: str = USER_AGENT) -> Fetch:
            return await visits.fetch(host, address, end, agent=agent)

        async def greet(profile: ClientProfile) -> Fetch:
            return await visits.greet(host, address, end, profile)

        usual = await retry_deferred(fetch, end, self._pause_seconds)
        if not usual.has_handshake or usual.outcome is FetchOutcome.TIMED_OUT:
            return _Fetches(usual)
        less, named = await asyncio.gather(
            _in_turn(_LESS, greet, lambda: greet(ClientProfile.USUAL), end, self._pause_seconds),
            _in_turn(agents, fetch, fetch, end, self._pause_seconds),
        )
        return _Fetches(usual, less, named)

    async def _mx(self, host: str) -> MxHost:
        addresses, tlsa = await asyncio.gather(
            self._ask.addresses(host), self._ask.one(f"_25._tcp.{host}", "TLSA")
        )
        host_addresses = addresses_in(addresses)
        found = await asyncio.gather(*(self._sessions(host, each) for each in host_addresses))
        return MxHost(
            host,
            addresses,
            tuple(each.usual for each in found),
            tuple(pair for each in found for pair in each.less),
            tlsa,
            tuple(each.reverse for each in found if each.reverse),
            tuple(each.implicit for each in found if each.implicit),
        )

    async def _sessions(self, host: str, address: str) -> _Sessions:
        """A session, then, if TLS succeeded, sessions with older TLS, one after another.

        If it did not, port 465 is tried as well.
        """
        visits, end = self._visits, self._end

        async def session(profile: ClientProfile = ClientProfile.USUAL) -> SmtpSession:
            return await visits.session(host, address, end, profile)

        if not self._reach.reaches_all(address):  # reverse DNS of a private address is local
            return _Sessions(await retry_deferred(session, end, self._pause_seconds))
        usual, reverse = await asyncio.gather(
            retry_deferred(session, end, self._pause_seconds),
            self._ask.reverse_dns(address),
        )
        less = (ClientProfile.TLS12, ClientProfile.OLD) if usual.outcome is SmtpOutcome.TLS else ()
        found = await _in_turn(less, session, session, end, self._pause_seconds)
        implicit = None
        if not usual.connected or usual.outcome is SmtpOutcome.NO_STARTTLS:
            # TLS at a deadline that has passed would be one more look for nothing.
            implicit = await visits.greet(
                host, address, end, ClientProfile.USUAL, port=_SUBMISSIONS
            )
        return _Sessions(usual, found, reverse, implicit)

    async def _revocations(
        self, fetches: Iterable[Fetch], hosts: Iterable[MxHost]
    ) -> tuple[tuple[str, Fetch], ...]:
        """The answers of the CRL and OCSP URLs in verified certificates, by URL."""
        accepted = [each.tls for each in fetches]
        accepted += [session.tls for host in hosts for session in host.sessions]
        urls = sorted(set(map(source, accepted)) - {""})[:_REVOCATIONS_MAX]
        found = await asyncio.gather(*(self._visits.revocation(url, self._end) for url in urls))
        return tuple(zip(urls, found, strict=True))

    async def _details(
        self, fetches: Iterable[Fetch], hosts: Iterable[MxHost]
    ) -> tuple[TlsDetails, ...]:
        """The TLS details of each address whose usual handshake succeeded, if they are wanted."""
        if not self._wants_details:
            return ()
        look, end = self._visits.details, self._end
        sessions = [each for host in hosts for each in host.sessions]
        wanted = [look(each.host, each.address, end) for each in fetches if each.tls.version]
        wanted += [
            look(each.host, each.address, end, smtp=True) for each in sessions if each.tls.version
        ]
        return tuple(await asyncio.gather(*wanted))

    async def _each(
        self, look: Callable[[str, float], Coroutine[Any, Any, T]], scheme: str
    ) -> tuple[T, ...]:
        """``look`` at every URI of the scheme in the TLS-RPT record."""
        uris = report_uris(self._seen.records.tlsrpt, scheme)
        return tuple(await asyncio.gather(*(look(uri, self._end) for uri in uris)))

    async def _spf(self) -> Parsed | None:
        records = list(filter(is_spf, texts(self._seen.records.apex.strings)))
        if len(records) != 1:
            return None
        return await self._parsers.read("spf", records[0], self._seen.domain, self._end)

    async def _dmarc(self) -> Parsed | None:
        """The parsed record of the first name that has one; None for several or unknown records."""
        for answer in self._seen.authentication.dmarc:
            records = list(filter(begins_dmarc, texts(answer.strings)))
            if len(records) == 1:
                owner = answer.name.partition(".")[2]
                return await self._parsers.read("dmarc", records[0], owner, self._end)
            if records or not answer.settled:
                return None
        return None


class _Sessions(NamedTuple):
    """The observations of one address of an MX host."""

    usual: SmtpSession
    less: Sequence[tuple[ClientProfile, SmtpSession]] = ()
    reverse: ReverseDns | None = None
    implicit: Fetch | None = None


class _Fetches(NamedTuple):
    """The observations of one address of the policy host."""

    usual: Fetch
    less: Sequence[tuple[ClientProfile, Fetch]] = ()
    agents: Sequence[tuple[str, Fetch]] = ()


async def _in_turn(
    ways: Iterable[K],
    look: Callable[[K], Coroutine[Any, Any, V]],
    usual: Callable[[], Coroutine[Any, Any, V]],
    end: float,
    pause_seconds: float,
) -> list[tuple[K, V]]:
    """The results of further looks, one after another; a rate limit ends the series."""
    found: list[tuple[K, V]] = []
    for way in ways:
        found.append(
            (way, await compared_with_usual(partial(look, way), usual, end, pause_seconds))
        )
        if found[-1][1].limited:
            break
    return found


def _policy_of(fetches: Iterable[Fetch]) -> Policy | None:
    """The policy of the first answer with status 200; None if it is no valid policy."""
    for each in fetches:
        if each.status == 200 and not each.encoding:
            try:
                return parse(each.body)
            except PolicySyntaxError:
                return None
    return None


async def each_of(
    domains: Iterable[str],
    check: Callable[[str], Coroutine[Any, Any, T]],
    *,
    parallel: int,
    quick_seconds: float = _QUICK_SECONDS,
    slow_factor: int = _SLOW_FACTOR,
) -> AsyncIterator[T]:
    """What ``check`` makes of each domain, as it ends; no more than ``parallel`` at once.

    One that has taken longer than a quick one does makes room for another, up to ``slow_factor``
    times as many.
    """
    clock = asyncio.get_running_loop().time
    waiting = iter(domains)
    running: dict[asyncio.Task[T], float] = {}
    most = parallel * slow_factor
    try:
        while True:
            quick = [begun for begun in running.values() if clock() - begun < quick_seconds]
            room = min(parallel - len(quick), most - len(running))
            for each in islice(waiting, room):
                quick.append(clock())
                running[asyncio.create_task(check(each))] = quick[-1]
            if not running:
                return
            until = min(quick, default=clock()) + quick_seconds - clock()
            done, _ = await asyncio.wait(
                running, timeout=max(until, 0.01), return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                del running[task]
                yield task.result()
    finally:
        for task in running:
            task.cancel()
