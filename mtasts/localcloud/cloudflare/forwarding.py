"""Pass a request from the edge to workerd: over plain HTTP on loopback, marked as HTTPS."""

from __future__ import annotations

import asyncio

import h11

from mtasts.localcloud.http1 import HttpRequest, HttpResponse

_ASK_SECONDS = 10.0
_READ_BYTES = 64 * 1024
# Headers that the edge does not pass on, in either direction: those that belong to one connection
# (RFC 9110), and cf-connecting-ip, which the edge sets itself.
_HOP = frozenset(
    {
        "cf-connecting-ip",
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "transfer-encoding",
    }
)


async def forward(port: int, host: str, request: HttpRequest) -> HttpResponse:
    """The response of the Worker that listens on the loopback port ``port``.

    It is 502 if the Worker's response is no HTTP response.

    Raises:
        OSError: the port refuses the connection.
        TimeoutError: the Worker takes longer than 10 seconds.
        h11.RemoteProtocolError: the Worker's response breaks off.
    """
    kept = [(name, value) for name, value in request.headers if name not in _HOP]
    length = [("Content-Length", str(len(request.body)))] if request.body else []
    own_headers = [
        ("Host", host),
        ("X-Forwarded-Proto", "https"),
        ("CF-Connecting-IP", "127.0.0.1"),
    ]
    head = h11.Request(
        method=request.method,
        target=request.target,
        headers=[*own_headers, *length, *kept, ("Connection", "close")],
    )
    connection = h11.Connection(h11.CLIENT)
    async with asyncio.timeout(_ASK_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(connection.send(head) or b"")
            if request.body:
                writer.write(connection.send(h11.Data(request.body)) or b"")
            writer.write(connection.send(h11.EndOfMessage()) or b"")
            status, headers, body = 0, [], bytearray()
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    connection.receive_data(await reader.read(_READ_BYTES))
                elif isinstance(event, h11.Response):
                    status = event.status_code
                    headers = [
                        (name.decode("ascii").title(), value.decode("latin-1"))
                        for name, value in event.headers
                        if name.decode("ascii") not in _HOP
                    ]
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    return HttpResponse(status, (*headers, ("Server", "cloudflare")), bytes(body))
                elif not isinstance(event, h11.InformationalResponse):
                    return HttpResponse(502)
        finally:
            writer.close()
