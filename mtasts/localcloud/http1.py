"""HTTP/1.1 for the servers of the local cloud, with limits on sizes, requests and idle time."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_READ_BYTES = 16 * 1024
_CONNECTIONS_MAX = 64
_BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one connection; ``idle_seconds`` is the longest wait for a whole request."""

    header_bytes: int = 20_480  # CloudFront's limit for the request line and headers together
    body_bytes: int = 0
    idle_seconds: float = 5.0
    requests: int = 1000


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A complete request; header names are in lower case."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str:
        """The value of the first header of that name, or an empty text."""
        return next((value for each, value in self.headers if each == name), "")

    @property
    def path(self) -> str:
        """The target without its query string."""
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A complete response; Content-Length and Date are added when it is sent."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    close: bool = False


class _TooLargeError(Exception):
    """The body is larger than the connection's limit."""


async def serve_connection(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    respond: Callable[[HttpRequest], Awaitable[HttpResponse]],
    limits: Limits,
) -> None:
    """Answer the requests of one connection until either side ends it, then close it."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.header_bytes)
    try:
        with contextlib.suppress(OSError, TimeoutError):
            for _ in range(limits.requests):
                if not await _exchange(connection, reader, writer, respond, limits):
                    break
    finally:
        writer.close()


class Listener:
    """An HTTP server on a free port of 127.0.0.1, for at most 64 connections at a time."""

    def __init__(
        self, respond: Callable[[HttpRequest], Awaitable[HttpResponse]], limits: Limits
    ) -> None:
        """Make the server; `start` makes it listen."""
        self._respond = respond
        self._limits = limits
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Listen, and return the URL ``http://127.0.0.1:PORT``."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Stop listening and end open connections."""
        if self._server:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the next turn of the loop

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= _CONNECTIONS_MAX:
            writer.close()
            return
        # Our own task: asyncio would log the one that it makes as failed when `stop` cancels it.
        task = asyncio.create_task(serve_connection(reader, writer, self._respond, self._limits))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _exchange(
    connection: h11.Connection,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    respond: Callable[[HttpRequest], Awaitable[HttpResponse]],
    limits: Limits,
) -> bool:
    """Answer one request; whether another one may follow on this connection."""
    bodiless = False
    try:
        async with asyncio.timeout(limits.idle_seconds):
            request = await _read(connection, reader, limits.body_bytes)
        if request is None:
            return False
        response = await respond(request)
        bodiless = request.method == "HEAD" or response.status in _BODILESS
    except h11.RemoteProtocolError as error:
        response = HttpResponse(error.error_status_hint, close=True)
    except _TooLargeError:
        response = HttpResponse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, close=True)
    if connection.our_state in (h11.IDLE, h11.SEND_RESPONSE):
        async with asyncio.timeout(limits.idle_seconds):
            await _write(connection, writer, response, bodiless=bodiless)
    if not connection.our_state is connection.their_state is h11.DONE:
        return False
    connection.start_next_cycle()
    return True


async def _read(
    connection: h11.Connection, reader: asyncio.StreamReader, body_max: int
) -> HttpRequest | None:
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_READ_BYTES))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > body_max:
                raise _TooLargeError
        elif isinstance(event, h11.EndOfMessage) and head:
            return HttpRequest(
                head.method.decode("ascii"),
                head.target.decode("ascii"),
                tuple(
                    (name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers
                ),
                bytes(body),
            )
        else:
            return None


async def _write(
    connection: h11.Connection,
    writer: asyncio.StreamWriter,
    response: HttpResponse,
    *,
    bodiless: bool,
) -> None:
    names = {name.lower() for name, _ in response.headers}
    extra = [("Date", formatdate(usegmt=True))] if "date" not in names else []
    if response.status not in _BODILESS:
        extra.append(("Content-Length", str(len(response.body))))
    if response.close:
        extra.append(("Connection", "close"))
    head = h11.Response(
        status_code=response.status,
        headers=[*response.headers, *extra],
        reason=_reason(response.status),
    )
    writer.write(connection.send(head) or b"")
    if response.body and not bodiless:
        writer.write(connection.send(h11.Data(data=response.body)) or b"")
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    await writer.drain()


def _reason(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode("ascii")
    except ValueError:
        return b""
