"""The mail servers: one listener for each MX host, with a flavour of STARTTLS that can be changed.

They speak SMTP as RFC 5321 and RFC 3207 want it, keep what they receive, and relay nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from email import policy
from email.parser import BytesHeaderParser
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from aiosmtpd.smtp import SMTP, Envelope, Session

from mtasts.findings import printable
from mtasts.localcloud.authority import Authority, Certificate, Offer
from mtasts.localcloud.rude import Rude, Words

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEPT_MESSAGES = 200
_MESSAGE_MAX_BYTES = 1_000_000
_RECIPIENTS_MAX = 100
_IDLE_SECONDS = 30.0
_CONNECTIONS_MAX = 64


class Flavour(StrEnum):
    """How a mail server behaves.

    ``stripped`` is what a sender sees of an attacker who removes STARTTLS, and ``absent`` a server
    that has none: the same on the wire. ``tempfail`` has good TLS and answers 451 to every sender.
    ``tls12``, ``tls13``, ``old`` and ``static`` have good certificates and take that TLS alone.
    ``no-handshake`` offers STARTTLS and then talks on in clear, ``not-smtp`` speaks HTTP,
    ``endless`` greets without end, and ``silent`` never does. ``implicit`` speaks TLS at once.
    ``limited`` is good at its first connection, and answers 421 at all that follow; ``impatient``
    cuts those.
    """

    GOOD = "good"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    MISMATCH = "mismatch"
    COMMON_NAME = "common-name"
    SELF_SIGNED = "self-signed"
    ABSENT = "absent"
    STRIPPED = "stripped"
    TEMPFAIL = "tempfail"
    EXPIRING = "expiring"
    WEAK = "weak"
    PURPOSE = "purpose"
    REVOKED = "revoked"
    REVOKED_BY_ANSWER = "revoked-by-answer"
    IMPLICIT = "implicit"
    TLS12 = "tls12"
    TLS13 = "tls13"
    OLD = "old"
    STATIC = "static"
    NO_HANDSHAKE = "no-handshake"
    NOT_SMTP = "not-smtp"
    ENDLESS = "endless"
    SILENT = "silent"
    LIMITED = "limited"
    IMPATIENT = "impatient"

    @property
    def certificate(self) -> Certificate | None:
        """What STARTTLS presents; None without STARTTLS."""
        if self in (Flavour.ABSENT, Flavour.STRIPPED):
            return None
        return Certificate(self.value) if self.value in set(Certificate) else Certificate.GOOD

    @property
    def offer(self) -> Offer:
        """Which TLS it takes."""
        return Offer(self.value) if self.value in set(Offer) else Offer.USUAL


# What those say that are no mail servers.
_RUDE = {
    Flavour.NO_HANDSHAKE: Words(b"220 rude\r\n", b"220 go on\r\nin clear\r\n"),
    Flavour.NOT_SMTP: Words(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    Flavour.ENDLESS: Words(b"220-" + b"x" * 400 + b"\r\n", endless=True),
    Flavour.SILENT: Words(b""),
}
# What those say who have taken one connection, and want no more.
_ENOUGH = {
    Flavour.LIMITED: Words(b"421 4.7.0 too many connections from your address\r\n"),
    Flavour.IMPATIENT: Words(b"", cut=True),
}


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came in; ``tls`` says whether it came over TLS."""

    host: str
    sender: str
    recipients: tuple[str, ...]
    tls: bool
    subject: str


class Receiver(Protocol):
    """Who gets the mail that a cloud's own MX host takes; every call blocks."""

    @property
    def message_max_bytes(self) -> int:
        """How large a message may be."""

    def refusal(self, recipient: str) -> str:
        """The SMTP reply that refuses a recipient; empty for one that is taken."""

    def take(self, sender: str, recipients: Sequence[str], content: bytes) -> str:
        """The SMTP reply to a whole message."""


