"""What the probe sees of MX hosts, good, broken and hostile (RFC 8461 section 4.2)."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from loopback import closed_port, leading, served

from mtasts.localcloud.mail import Flavour, MailServers
from mtasts.observations import CertificateFault, Delivery, SmtpOutcome, SmtpSession
from mtasts.probe.smtp import Envelope, deliver, look

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiosmtpd.smtp import SMTP

    from mtasts.localcloud.authority import Authority
    from mtasts.probe.reach import Reach

HOST = "mail1.example.gov"
ADDRESS = "192.0.2.1"  # never connected to: the reach leads elsewhere
LETTER = Envelope("a@sender.example", "b@example.gov", b"Subject: hello\r\n\r\nbody\r\n")


@pytest.fixture
async def servers(authority: Authority) -> AsyncIterator[MailServers]:
    servers = MailServers(authority)
    await servers.listen(HOST)
    yield servers
    await servers.stop()


@pytest.fixture
def reach(servers: MailServers, ca_file: Path) -> Reach:
    return leading(servers.ports[HOST], ca_file)


async def test_good_starttls_is_seen_with_version_and_expiry(reach: Reach) -> None:
    found = await look(reach, HOST, ADDRESS)
    assert (found.outcome, found.fault, found.tls.version) == (SmtpOutcome.TLS, None, "TLSv1.3")
    assert found.tls.expires is not None
    assert found.tls.expires > dt.datetime.now(dt.UTC)


@pytest.mark.parametrize(
    ("flavour", "fault"),
    [
        (Flavour.EXPIRED, CertificateFault.EXPIRED),
        (Flavour.NOT_YET_VALID, CertificateFault.OTHER),
        (Flavour.MISMATCH, CertificateFault.HOST_MISMATCH),
        (Flavour.SELF_SIGNED, CertificateFault.NOT_TRUSTED),
    ],
)
async def test_a_bad_certificate_is_named(
    servers: MailServers, reach: Reach, flavour: Flavour, fault: CertificateFault
) -> None:
    servers.flavours[HOST] = flavour
    found = await look(reach, HOST, ADDRESS)
    assert (found.outcome, found.fault) == (SmtpOutcome.CERTIFICATE_REFUSED, fault)
    assert found.reason


async def test_the_roots_of_the_world_do_not_trust_the_local_authority(
    servers: MailServers,
) -> None:
    found = await look(leading(servers.ports[HOST]), HOST, ADDRESS)
    assert (found.outcome, found.fault) == (
        SmtpOutcome.CERTIFICATE_REFUSED,
        CertificateFault.NOT_TRUSTED,
    )


async def test_a_stripped_starttls_is_not_offered(servers: MailServers, reach: Reach) -> None:
    servers.flavours[HOST] = Flavour.STRIPPED
    assert (await look(reach, HOST, ADDRESS)).outcome is SmtpOutcome.NO_STARTTLS


async def test_nobody_listens() -> None:
    found = await look(leading(closed_port()), HOST, ADDRESS)
    assert (found.outcome, found.reason) == (SmtpOutcome.CONNECT_FAILED, "Connection refused")
    assert (found.refused, found.cut, found.is_deferred) == (True, False, False)


async def converse(script: dict[bytes, bytes], greeting: bytes, **options: Any) -> SmtpSession:
    """A session with a server that answers each command's verb from ``script``, or leaves."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        while line := await reader.readline():
            reply = script.get(line.split()[0].upper())
            if reply is None:
                return
            writer.write(reply)

    async with served(talk) as port:
        return await look(leading(port), HOST, ADDRESS, **options)


HELLO = b"250-mail\r\n250 STARTTLS\r\n"


@pytest.mark.parametrize(
    ("greeting", "script", "outcome", "reason"),
    [
        pytest.param(b"421 later\r\n", {}, SmtpOutcome.SMTP_FAILED, "421 later", id="put-off"),
        pytest.param(
            b"554 go away\r\n", {}, SmtpOutcome.SMTP_FAILED, "554 go away", id="unwelcome"
        ),
        pytest.param(
            b"HTTP/1.1 400 Bad\r\n", {}, SmtpOutcome.MALFORMED, "Malformed", id="not-smtp"
        ),
        pytest.param(b"220 hi\r\n", {}, SmtpOutcome.SMTP_FAILED, "EOF", id="leaves-after-ehlo"),
        pytest.param(
            b"220 hi\r\n", {b"EHLO": b"500 what\r\n"}, SmtpOutcome.SMTP_FAILED, "500", id="no-ehlo"
        ),
        pytest.param(
            b"220 hi\r\n",
            {b"EHLO": HELLO, b"STARTTLS": b"454 not now\r\n"},
            SmtpOutcome.TLS_FAILED,
            "454 not now",
            id="starttls-refused",
        ),
        pytest.param(
            b"220 hi\r\n",
            {b"EHLO": HELLO, b"STARTTLS": b"220 go\r\nnoise in place of TLS\r\n"},
            SmtpOutcome.TLS_FAILED,
            "",
            id="no-handshake",
        ),
        pytest.param(
            b"220 hi\r\n", {b"EHLO": HELLO}, SmtpOutcome.TLS_FAILED, "EOF", id="leaves-at-starttls"
        ),
        pytest.param(
            b"220 " + b"x" * 100_000, {}, SmtpOutcome.MALFORMED, "too long", id="endless-line"
        ),
        pytest.param(
            b"220-x\r\n" * 20_000, {}, SmtpOutcome.MALFORMED, "too long", id="endless-reply"
        ),
        pytest.param(
            b"220 hi\r\n",
            {b"EHLO": b"250 \x1b[31mred\x07\r\n"},
            SmtpOutcome.NO_STARTTLS,
            "STARTTLS is not offered",
            id="control-characters",
        ),
    ],
)
async def test_what_a_server_may_do_instead(
    greeting: bytes, script: dict[bytes, bytes], outcome: SmtpOutcome, reason: str
) -> None:
    found = await converse(script, greeting, deadline_seconds=5)
    assert found.outcome is outcome, found
    assert reason in found.reason
    code = found.reason[:3]
    assert found.code == (int(code) if code.isdigit() else 0)
    assert found.is_deferred is (reason in ("EOF", "") or code in ("421", "454"))


