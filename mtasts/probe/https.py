"""One HTTPS request to one address, as senders make it: no redirects (RFC 8461 section 3.3)."""

from __future__ import annotations

import asyncio
import errno
import os
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.observations import ClientProfile, Fetch, FetchOutcome
from mtasts.policy import POLICY_PATH
from mtasts.probe.dial import CONNECT_SECONDS, dial
from mtasts.probe.reach import NotGlobalError
from mtasts.probe.tls import fault, names, tls_session

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

    import h11

    from mtasts.probe.reach import Reach

BODY_MAX = 64 * 1024  # what RFC 8461 section 3.3 suggests a sender reads
USER_AGENT = "mtasts (+https://www.rfc-editor.org/rfc/rfc8461)"
# The user agents of Google, which some block lists for bots contain, and of the policy resolver
# that most operators of Postfix use.
SENDER_AGENTS = ("Google-SMTP-STS", "postfix-mta-sts-resolver")
PORT = 443
CLEAR_PORT = 80
_HEADERS_MAX = 32 * 1024
_READ_BYTES = 16 * 1024
# Answers 1xx before the final one (RFC 9110 section 15.2); a server could send them for ever.
_INTERIM_MAX = 8
# The errors of a machine that lacks the address family or a route for it.
NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


async def fetch(
    reach: Reach,
    host: str,
    address: str,
    path: str = POLICY_PATH,
    *,
    port: int = PORT,
    clear: bool = False,
    deadline_seconds: float = 15.0,
    body_max: int = BODY_MAX,
    user_agent: str = USER_AGENT,
) -> Fetch:
    """GET ``https://host:port/path`` at ``address``, on a connection of its own.

    TLS is verified for ``host`` against the roots of ``reach``, with SNI. ``clear`` is plain HTTP,
    for content that is signed itself, such as a revocation list. It never raises for what the
    server does: the `Fetch` says what went wrong.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    request = _request(host, path, user_agent)

    async def ask(
        so_far: Fetch, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Fetch:
        return await _exchange(so_far, reader, writer, request, body_max)

    profile = None if clear else ClientProfile.USUAL
    found = await _connected(
        reach, host, address, ask, profile=profile, port=port, deadline_seconds=deadline_seconds
    )
    return replace(found, seconds=loop.time() - begun)


async def greet(
    reach: Reach,
    host: str,
    address: str,
    profile: ClientProfile,
    *,
    port: int = PORT,
    deadline_seconds: float = 15.0,
) -> Fetch:
    """A TLS handshake with ``profile`` and no request; ANSWERED if the handshake succeeds.

    With the profile NAMELESS the server gets no SNI and must still present the right certificate.
    """

    async def look(so_far: Fetch, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Fetch:
        if profile is ClientProfile.NAMELESS and not names(
            writer.get_extra_info("ssl_object"), host
        ):
            refused = FetchOutcome.CERTIFICATE_REFUSED
            return replace(so_far, outcome=refused, reason="the certificate names another host")
        return replace(so_far, outcome=FetchOutcome.ANSWERED)

    return await _connected(
        reach, host, address, look, profile=profile, port=port, deadline_seconds=deadline_seconds
    )


async def _connected(
    reach: Reach,
    host: str,
    address: str,
    work: Callable[[Fetch, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Fetch]],
    *,
    profile: ClientProfile | None,
    port: int,
    deadline_seconds: float,
) -> Fetch:
    """The result of ``work`` on a new connection, or how far the connection came.

    Without ``profile`` there is no TLS.
    """
    so_far = Fetch(host, address, FetchOutcome.TIMED_OUT)
    try:
        async with asyncio.timeout(deadline_seconds):
            dialled = await dial(*reach.target(host, port, address))
            so_far = replace(so_far, connected=True)
            reader, writer = await _open(reach, host, profile, dialled)
            try:
                if profile is not None:
                    tls = tls_session(writer.get_extra_info("ssl_object"))
                    so_far = replace(so_far, tls=tls)
                return await work(so_far, reader, writer)
            finally:
                # abort(), not close(): a TLS close waits for a peer that may never answer.
                writer.transport.abort()
    except NotGlobalError as error:
        return replace(so_far, outcome=FetchOutcome.NOT_GLOBAL, reason=str(error))
    except TimeoutError:
        if so_far.connected:
            reason = f"no whole answer within {deadline_seconds:.2g} s"
        else:
            reason = f"no connection within {min(deadline_seconds, CONNECT_SECONDS):.2g} s"
        return replace(so_far, reason=reason)
    except ssl.SSLCertVerificationError as error:
        refused = FetchOutcome.CERTIFICATE_REFUSED
        reason = printable(error.verify_message)
        return replace(so_far, outcome=refused, fault=fault(error), reason=reason)
    except ssl.SSLError as error:
        reason = printable(error.reason or str(error))
        cut = isinstance(error, ssl.SSLEOFError)
        return replace(so_far, outcome=FetchOutcome.TLS_FAILED, reason=reason, cut=cut)
    except OSError as error:
        return replace(
            so_far,
            outcome=_outcome(error, so_far),
            reason=describe(error),
            refused=isinstance(error, ConnectionRefusedError),
            cut=is_cut(error) and so_far.connected,
        )


def describe(error: OSError) -> str:
    """The text of a system error, in printable ASCII."""
    # asyncio adds the address to strerror, and --connect-to may have replaced that address.
    text = os.strerror(error.errno) if error.errno else str(error)
    return printable(text or type(error).__name__)


def _outcome(error: OSError, so_far: Fetch) -> FetchOutcome:
    if error.errno in NO_ROUTE:
        return FetchOutcome.NO_ROUTE
    # Servers that do not know the SNI name often end the connection during the handshake.
    if is_cut(error) and not so_far.tls.version:
        return FetchOutcome.TLS_FAILED
    return FetchOutcome.HTTP_MALFORMED if so_far.tls.version else FetchOutcome.CONNECT_FAILED


def is_cut(error: Exception) -> bool:
    """Whether the server reset or closed a connection that it had accepted."""
    return isinstance(error, ConnectionResetError | ConnectionAbortedError | BrokenPipeError)


async def _open(
    reach: Reach, host: str, profile: ClientProfile | None, dialled: socket.socket
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if profile is None:
        return await asyncio.open_connection(sock=dialled, limit=_READ_BYTES)
    name = "" if profile is ClientProfile.NAMELESS else host
    return await asyncio.open_connection(
        sock=dialled, ssl=reach.tls_context(profile), server_hostname=name, limit=_READ_BYTES
    )


def _request(host: str, path: str, user_agent: str) -> h11.Request:
    import h11  # only needed once a request is made

    return h11.Request(
        method="GET",
        target=path,
        headers=[
            ("Host", host),
            ("User-Agent", user_agent),
            ("Accept", "text/plain, */*;q=0.1"),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
        ],
    )


async def _exchange(
    so_far: Fetch,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    request: h11.Request,
    body_max: int,
) -> Fetch:
    import h11  # as in _request

    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEADERS_MAX)
    writer.write((connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b""))
    body = bytearray()
    interim = 0
    heard = False
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                received = await reader.read(_READ_BYTES)
                if not heard:
                    heard, so_far = True, replace(so_far, cut=not received)
                connection.receive_data(received)
            elif isinstance(event, h11.InformationalResponse) and interim < _INTERIM_MAX:
                interim += 1
            elif isinstance(event, h11.Response):
                so_far = replace(so_far, status=event.status_code, headers=_headers(event))
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > body_max:
                    cut, reason = bytes(body[:body_max]), f"more than {body_max} bytes"
                    return replace(so_far, outcome=FetchOutcome.TOO_LARGE, body=cut, reason=reason)
            elif isinstance(event, h11.EndOfMessage):
                return replace(so_far, outcome=FetchOutcome.ANSWERED, body=bytes(body))
            else:
                return replace(
                    so_far, outcome=FetchOutcome.HTTP_MALFORMED, reason="no final response"
                )
    except h11.RemoteProtocolError as error:
        return replace(
            so_far,
            outcome=FetchOutcome.HTTP_MALFORMED,
            body=bytes(body),
            reason=printable(str(error)),
        )


def _headers(response: h11.Response) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.decode("ascii"), value.decode("latin-1")) for name, value in response.headers
    )
