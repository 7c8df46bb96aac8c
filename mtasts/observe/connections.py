"""Connections to the hosts of others, each with a deadline, and a limit of them at once.

Nothing is attacked or guessed: port 443 gets the request for a policy at a policy host and a TLS
handshake elsewhere, ports 25 and 465 a session up to TLS, and port 80 only requests for revocation
data that a verified certificate names (RFC 5280 section 4.2.1.13). A host that defers a connection
is tried once more later. What many domains share, such as an agency's mailbox, is visited once.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from mtasts.check.observed import Endpoint, Mailbox
from mtasts.observations import (
    NULL_MX,
    ClientProfile,
    DnsAnswer,
    DnsStatus,
    Fetch,
    FetchOutcome,
    SmtpOutcome,
    SmtpSession,
    TlsDetails,
)
from mtasts.observe.lookups import LATE, Lookups, addresses_in
from mtasts.observe.shared import Shared
from mtasts.observe.slots import Places
from mtasts.probe.https import CLEAR_PORT, PORT, USER_AGENT
from mtasts.probe.openssl import details
from mtasts.probe.probes import LIVE
from mtasts.probe.smtp import PORT as SMTP_PORT
from mtasts.records import select_tlsrpt

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, TypeVar

    from mtasts.observe.lookups import Answers
    from mtasts.probe.probes import Probes
    from mtasts.probe.reach import Reach

    T = TypeVar("T")
    V = TypeVar("V", Fetch, SmtpSession)

_PLACES_MAX = 1000
_GRACE_SECONDS = 0.5
# The limit of one visit, so that a stalled host does not use up its domain's time. Some mail
# servers delay their greeting on purpose, by up to half a minute.
_VISIT_SECONDS = 30.0
# A visit that takes longer does not count as running; `_SLOW_MAX` limits how many such there are.
_QUICK_SECONDS = 5.0
_SLOW_MAX = 400
_REVOCATIONS_MAX = 64
# The list of a large authority has some megabytes; the address comes from the certificate, so the
# answer may be anything.
_REVOCATION_MAX_BYTES = 4 * 1024 * 1024
_URIS_MAX = 10
_PROCESSES_MAX = 8
# The wait before a deferred visit is tried again.
PAUSE_SECONDS = 5.0


class Visits:
    """Sessions, requests and handshakes; ``end`` is on the clock of the event loop."""

    def __init__(
        self,
        reach: Reach,
        answers: Answers,
        *,
        deadline_seconds: float,
        connections_max: int,
        probes: Probes = LIVE,
    ) -> None:
        """Visit nobody yet. What is shared has ``deadline_seconds`` of its own."""
        self._reach = reach
        self._probes = probes
        self._answers = answers
        self._deadline_seconds = deadline_seconds
        self._slots = Places(connections_max, _SLOW_MAX, quick_seconds=_QUICK_SECONDS)
        self._processes = asyncio.Semaphore(_PROCESSES_MAX)
        self._mailboxes = Shared(self._mailbox, _PLACES_MAX)
        self._endpoints = Shared(self._endpoint, _PLACES_MAX)
        self._revocations = Shared(self._revocation, _REVOCATIONS_MAX)

    async def session(
        self, host: str, address: str, end: float, profile: ClientProfile = ClientProfile.USUAL
    ) -> SmtpSession:
        """A session with an MX host."""
        late = SmtpSession(host, address, SmtpOutcome.TIMED_OUT, reason=LATE)
        return await self._within(
            end,
            lambda left: self._probes.look(
                self._reach, host, address, profile=profile, deadline_seconds=left
            ),
            late,
        )

    async def fetch(self, host: str, address: str, end: float, *, agent: str = USER_AGENT) -> Fetch:
        """The request for a policy."""
        return await self._within(
            end,
            lambda left: self._probes.fetch(
                self._reach, host, address, deadline_seconds=left, user_agent=agent
            ),
            _late(host, address),
        )

    async def greet(
        self, host: str, address: str, end: float, profile: ClientProfile, *, port: int = PORT
    ) -> Fetch:
        """A handshake, by default with a policy host."""
        return await self._within(
            end,
            lambda left: self._probes.greet(
                self._reach, host, address, profile, port=port, deadline_seconds=left
            ),
            _late(host, address),
        )

    async def details(
        self, host: str, address: str, end: float, *, smtp: bool = False
    ) -> TlsDetails:
        """The details of TLS of a policy host, or with ``smtp`` of an MX host."""
        port = SMTP_PORT if smtp else PORT
        async with self._processes:
            return await self._within(
                end,
                lambda left: details(
                    self._reach, host, address, port=port, smtp=smtp, deadline_seconds=left
                ),
                TlsDetails(host, address, reason=LATE),
            )

    async def mailbox(self, uri: str, end: float) -> Mailbox:
        """The mail server of a ``mailto:`` address for reports."""
        domain = _mailbox_domain(uri)
        failed = DnsAnswer(domain, "MX", DnsStatus.FAILED, reason=LATE)
        return await self._mailboxes.get(uri, end, Mailbox(uri, domain, failed))

    async def endpoint(self, uri: str, end: float) -> Endpoint:
        """The web server of an ``https:`` address for reports."""
        failed = DnsAnswer(_place(uri).host, "A", DnsStatus.FAILED, reason=LATE)
        return await self._endpoints.get(uri, end, Endpoint(uri, (failed,)))

    async def revocation(self, url: str, end: float) -> Fetch:
        """The answer with a revocation list (CRL), or of an OCSP responder."""
        return await self._revocations.get(url, end, _late(_place(url).host, ""))

    async def _mailbox(self, uri: str) -> Mailbox:
        end, ask = self._own()
        domain = _mailbox_domain(uri)
        found = Mailbox(uri, domain, await ask.one(domain, "MX"))
        for host in [each for each in found.mx.mx_hosts if each != NULL_MX][:1]:
            if addresses := addresses_in(await ask.addresses(host)):
                address = next(filter(self._reach.reaches_all, addresses), addresses[0])
                return replace(found, session=await self.session(host, address, end))
        return found

    async def _endpoint(self, uri: str) -> Endpoint:
        end, ask = self._own()
        place = _place(uri)
        found = Endpoint(uri, await ask.addresses(place.host))
        addresses = addresses_in(found.addresses)
        if not addresses:
            return found
        address = next(filter(self._reach.reaches_all, addresses), addresses[0])
        if place.port != PORT:
            why = f"port {place.port} is left alone, only {PORT} is asked"
            fetch = Fetch(place.host, address, FetchOutcome.NOT_ASKED, reason=why)
        else:
            fetch = await self.greet(place.host, address, end, ClientProfile.USUAL)
        return replace(found, fetch=fetch)

    async def _revocation(self, url: str) -> Fetch:
        end, ask = self._own()
        place = _place(url)
        addresses = addresses_in(await ask.addresses(place.host))
        if not addresses:
            reason = f"{place.host} has no address"
            return Fetch(place.host, "", FetchOutcome.CONNECT_FAILED, reason=reason)
        if place.port != CLEAR_PORT:
            why = f"port {place.port} is left alone, only {CLEAR_PORT} is asked"
            return Fetch(place.host, addresses[0], FetchOutcome.NOT_ASKED, reason=why)
        return await self._within(
            end,
            lambda left: self._probes.fetch(
                self._reach,
                place.host,
                addresses[0],
                place.path,
                port=CLEAR_PORT,
                clear=True,
                deadline_seconds=left,
                body_max=_REVOCATION_MAX_BYTES,
            ),
            _late(place.host, addresses[0]),
        )

    def _own(self) -> tuple[float, Lookups]:
        """A deadline for shared work, and look-ups that end with it.

        Shared work must not end with the deadline of the first domain that asked for it.
        """
        end = asyncio.get_running_loop().time() + self._deadline_seconds
        return end, Lookups(self._answers, end)

    async def _within(
        self, end: float, work: Callable[[float], Coroutine[Any, Any, T]], late: T
    ) -> T:
        """The result of ``work``, which gets its seconds once a slot is free; or ``late``."""
        loop = asyncio.get_running_loop()
        try:
            async with self._slots.taken(end):
                # `work` has this deadline itself, and its result then says how far it came.
                seconds = min(max(end - loop.time(), 0.001), _VISIT_SECONDS)
                async with asyncio.timeout(seconds + _GRACE_SECONDS):
                    return await work(seconds)
        except TimeoutError:
            return late


def report_uris(tlsrpt: DnsAnswer, scheme: str) -> list[str]:
    """The URIs of that scheme in the TLS-RPT record."""
    record = select_tlsrpt(tlsrpt.strings).record
    found = [uri for uri in (record.rua if record else ()) if uri.lower().startswith(f"{scheme}:")]
    return found[:_URIS_MAX]


class _Place(NamedTuple):
    host: str
    port: int
    path: str


def _place(url: str) -> _Place:
    """Host, port and path of a URL; an invalid port counts as the default one."""
    parts = urlsplit(url)
    usual = CLEAR_PORT if parts.scheme == "http" else PORT
    try:
        port = parts.port or usual
    except ValueError:
        port = usual
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Place((parts.hostname or "").rstrip("."), port, path)


def _mailbox_domain(uri: str) -> str:
    """The domain of a ``mailto:`` URI (RFC 6068), in lower case."""
    return uri.partition("?")[0].rpartition("@")[2].lower().rstrip(".")


async def retry_deferred(
    look: Callable[[], Coroutine[Any, Any, V]], end: float, pause_seconds: float = PAUSE_SECONDS
) -> V:
    """What ``look`` brings; what was put off is looked at once more, after a pause."""
    found = await look()
    return await look() if found.is_deferred and await _paused(end, pause_seconds) else found


async def compared_with_usual(
    look: Callable[[], Coroutine[Any, Any, V]],
    usual: Callable[[], Coroutine[Any, Any, V]],
    end: float,
    pause_seconds: float = PAUSE_SECONDS,
) -> V:
    """The result of ``look`` at a host where the ``usual`` look succeeded before.

    If the host defers or refuses the look, it may be limiting the rate of connections. If the usual
    look still succeeds right afterwards, the host means the look itself; otherwise the result is
    marked ``limited`` and says nothing about the host.
    """
    found = await look()
    if not (found.is_deferred or found.refused) or (await usual()).has_handshake:
        return found
    if await _paused(end, pause_seconds):
        found = await look()
    return replace(found, limited=found.is_deferred or found.refused)


async def _paused(end: float, seconds: float) -> bool:
    """Wait `PAUSE_SECONDS`; False, without a wait, if too little time would be left afterwards."""
    if end - asyncio.get_running_loop().time() < 2 * seconds:
        return False
    await asyncio.sleep(seconds)
    return True


def _late(host: str, address: str) -> Fetch:
    return Fetch(host, address, FetchOutcome.TIMED_OUT, reason=LATE)
