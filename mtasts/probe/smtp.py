"""SMTP to one address of one MX host: STARTTLS and the certificate (RFC 8461 section 4.2)."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.observations import ClientProfile, Delivery, SmtpOutcome, SmtpSession
from mtasts.probe.dial import dial
from mtasts.probe.https import NO_ROUTE, describe, is_cut
from mtasts.probe.reach import NotGlobalError
from mtasts.probe.tls import fault, tls_session

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator

    from aiosmtplib import SMTP

    from mtasts.probe.reach import Reach

PORT = 25
# A reply is any text of the server, and goes to terminals and logs.
_REPLY_MAX = 200


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message to deliver; ``content`` is the whole message, with its headers."""

    sender: str
    recipient: str
    content: bytes


async def look(
    reach: Reach,
    host: str,
    address: str,
    *,
    profile: ClientProfile = ClientProfile.USUAL,
    port: int = PORT,
    deadline_seconds: float = 30.0,
) -> SmtpSession:
    """A session up to STARTTLS with a verified certificate; no message is sent.

    It never raises for what the server does: the `SmtpSession` says what went wrong.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    delivery = Delivery(SmtpSession(host, address, SmtpOutcome.TIMED_OUT))
    found = await _attempt(reach, delivery, None, port, deadline_seconds, profile=profile)
    return replace(found.session, seconds=loop.time() - begun)


async def deliver(
    reach: Reach,
    host: str,
    address: str,
    envelope: Envelope,
    *,
    require_tls: bool,
    port: int = PORT,
    deadline_seconds: float = 60.0,
) -> Delivery:
    """Deliver a message; with ``require_tls`` only after STARTTLS with a valid certificate.

    Without ``require_tls``, if verified TLS fails the message is sent in clear on a second
    connection: a sender without a policy may do the same, and mtasts has no TLS context that skips
    verification. The session in the result is the one that tried TLS.
    """
    delivery = Delivery(SmtpSession(host, address, SmtpOutcome.TIMED_OUT))
    found = await _attempt(
        reach, delivery, envelope, port, deadline_seconds, profile=ClientProfile.USUAL
    )
    if require_tls or not found.session.outcome.settled or found.session.outcome is SmtpOutcome.TLS:
        return found
    clear = await _attempt(reach, delivery, envelope, port, deadline_seconds, profile=None)
    return replace(clear, session=found.session)


async def _attempt(
    reach: Reach,
    so_far: Delivery,
    envelope: Envelope | None,
    port: int,
    deadline_seconds: float,
    *,
    profile: ClientProfile | None,
) -> Delivery:
    """One connection: STARTTLS with ``profile``, if any, then the message if there is one."""
    import aiosmtplib  # only needed once a connection is made

    try:
        async with asyncio.timeout(deadline_seconds):
            dialled = await dial(*reach.target(so_far.session.host, port, so_far.session.address))
            session = replace(so_far.session, connected=True)
            so_far = replace(so_far, session=session)
            async with _greeted(dialled, deadline_seconds) as client:
                if profile is not None:
                    session = await _start_tls(client, session, reach.tls_context(profile))
                    so_far = replace(so_far, session=session)
                if envelope is not None and (profile is None or session.outcome is SmtpOutcome.TLS):
                    return await _hand_over(client, so_far, envelope)
                return so_far
    except NotGlobalError as error:
        outcome = SmtpOutcome.NOT_GLOBAL
        return replace(so_far, session=replace(so_far.session, outcome=outcome, reason=str(error)))
    except (aiosmtplib.SMTPException, OSError) as error:
        return replace(so_far, session=_failed(so_far.session, error))


@asynccontextmanager
async def _greeted(dialled: socket.socket, deadline_seconds: float) -> AsyncIterator[SMTP]:
    """A greeted client; aiosmtplib bounds the length of lines and replies."""
    from aiosmtplib import SMTP  # as in _attempt

    # Without a name aiosmtplib looks one up in DNS, which would occupy the loop's executor.
    name = _address_literal(dialled)
    client = SMTP(
        sock=dialled,
        hostname=None,
        port=None,
        local_hostname=name,
        start_tls=False,
        timeout=deadline_seconds,
    )
    try:
        await client.connect()
        await client.ehlo(hostname=name)
        yield client
    finally:
        transport = client.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()  # close() alone waits for a peer that may never answer
        client.close()


def _address_literal(connected: socket.socket) -> str:
    """What a client without a name of its own greets with (RFC 5321 section 4.1.3)."""
    address = ipaddress.ip_address(connected.getsockname()[0].partition("%")[0])
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


async def _start_tls(client: SMTP, session: SmtpSession, context: ssl.SSLContext) -> SmtpSession:
    from aiosmtplib import (  # as in _attempt
        SMTPResponseException,
        SMTPServerDisconnected,
    )

    if not client.supports_extension("starttls"):
        return replace(session, outcome=SmtpOutcome.NO_STARTTLS, reason="STARTTLS is not offered")
    try:
        await client.starttls(server_hostname=session.host, tls_context=context)
    except ssl.SSLCertVerificationError as error:
        return replace(
            session,
            outcome=SmtpOutcome.CERTIFICATE_REFUSED,
            fault=fault(error),
            reason=printable(error.verify_message),
        )
    except ssl.SSLError as error:
        reason = printable(error.reason or str(error))
        return replace(session, outcome=SmtpOutcome.TLS_FAILED, reason=reason)
    except SMTPResponseException as error:  # offered, and then refused
        failed = SmtpOutcome.TLS_FAILED
        return replace(session, outcome=failed, reason=_reply(error), code=error.code)
    except SMTPServerDisconnected as error:
        reason = printable(str(error))
        return replace(session, outcome=SmtpOutcome.TLS_FAILED, reason=reason, cut=True)
    tls = client.get_transport_info("ssl_object")
    return replace(
        session,
        outcome=SmtpOutcome.TLS,
        tls=tls_session(tls),
    )


async def _hand_over(client: SMTP, so_far: Delivery, envelope: Envelope) -> Delivery:
    from aiosmtplib import SMTPResponseException  # as in _attempt

    try:
        await client.ehlo()
        await client.mail(envelope.sender)
        await client.rcpt(envelope.recipient)
        response = await client.data(envelope.content)
    except SMTPResponseException as error:
        permanent = 500 <= error.code < 600
        return replace(so_far, permanent=permanent, reply=_reply(error))
    reply = printable(f"{response.code} {response.message}", _REPLY_MAX)
    return replace(so_far, accepted=True, reply=reply)


def _failed(session: SmtpSession, error: Exception) -> SmtpSession:
    """How a connection ended that came to nothing, unless TLS had already stood."""
    from aiosmtplib import (  # as in _attempt
        SMTPConnectError,
        SMTPResponseException,
        SMTPServerDisconnected,
        SMTPStatus,
    )

    if session.outcome is SmtpOutcome.TLS:
        return replace(session, reason=printable(str(error)) or type(error).__name__)
    outcome = SmtpOutcome.SMTP_FAILED
    reason = printable(str(error)) or type(error).__name__
    code = 0
    cut = isinstance(error, SMTPServerDisconnected) or is_cut(error)
    if isinstance(error, TimeoutError):
        outcome = SmtpOutcome.TIMED_OUT
        reason = "no answer in time" if session.connected else "nobody takes the connection"
    elif isinstance(error, SMTPResponseException):
        malformed = error.code == SMTPStatus.invalid_response
        outcome = SmtpOutcome.MALFORMED if malformed else outcome
        reason = printable(error.message, _REPLY_MAX) if malformed else _reply(error)
        code = 0 if malformed else error.code
    elif isinstance(error, SMTPConnectError):
        reason, cut = "the connection ended before a greeting", True
    elif isinstance(error, OSError) and not session.connected:
        no_route = error.errno in NO_ROUTE
        outcome = SmtpOutcome.NO_ROUTE if no_route else SmtpOutcome.CONNECT_FAILED
        reason = describe(error)
    return replace(
        session,
        outcome=outcome,
        reason=reason,
        code=code,
        refused=isinstance(error, ConnectionRefusedError),
        cut=cut and session.connected,
    )


def _reply(error: object) -> str:
    return printable(
        f"{getattr(error, 'code', '')} {getattr(error, 'message', '')}".strip(), _REPLY_MAX
    )