async def test_silence_ends_at_the_deadline() -> None:
    found = await converse({}, b"", deadline_seconds=0.05)
    assert found.outcome is SmtpOutcome.TIMED_OUT


async def test_a_reply_that_drips_ends_at_the_deadline() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"220-x\r\n")
            await asyncio.sleep(0.01)

    async with served(talk) as port:
        found = await look(leading(port), HOST, ADDRESS, deadline_seconds=0.1)
    assert found.outcome is SmtpOutcome.TIMED_OUT


async def test_a_connection_dropped_before_the_greeting() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with served(talk) as port:
        found = await look(leading(port), HOST, ADDRESS)
    assert (found.outcome, found.cut) == (SmtpOutcome.SMTP_FAILED, True)
    assert found.reason == "the connection ended before a greeting"


async def test_a_handshake_that_ends_in_an_alert() -> None:
    alert = b"\x15\x03\x03\x00\x02\x02\x28"  # fatal, handshake_failure (RFC 8446 section 6)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        await reader.readline()
        writer.write(HELLO)
        await reader.readline()
        writer.write(b"220 go\r\n")
        await reader.read(5)
        writer.write(alert)
        await writer.drain()
        await reader.read()

    async with served(talk) as port:
        found = await look(leading(port), HOST, ADDRESS)
    assert (found.outcome, "ALERT" in found.reason) == (SmtpOutcome.TLS_FAILED, True)


async def test_a_server_that_leaves_with_the_message_has_not_taken_it(
    reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def leave(_: object, server: SMTP, *__: object) -> str:
        assert isinstance(server.transport, asyncio.WriteTransport)
        server.transport.abort()
        return "250 OK"

    monkeypatch.setattr("mtasts.localcloud.mail._Mailbox.handle_DATA", leave)
    found = await deliver(reach, HOST, ADDRESS, LETTER, require_tls=True)
    assert (found.accepted, found.session.outcome) == (False, SmtpOutcome.TLS)
    assert found.session.reason


async def test_a_message_goes_over_verified_tls(servers: MailServers, reach: Reach) -> None:
    found = await deliver(reach, HOST, ADDRESS, LETTER, require_tls=True)
    assert (found.accepted, found.session.outcome) == (True, SmtpOutcome.TLS)
    assert [(each.subject, each.tls) for each in servers.messages] == [("hello", True)]


@pytest.mark.parametrize("flavour", [Flavour.STRIPPED, Flavour.EXPIRED, Flavour.SELF_SIGNED])
async def test_where_tls_is_required_nothing_is_sent_without(
    servers: MailServers, reach: Reach, flavour: Flavour
) -> None:
    servers.flavours[HOST] = flavour
    found = await deliver(reach, HOST, ADDRESS, LETTER, require_tls=True)
    assert not found.accepted
    assert not servers.messages


@pytest.mark.parametrize("flavour", [Flavour.STRIPPED, Flavour.EXPIRED, Flavour.SELF_SIGNED])
async def test_where_it_is_not_the_message_goes_in_clear(
    servers: MailServers, reach: Reach, flavour: Flavour
) -> None:
    servers.flavours[HOST] = flavour
    found = await deliver(reach, HOST, ADDRESS, LETTER, require_tls=False)
    assert found.accepted
    assert found.session.outcome is not SmtpOutcome.TLS
    assert [each.tls for each in servers.messages] == [False]


async def test_a_server_that_puts_off_is_quoted(servers: MailServers, reach: Reach) -> None:
    servers.flavours[HOST] = Flavour.TEMPFAIL
    found = await deliver(reach, HOST, ADDRESS, LETTER, require_tls=True)
    assert found == Delivery(found.session, reply="451 4.3.0 try again later")


async def test_a_server_that_refuses_for_good_is_told_apart() -> None:
    script = {b"EHLO": b"250 mail\r\n", b"MAIL": b"550 no\r\n"}

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        while line := await reader.readline():
            writer.write(script[line.split()[0].upper()])

    async with served(talk) as port:
        found = await deliver(leading(port), HOST, ADDRESS, LETTER, require_tls=False)
    assert (found.accepted, found.permanent, found.reply) == (False, True, "550 no")


async def test_nothing_is_tried_in_clear_where_nobody_answers() -> None:
    found = await deliver(leading(closed_port()), HOST, ADDRESS, LETTER, require_tls=False)
    assert (found.accepted, found.session.outcome) == (False, SmtpOutcome.CONNECT_FAILED)