class MailServers:
    """All MX hosts of a local cloud; ``ports`` maps each to its loopback port."""

    def __init__(self, authority: Authority, connections_max: int = _CONNECTIONS_MAX) -> None:
        """Make the set, empty; `listen` adds a host. Beyond so many connections none is taken."""
        self._authority = authority
        self._connections_max = connections_max
        self._servers: list[asyncio.Server] = []
        self._connections: set[_Connection] = set()
        self._rude: set[asyncio.Transport] = set()
        self._taken: set[str] = set()
        self.ports: dict[str, int] = {}
        self.flavours: dict[str, Flavour] = {}
        self.messages: deque[Message] = deque(maxlen=_KEPT_MESSAGES)
        self.receivers: dict[str, Receiver] = {}

    async def listen(
        self,
        host: str,
        flavour: Flavour = Flavour.GOOD,
        *,
        address: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Start the server of ``host``, by default on a free port; one that listens is left."""
        if host in self.ports:
            return
        loop = asyncio.get_running_loop()
        implicit = self._authority.context((host,)) if flavour is Flavour.IMPLICIT else None
        server = await loop.create_server(
            lambda: self._protocol(host, loop), address, port, ssl=implicit
        )
        self._servers.append(server)
        self.flavours[host] = flavour
        self.ports[host] = server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut what is connected."""
        for server in self._servers:
            server.close()
        for transport in self._rude:
            transport.abort()
        for connection in tuple(self._connections):
            await connection.cut()
        await asyncio.sleep(0)  # transports close in the next turn of the loop

    def _protocol(self, host: str, loop: asyncio.AbstractEventLoop) -> asyncio.Protocol:
        flavour = self.flavours[host]
        words = _RUDE.get(flavour)
        if flavour in _ENOUGH:
            words = _ENOUGH[flavour] if host in self._taken else None
            self._taken.add(host)
        if words is not None:
            return Rude(words, self._rude)
        return self._connection(host, flavour, loop)

    def _connection(
        self, host: str, flavour: Flavour, loop: asyncio.AbstractEventLoop
    ) -> _Connection:
        context = (
            self._authority.context((host,), flavour.certificate, flavour.offer)
            if flavour.certificate
            else None
        )
        receiver = self.receivers.get(host)
        return _Connection(
            _Mailbox(host, flavour, self.messages, receiver),
            self._connections,
            self._connections_max,
            hostname=host,
            ident="ESMTP",
            tls_context=context,
            data_size_limit=receiver.message_max_bytes if receiver else _MESSAGE_MAX_BYTES,
            timeout=_IDLE_SECONDS,
            loop=loop,
        )


class _Connection(SMTP):
    """One connection, counted, so that a client that opens thousands is turned away."""

    def __init__(
        self,
        mailbox: _Mailbox,
        connections: set[_Connection],
        connections_max: int,
        **options: Any,  # aiosmtpd's options, passed on
    ) -> None:
        super().__init__(mailbox, **options)
        self._connections = connections
        self._connections_max = connections_max

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, or turn it away; also called once more after STARTTLS."""
        if self not in self._connections and len(self._connections) >= self._connections_max:
            transport.close()
            return
        self._connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Stop counting it."""
        self._connections.discard(self)
        super().connection_lost(error)

    async def cut(self) -> None:
        """End the connection now."""
        task = self._handler_coroutine
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class _Mailbox:
    """aiosmtpd's handler: keeps who sent what to whom, or asks the receiver, if there is one."""

    def __init__(
        self, host: str, flavour: Flavour, messages: deque[Message], receiver: Receiver | None
    ) -> None:
        self._host = host
        self._receiver = receiver
        self._flavour = flavour
        self._messages = messages

    async def handle_MAIL(  # aiosmtpd's name
        self,
        server: SMTP,  # noqa: ARG002 - aiosmtpd's signature
        session: Session,  # noqa: ARG002 - aiosmtpd's signature
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take the sender, or put everybody off."""
        if self._flavour is Flavour.TEMPFAIL:
            return "451 4.3.0 try again later"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # aiosmtpd's name
        self,
        server: SMTP,  # noqa: ARG002 - aiosmtpd's signature
        session: Session,  # noqa: ARG002 - aiosmtpd's signature
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take the recipient, up to the number RFC 5321 section 4.5.3.1.8 asks for."""
        if len(envelope.rcpt_tos) >= _RECIPIENTS_MAX:
            return "452 4.5.3 too many recipients"
        refusal = await asyncio.to_thread(self._receiver.refusal, address) if self._receiver else ""
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002 - aiosmtpd's signature
        """Keep the message's envelope and subject, or hand it over; answer once that is done."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        if self._receiver is not None:
            sender, recipients = envelope.mail_from or "", envelope.rcpt_tos
            return await asyncio.to_thread(self._receiver.take, sender, recipients, content)
        headers = BytesHeaderParser(policy=policy.default).parsebytes(content)
        self._messages.append(
            Message(
                self._host,
                printable(envelope.mail_from or ""),
                tuple(printable(each) for each in envelope.rcpt_tos),
                session.ssl is not None,
                printable(str(headers.get("subject", ""))),
            )
        )
        return "250 2.0.0 OK"
