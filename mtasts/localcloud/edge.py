"""The HTTPS edge: stands for CloudFront's and Cloudflare's edges, on 127.0.0.1 and ::1.

CloudFront spreads viewers by DNS over hundreds of points of presence. Here all points share one
address, because macOS by default has no other IPv4 loopback address than 127.0.0.1. So each new
connection goes to the next point in turn, and as many connections as there are points reach each
of them once. Each point has its own cache, and its own lag for configuration and invalidations.

Cloudflare's edge listens on a second port. A host may have a distribution and a Worker at once;
the address to which its name was resolved decides which of the two answers.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import logging
import math
import socket
import ssl
import time
import weakref
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.localcloud.authority import Authority, Certificate, server_context
from mtasts.localcloud.edge_cache import Entry, PointOfPresence, Served, from_cache
from mtasts.localcloud.edge_response import (
    EdgeFault,
    Viewer,
    host_name,
    respond,
    s3_error,
    with_fault,
)
from mtasts.localcloud.http1 import HttpRequest, HttpResponse, Limits, serve_connection
from mtasts.names import MxPattern
from mtasts.policy import POLICY_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mtasts.localcloud.aws.function_urls import FunctionUrls
    from mtasts.localcloud.distribution import CloudState, Distribution, OriginAnswer, Workers

logger = logging.getLogger(__name__)

LAGS_SECONDS = (0.05, 0.15, 0.3)
_TICK_SECONDS = 0.1
# More than the 6 MB that Lambda accepts, so that Lambda's own limit is the one that refuses.
_FUNCTION_BODY_MAX = 8 * 1024 * 1024
_WORKER_BODY_MAX = 100 * 1024 * 1024  # Cloudflare's limit for a request body, free and pro plans
_CONNECTIONS_MAX = 256
_HANDSHAKE_SECONDS = 5.0
_SHUTDOWN_SECONDS = 1.0
_BIND_TRIES = 20
_NO_IPV6 = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


class Edge:
    """The HTTPS servers of the edge; ``faults`` has the present fault of each host name."""

    def __init__(
        self,
        state: CloudState,
        authority: Authority,
        *,
        clock: Callable[[], float] = time.monotonic,
        lags_seconds: Sequence[float] = LAGS_SECONDS,
        workers: Workers | None = None,
        functions: FunctionUrls | None = None,
    ) -> None:
        """Make the edge; `start` makes it listen.

        ``clock`` gives seconds; ``lags_seconds`` has one lag for each point of presence. The hosts
        of ``workers`` are served on ``workers_port``. Lambda function URLs (``functions``) have no
        distribution: Lambda answers their requests.
        """
        self._state = state
        self._workers = workers
        self._functions = functions
        self._authority = authority
        self._clock = clock
        self.points = [
            PointOfPresence(f"LCL{50 + number}-P{number + 1}", lag)
            for number, lag in enumerate(lags_seconds)
        ]
        self.faults: dict[str, EdgeFault] = {}
        self._held: dict[str, dict[tuple[str, str], Entry]] = {}
        # The distributions of which the account knows that every point has their configuration.
        self._deployed: dict[str, Distribution] = {}
        self._sni: weakref.WeakKeyDictionary[ssl.SSLObject, str] = weakref.WeakKeyDictionary()
        self._contexts = [server_context() for _ in self.points]
        for point, context in zip(self.points, self._contexts, strict=True):
            context.sni_callback = partial(self._choose, point)
        self._workers_context = server_context()
        self._workers_context.sni_callback = self._choose_worker
        self._rota = itertools.cycle(range(len(self.points)))
        self._listeners: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self.port = self.workers_port = 0
        self.ipv6 = False

    async def start(self, *, ticking: bool = True) -> None:
        """Listen; with ``ticking`` also call `advance` every 0.02 s, and not only on requests."""
        sockets, self.ipv6 = _listen()
        self.port = sockets[0].getsockname()[1]
        if not self.ipv6:
            logger.warning("no IPv6 loopback here: the edge listens on 127.0.0.1 only")
        worker_sockets: list[socket.socket] = []
        if self._workers:
            worker_sockets, _ = _listen()
            self.workers_port = worker_sockets[0].getsockname()[1]
        self._listeners = [*sockets, *worker_sockets]
        for listener in self._listeners:
            of_workers = listener in worker_sockets
            self._tasks.add(asyncio.create_task(self._accept(listener, of_workers=of_workers)))
        if ticking:
            self._tasks.add(asyncio.create_task(self._tick()))

    async def stop(self) -> None:
        """Stop listening and end open connections."""
        tasks = self._tasks | self._connections
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for listener in self._listeners:
            listener.close()
        await asyncio.sleep(0)  # transports close in the next turn of the loop

    def advance(self) -> None:
        """Let every point see the account's present state.

        A configuration or an invalidation that has reached every point is reported to the account.
        """
        distributions = self._state.distributions()
        invalidations = self._state.invalidations()
        for point in self.points:
            point.observe(self._clock(), distributions, invalidations)
        deployed = {}
        for id_, distribution in distributions.items():
            if self._deployed.get(id_) is not distribution:
                if not all(point.has(distribution) for point in self.points):
                    continue
                self._state.deployed(distribution)
            deployed[id_] = distribution
        self._deployed = deployed
        for invalidation in invalidations:
            if all(point.has_applied(invalidation) for point in self.points):
                self._state.completed(invalidation)

    def set_fault(self, host: str, fault: EdgeFault) -> None:
        """Set the fault of ``host``; a ``stale`` one keeps the answers that are served now."""
        self.advance()
        self.faults[host] = fault
        self._held.pop(host, None)
        if fault.stale:
            self._held[host] = self._freeze(host, fault)
            if self._workers:
                points = enumerate(self.points)
                lags = {n: each.lag_seconds for n, each in points if fault.concerns(n)}
                self._workers.hold(host, lags)

    def clear_fault(self, host: str) -> None:
        """End the fault of ``host``."""
        self.faults.pop(host, None)
        self._held.pop(host, None)
        if self._workers:
            self._workers.release(host)

    def _freeze(self, host: str, fault: EdgeFault) -> dict[tuple[str, str], Entry]:
        held = {}
        for number, point in enumerate(self.points):
            distribution = _find(point, host)
            if distribution is None or not fault.concerns(number):
                continue
            cached = (other.paths(distribution.id) for other in self.points)
            for path in {POLICY_PATH}.union(*cached):
                answer = self._from_cache(point, EdgeFault(), distribution, path).answer
                held[point.name, path] = Entry(answer, self._clock(), math.inf)
        return held

    def _from_cache(
        self, point: PointOfPresence, fault: EdgeFault, distribution: Distribution, path: str
    ) -> Served:
        def fetch() -> OriginAnswer:
            if fault.origin_status is not None:
                return s3_error(fault.origin_status, "InternalError", "We were made to fail.")
            return self._state.fetch(distribution, path)

        return point.serve(self._clock(), distribution, path, fetch)

    async def _tick(self) -> None:
        while True:
            self.advance()
            await asyncio.sleep(_TICK_SECONDS)

    async def _accept(self, listener: socket.socket, *, of_workers: bool) -> None:
        loop = asyncio.get_running_loop()
        while True:
            accepted, _ = await loop.sock_accept(listener)
            if len(self._connections) >= _CONNECTIONS_MAX:
                accepted.close()
                continue
            number = next(self._rota)
            task = asyncio.create_task(self._serve(accepted, number, of_workers=of_workers))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    async def _serve(self, accepted: socket.socket, number: int, *, of_workers: bool) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        self.advance()
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol,
                accepted,
                ssl=self._workers_context if of_workers else self._contexts[number],
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=_SHUTDOWN_SECONDS,
            )
        except OSError as error:  # ssl.SSLError, a failed handshake, is an OSError
            logger.info("handshake failed: %s", printable(str(error)))
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        sni = self._sni.get(transport.get_extra_info("ssl_object"), "")

        async def answer(request: HttpRequest) -> HttpResponse:
            return await self._respond(number, sni, request, of_workers=of_workers)

        body_bytes = _FUNCTION_BODY_MAX if self._function_names(sni) else 0
        body_bytes = _WORKER_BODY_MAX if of_workers else body_bytes
        await serve_connection(reader, writer, answer, Limits(body_bytes=body_bytes))

    async def _respond(
        self, number: int, sni: str, request: HttpRequest, *, of_workers: bool
    ) -> HttpResponse:
        self.advance()
        point = self.points[number]
        host = host_name(request.header("host"))
        fault = self.faults.get(host)
        fault = fault if fault and fault.concerns(number) else EdgeFault()
        if fault.delay_seconds:
            await asyncio.sleep(fault.delay_seconds)

        def serve(distribution: Distribution, path: str) -> Served:
            held = self._held.get(host, {}).get((point.name, path))
            if held:
                return from_cache(held, self._clock())
            return self._from_cache(point, fault, distribution, path)

        if of_workers:
            response = with_fault(await self._worker(number, sni, host, request), fault)
        elif self._functions and self._function_names(sni):
            response = await self._functions.respond(sni, request)
        else:
            viewer = Viewer(request, host, _find(point, sni), _find(point, host))
            response = respond(viewer, point.name, fault, serve)
        logger.info(
            "%s %s %s%s -> %d",
            point.name,
            printable(request.method),
            printable(host),
            printable(request.target),
            response.status,
        )
        return response

    async def _worker(self, number: int, sni: str, host: str, request: HttpRequest) -> HttpResponse:
        """The response of the host's Worker; 404 if no Worker has reached this point yet."""
        if self._workers is None or sni != host:
            return HttpResponse(HTTPStatus.MISDIRECTED_REQUEST)
        lag = self.points[number].lag_seconds
        found = await self._workers.respond(host, number, lag, request)
        return found or HttpResponse(HTTPStatus.NOT_FOUND)

    def _choose_worker(
        self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext
    ) -> int | None:
        """Choose the certificate of a Worker's host, or end the handshake as Cloudflare does."""
        host = host_name(name or "")
        names = self._workers.certificate_names(host) if self._workers else ()
        if not names:
            logger.info("no Worker for the name %s", printable(host))
            return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
        self._present(connection, host, names)
        return None

    def _choose(
        self,
        point: PointOfPresence,
        connection: ssl.SSLObject,
        name: str | None,
        _: ssl.SSLContext,
    ) -> int | None:
        """Choose the certificate for the name in SNI, or end the handshake as CloudFront does."""
        host = host_name(name or "")
        distribution = _find(point, host)
        if distribution is None and (functions := self._function_names(host)):
            self._present(connection, host, functions)
            return None
        if distribution is None:
            logger.info("no distribution for the name %s", printable(host))
            return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
        if distribution.minimum_tls.startswith("TLSv1.3") and connection.version() != "TLSv1.3":
            return ssl.ALERT_DESCRIPTION_PROTOCOL_VERSION
        names = self._certificate_names(distribution)
        if not any(MxPattern.parse(each).covers(host) for each in names):
            logger.warning("no issued certificate covers %s", printable(host))
            return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
        self._present(connection, host, names)
        return None

    def _function_names(self, host: str) -> tuple[str, ...]:
        return self._functions.certificate_names(host) if self._functions else ()

    def _present(self, connection: ssl.SSLObject, host: str, names: tuple[str, ...]) -> None:
        fault = self.faults.get(host, EdgeFault())
        context = self._authority.context(names, fault.certificate or Certificate.GOOD)
        context.set_alpn_protocols(["http/1.1"])
        connection.context = context
        self._sni[connection] = host

    def _certificate_names(self, distribution: Distribution) -> tuple[str, ...]:
        if not distribution.certificate:
            return ("*.cloudfront.net",)
        issued = self._state.certificate_names(distribution.certificate)
        return ("*.cloudfront.net", *issued) if issued else ()

    def contents(self) -> list[dict[str, object]]:
        """The cache entries of every point, as JSON values for the control interface.

        ``age_seconds`` counts from the fetch; ``fresh_seconds`` is what is left of the lifetime,
        and negative for an entry that has expired.
        """
        now = self._clock()
        return [
            {
                "pop": point.name,
                "distribution": id_,
                "path": printable(path),
                "status": entry.answer.status,
                "etag": entry.answer.header("etag"),
                "age_seconds": round(now - entry.fetched, 3),
                "fresh_seconds": round(entry.expires - now, 3),
            }
            for point in self.points
            for id_, path, entry in point.contents()
        ]


def _find(point: PointOfPresence, host: str) -> Distribution | None:
    for distribution in point.distributions.values():
        if host in (distribution.domain_name, *distribution.aliases):
            return distribution
    return None


def _listen() -> tuple[list[socket.socket], bool]:
    """Listeners on one free port of 127.0.0.1 and ::1, and whether this machine has ::1.

    Raises:
        OSError: none of the ports tried is free on both addresses.
    """
    for _ in range(_BIND_TRIES):
        ipv4 = _listener(socket.AF_INET, "127.0.0.1", 0)
        try:
            ipv6 = _listener(socket.AF_INET6, "::1", ipv4.getsockname()[1])
        except OSError as error:
            if error.errno in _NO_IPV6:
                return [ipv4], False
            ipv4.close()  # the port is in use on ::1: try another
        else:
            return [ipv4, ipv6], True
    raise OSError(errno.EADDRINUSE, "no port is free on both 127.0.0.1 and ::1")


def _listener(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(128)
        listener.setblocking(False)  # noqa: FBT003 - the standard library's signature
    except OSError:
        listener.close()
        raise
    return listener
