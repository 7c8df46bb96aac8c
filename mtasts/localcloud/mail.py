"""The mail servers: one for each MX host, with a behaviour (flavour) that can be changed.

They speak SMTP (RFC 5321) with STARTTLS (RFC 3207), keep what they receive, and relay nothing.
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

    - The names of `Certificate`: STARTTLS with that certificate.
    - ``tls12``, ``tls13``, ``old``, ``static``: a good certificate, and only those versions or
      cipher suites of TLS (`Offer`).
    - ``absent``: no STARTTLS. ``stripped``: STARTTLS removed by an attacker. A sender sees the same
      in both cases.
    - ``implicit``: TLS from the first byte, without STARTTLS (RFC 8314).
    - ``tempfail``: good TLS, and the reply 451 to every MAIL command.
    - ``no-handshake``: offers STARTTLS and then goes on without TLS. ``not-smtp``: speaks HTTP.
      ``endless``: a greeting without end. ``silent``: no greeting.
    - ``limited``: good at the first connection, the reply 421 at each later one. ``impatient``:
      good at the first connection, and closes each later one.
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
        """The kind of certificate after STARTTLS; None for a server without STARTTLS."""
        if self in (Flavour.ABSENT, Flavour.STRIPPED):
            return None
        return Certificate(self.value) if self.value in set(Certificate) else Certificate.GOOD

    @property
    def offer(self) -> Offer:
        """The versions and cipher suites of TLS that the server accepts."""
        return Offer(self.value) if self.value in set(Offer) else Offer.USUAL


# What the flavours say that do not speak SMTP.
_RUDE = {
    Flavour.NO_HANDSHAKE: Words(b"220 rude\r\n", b"220 go on\r\nin clear\r\n"),
    Flavour.NOT_SMTP: Words(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    Flavour.ENDLESS: Words(b"220-" + b"x" * 400 + b"\r\n", endless=True),
    Flavour.SILENT: Words(b""),
}
# What the flavours say from the second connection on that serve only one.
_ENOUGH = {
    Flavour.LIMITED: Words(b"421 4.7.0 too many connections from your address\r\n"),
    Flavour.IMPATIENT: Words(b"", cut=True),
}


@dataclass(frozen=True, slots=True)
class Message:
    """A received message: MX host, envelope and subject; ``tls`` says whether it came over TLS."""

    host: str
    sender: str
    recipients: tuple[str, ...]
    tls: bool
    subject: str


class Receiver(Protocol):
    """The service behind a cloud's own MX host, such as SES; it decides on each message.

    Its methods block, so the mail server calls them in threads.
    """

    @property
    def message_max_bytes(self) -> int:
        """The largest message that is accepted, in bytes."""

    def refusal(self, recipient: str) -> str:
        """The SMTP reply that refuses a recipient; empty if the recipient is accepted."""

    def take(self, sender: str, recipients: Sequence[str], content: bytes) -> str:
        """Handle a complete message, and return the SMTP reply to it."""


class MailServers:
    """The mail servers of a local cloud.

    ``ports`` has the loopback port and ``flavours`` the behaviour of each MX host. ``messages`` are
    the last messages received. Mail for a host in ``receivers`` goes to that receiver instead.
    """

    def __init__(self, authority: Authority, connections_max: int = _CONNECTIONS_MAX) -> None:
        """Begin without servers; `listen` adds one.

        While ``connections_max`` connections are open, new ones are closed at once.
        """
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
        """Start the server of ``host`` unless it listens already; port 0 takes a free port."""
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
        """Stop listening and end open connections."""
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
    """One connection, which counts towards the limit on open connections."""

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
        """Count the connection, or close it at the limit; asyncio calls this again at STARTTLS."""
        if self not in self._connections and len(self._connections) >= self._connections_max:
            transport.close()
            return
        self._connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Stop counting the connection."""
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
    """aiosmtpd's handler: keeps each message, or passes it to the receiver of the host."""

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
        """Accept the sender; ``tempfail`` answers with a temporary error."""
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
        """Accept the recipient, up to 100: the number that RFC 5321 section 4.5.3.1.8 requires."""
        if len(envelope.rcpt_tos) >= _RECIPIENTS_MAX:
            return "452 4.5.3 too many recipients"
        refusal = await asyncio.to_thread(self._receiver.refusal, address) if self._receiver else ""
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002 - aiosmtpd's signature
        """Keep the envelope and the subject, or pass the message to the receiver; then reply."""
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
