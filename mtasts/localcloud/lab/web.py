"""The policy hosts of the lab: one server for each host, each with its own faults."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import itertools
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mtasts.localcloud.authority import OCSP_PATH, Authority, Certificate, Offer
from mtasts.localcloud.http1 import HttpRequest, HttpResponse, Limits, serve_connection
from mtasts.policy import POLICY_PATH

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_TEXT = "text/plain; charset=utf-8"
_LIMITS = Limits(idle_seconds=30.0)
_BOMB_BYTES = 20_000_000


class Rudeness(StrEnum):
    """What a host does instead of answering with HTTP as it should."""

    TRICKLE = "trickle"  # a body of which one byte a second arrives
    ENDLESS = "endless"  # a body without end
    STALL = "stall"  # accepts the connection, and sends nothing, not even a TLS handshake
    GARBAGE = "garbage"  # answers with another protocol than HTTP
    CLEAR = "clear"  # answers without TLS


@dataclass(frozen=True, slots=True)
class Web:
    """How a policy host behaves.

    - ``listens``: if false, nothing listens at the host.
    - ``named``: clients without SNI get another certificate.
    - ``varies``: each body is different.
    - ``refuses``: requests with this text in User-Agent get 403.
    - ``wait_seconds``: how long each answer takes.
    - ``rude``: what the host does instead of HTTP.
    - ``answers_max``: after so many answers, each further one is 429.
    - ``connections_max``: after so many connections, each further one is closed.
    """

    body: bytes = b""
    status: int = 200
    media_type: str = _TEXT
    headers: tuple[tuple[str, str], ...] = ()
    certificate: Certificate = Certificate.GOOD
    offer: Offer = Offer.USUAL
    listens: bool = True
    named: bool = False
    varies: bool = False
    refuses: str = ""
    wait_seconds: float = 0.0
    rude: Rudeness | None = None
    answers_max: int | None = None
    connections_max: int | None = None


@cache
def bomb() -> bytes:
    """A gzip body that is small, and 20 MB when it is decompressed."""
    return gzip.compress(b"0" * _BOMB_BYTES)


class WebHosts:
    """The policy hosts of a lab; ``ports`` has the port of each host."""

    def __init__(self, authority: Authority) -> None:
        """Begin without hosts; `listen` adds one."""
        self._authority = authority
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.ports: dict[str, int] = {}
        self._changed: dict[str, Web] = {}

    def change(self, host: str, web: Web) -> None:
        """Answer requests for ``host`` by ``web`` from now on; TLS stays as it was."""
        self._changed[host] = web

    async def listen(
        self, host: str, web: Web, *, address: str = "127.0.0.1", port: int = 0
    ) -> None:
        """Start the server of ``host``; port 0 takes a free port."""
        respond = self._responder(host, web)
        clear = web.rude in (Rudeness.STALL, Rudeness.CLEAR) or web.connections_max is not None
        connections = itertools.count()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if web.connections_max is not None:
                if next(connections) >= web.connections_max:
                    writer.transport.abort()
                    return
                with contextlib.suppress(OSError):
                    await writer.start_tls(self._context(host, web))
            await self._connected(web, respond, reader, writer)

        server = await asyncio.start_server(
            connected, address, port, ssl=None if clear else self._context(host, web)
        )
        self._servers.append(server)
        self.ports[host] = server.sockets[0].getsockname()[1]

    async def listen_clear(self, *, address: str = "127.0.0.1", port: int = 0) -> int:
        """Serve the authority's revocation list and OCSP responses over HTTP; returns the port."""

        async def respond(request: HttpRequest) -> HttpResponse:
            if request.path.startswith(f"{OCSP_PATH}/"):
                question = base64.b64decode(unquote(request.path.removeprefix(f"{OCSP_PATH}/")))
                media_type = (("Content-Type", "application/ocsp-response"),)
                return HttpResponse(200, media_type, self._authority.answer(question))
            return HttpResponse(
                200, (("Content-Type", "application/pkix-crl"),), self._authority.crl()
            )

        server = await asyncio.start_server(
            lambda reader, writer: self._connected(Web(), respond, reader, writer), address, port
        )
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and end open connections."""
        for server in self._servers:
            server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the next turn of the loop

    def _context(self, host: str, web: Web) -> ssl.SSLContext:
        context = self._authority.context((host,), web.certificate, web.offer)
        if not web.named:
            return context
        front = self._authority.context((host, "front.invalid"), Certificate.MISMATCH)

        def choose(tls: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            if name == host:
                tls.context = context

        front.sni_callback = choose
        return front

    def _responder(
        self, host: str, at_first: Web
    ) -> Callable[[HttpRequest], Awaitable[HttpResponse]]:
        count, answers = itertools.count(), itertools.count()

        async def respond(request: HttpRequest) -> HttpResponse:
            web = self._changed.get(host, at_first)
            await asyncio.sleep(web.wait_seconds)
            if web.refuses and web.refuses in request.header("user-agent"):
                return HttpResponse(403)
            if request.path != POLICY_PATH:
                return HttpResponse(404)
            if web.answers_max is not None and next(answers) >= web.answers_max:
                return HttpResponse(429)
            media_type = (("Content-Type", web.media_type),) if web.media_type else ()
            body = web.body + f"x{next(count)}: 1\r\n".encode() if web.varies else web.body
            return HttpResponse(web.status, (*media_type, *web.headers), body)

        return respond

    async def _connected(
        self,
        web: Web,
        respond: Callable[[HttpRequest], Awaitable[HttpResponse]],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                if web.rude is not None:
                    await _RUDE[web.rude](reader, writer)
                else:
                    await serve_connection(reader, writer, respond, _LIMITS)
        finally:
            writer.transport.abort()


async def _trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9999\r\n\r\n")
    while True:
        writer.write(b"v")
        await writer.drain()
        await asyncio.sleep(1)


async def _endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def _stall(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    while await reader.read(65_536):
        pass


async def _garbage(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"+OK POP3 ready\r\n")
    await writer.drain()
    await asyncio.sleep(0.1)


_RUDE: dict[Rudeness, Talk] = {
    Rudeness.TRICKLE: _trickle,
    Rudeness.ENDLESS: _endless,
    Rudeness.STALL: _stall,
    Rudeness.GARBAGE: _garbage,
    Rudeness.CLEAR: _garbage,
}
