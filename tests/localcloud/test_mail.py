"""The mail servers, with smtplib as the client, which verifies certificates."""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from mtasts.localcloud.authority import Authority
from mtasts.localcloud.mail import Flavour, MailServers, Message

HOST = "mail1.example.gov"
TEXT = b"Subject: =?utf-8?q?caf=C3=A9?=\r\n\r\nbody\r\n"


@pytest.fixture
async def servers(authority: Authority) -> AsyncIterator[MailServers]:
    servers = MailServers(authority)
    await servers.listen(HOST)
    yield servers
    await servers.stop()


@pytest.fixture
def verifying(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.pem.decode())


async def session(servers: MailServers, act: Callable[[smtplib.SMTP], object]) -> object:
    """The result of ``act`` in an SMTP session with the host; in a thread, as smtplib blocks."""

    def run() -> object:
        smtp = smtplib.SMTP("127.0.0.1", servers.ports[HOST], "sender.example", timeout=10)
        try:
            smtp._host = HOST  # type: ignore[attr-defined] # private; # the name TLS verifies, which is not the address connected to
            return act(smtp)
        finally:
            smtp.close()

    return await asyncio.to_thread(run)


async def test_a_message_over_verified_tls_is_kept(
    servers: MailServers, verifying: ssl.SSLContext
) -> None:
    def send(smtp: smtplib.SMTP) -> None:
        smtp.starttls(context=verifying)
        smtp.sendmail("a@sender.example", ["b@example.gov"], TEXT)

    await session(servers, send)
    assert list(servers.messages) == [
        Message(HOST, "a@sender.example", ("b@example.gov",), tls=True, subject="caf\\xc3\\xa9")
    ]


@pytest.mark.parametrize(
    ("flavour", "reason"),
    [
        pytest.param(Flavour.EXPIRED, "certificate has expired", id="expired"),
        pytest.param(Flavour.NOT_YET_VALID, "not yet valid", id="not-yet-valid"),
        pytest.param(Flavour.MISMATCH, "Hostname mismatch", id="mismatch"),
        pytest.param(Flavour.SELF_SIGNED, "self-signed", id="self-signed"),
    ],
)
async def test_a_bad_certificate_is_refused_by_the_client(
    servers: MailServers, verifying: ssl.SSLContext, flavour: Flavour, reason: str
) -> None:
    servers.flavours[HOST] = flavour
    with pytest.raises(ssl.SSLCertVerificationError, match=reason):
        await session(servers, lambda smtp: smtp.starttls(context=verifying))


async def test_another_authority_is_refused(servers: MailServers) -> None:
    stranger = ssl.create_default_context(cadata=Authority().pem.decode())
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        await session(servers, lambda smtp: smtp.starttls(context=stranger))


@pytest.mark.parametrize("flavour", [Flavour.ABSENT, Flavour.STRIPPED])
async def test_without_starttls_the_command_is_neither_offered_nor_accepted(
    servers: MailServers, flavour: Flavour
) -> None:
    servers.flavours[HOST] = flavour

    def look(smtp: smtplib.SMTP) -> tuple[bool, int]:
        smtp.ehlo()
        return smtp.has_extn("starttls"), smtp.docmd("STARTTLS")[0]

    assert await session(servers, look) == (False, 454)


async def test_a_message_without_tls_is_kept_with_tls_false(servers: MailServers) -> None:
    await session(servers, lambda smtp: smtp.sendmail("a@sender.example", ["b@x.example"], TEXT))
    assert [message.tls for message in servers.messages] == [False]


async def test_tempfail_answers_451_after_good_tls(
    servers: MailServers, verifying: ssl.SSLContext
) -> None:
    servers.flavours[HOST] = Flavour.TEMPFAIL

    def send(smtp: smtplib.SMTP) -> int:
        smtp.starttls(context=verifying)
        smtp.ehlo()
        return smtp.mail("a@sender.example")[0]

    assert await session(servers, send) == 451
    assert not servers.messages


async def test_a_new_flavour_applies_from_the_next_connection(
    servers: MailServers, verifying: ssl.SSLContext
) -> None:
    servers.flavours[HOST] = Flavour.EXPIRED
    servers.flavours[HOST] = Flavour.GOOD
    said: Any = await session(servers, lambda smtp: smtp.starttls(context=verifying))
    assert said[0] == 220


async def test_recipients_are_bounded(servers: MailServers) -> None:
    def send(smtp: smtplib.SMTP) -> int:
        smtp.ehlo()
        smtp.mail("a@sender.example")
        return [smtp.rcpt(f"b{n}@x.example")[0] for n in range(101)][-1]

    assert await session(servers, send) == 452


async def test_messages_are_bounded(servers: MailServers) -> None:
    for _ in range(300):
        servers.messages.append(Message(HOST, "", (), tls=False, subject=""))
    assert len(servers.messages) == 200


async def test_connections_are_bounded(authority: Authority) -> None:
    servers = MailServers(authority, connections_max=1)
    await servers.listen(HOST)
    port = servers.ports[HOST]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert (await reader.readline()).startswith(b"220 ")
    second, second_writer = await asyncio.open_connection("127.0.0.1", port)
    assert await second.read() == b""
    for each in (writer, second_writer):
        each.close()
        await each.wait_closed()
    await servers.stop()


async def test_a_host_listens_once(servers: MailServers) -> None:
    port = servers.ports[HOST]
    await servers.listen(HOST)
    assert servers.ports == {HOST: port}
