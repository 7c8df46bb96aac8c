"""What the probe sees of HTTPS hosts, good, broken and hostile."""

from __future__ import annotations

import asyncio
import datetime as dt
import errno
from typing import TYPE_CHECKING, Any

import pytest
from loopback import closed_port, leading, served

from mtasts.localcloud.authority import Authority, Certificate
from mtasts.observations import Fetch, FetchOutcome, SmtpOutcome
from mtasts.probe.https import fetch
from mtasts.probe.smtp import look

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

HOST = "mta-sts.example.gov"
ADDRESS = "192.0.2.1"  # never connected to: the reach leads elsewhere
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody"


async def ask(
    context: ssl.SSLContext | None, ca_file: Path | None, answer: bytes, **options: Any
) -> tuple[Fetch, bytes]:
    """What comes of a host that answers every request so, and the request it got."""
    requests: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with served(talk, context) as port:
        found = await fetch(leading(port, ca_file), HOST, ADDRESS, **options)
    return found, b"".join(requests)


async def test_a_whole_answer_is_kept(authority: Authority, ca_file: Path) -> None:
    found, request = await ask(authority.context((HOST,)), ca_file, OK)
    assert (found.outcome, found.status, found.body) == (FetchOutcome.ANSWERED, 200, b"body")
    assert (found.tls.version, found.header("content-type")) == ("TLSv1.3", "text/plain")
    assert found.tls.expires is not None
    assert found.tls.expires > dt.datetime.now(dt.UTC)
    lines = request.split(b"\r\n")
    assert lines[0] == b"GET /.well-known/mta-sts.txt HTTP/1.1"
    assert f"Host: {HOST}".encode() in lines


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (Certificate.EXPIRED, "expired"),
        (Certificate.NOT_YET_VALID, "not yet valid"),
        (Certificate.MISMATCH, "Hostname mismatch"),
        (Certificate.SELF_SIGNED, "self-signed"),
    ],
)
async def test_a_bad_certificate_is_refused_before_anything_is_asked(
    authority: Authority, ca_file: Path, certificate: Certificate, reason: str
) -> None:
    found, request = await ask(authority.context((HOST,), certificate), ca_file, OK)
    assert found.outcome is FetchOutcome.CERTIFICATE_REFUSED
    assert reason in found.reason
    assert request == b""


async def test_the_roots_of_the_world_do_not_trust_the_local_authority(
    authority: Authority,
) -> None:
    found, _ = await ask(authority.context((HOST,)), None, OK)
    assert found.outcome is FetchOutcome.CERTIFICATE_REFUSED


@pytest.mark.parametrize(
    ("answer", "outcome", "status"),
    [
        pytest.param(
            b"HTTP/1.1 301 Moved\r\nLocation: https://x/\r\nContent-Length: 0\r\n\r\n",
            FetchOutcome.ANSWERED,
            301,
            id="a-redirect-is-not-followed",
        ),
        pytest.param(
            b"HTTP/1.1 103 Hints\r\n\r\n" * 8 + OK, FetchOutcome.ANSWERED, 200, id="interim"
        ),
        pytest.param(
            b"HTTP/1.1 103 Hints\r\n\r\n" * 9 + OK, FetchOutcome.HTTP_MALFORMED, 0, id="too-many"
        ),
        pytest.param(b"SSH-2.0-x\r\n", FetchOutcome.HTTP_MALFORMED, 0, id="another-protocol"),
        pytest.param(b"", FetchOutcome.HTTP_MALFORMED, 0, id="nothing"),
        pytest.param(OK[:-1], FetchOutcome.HTTP_MALFORMED, 200, id="cut-off"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, FetchOutcome.HTTP_MALFORMED, 0, id="header"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody",
            FetchOutcome.HTTP_MALFORMED,
            0,
            id="two-lengths",
        ),
        pytest.param(
            b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
            FetchOutcome.HTTP_MALFORMED,
            0,
            id="another-protocol-offered",
        ),
    ],
)
async def test_what_a_host_may_answer(
    authority: Authority, ca_file: Path, answer: bytes, outcome: FetchOutcome, status: int
) -> None:
    found, _ = await ask(authority.context((HOST,)), ca_file, answer)
    assert (found.outcome, found.status) == (outcome, status), found
    assert found.cut is (answer == b"")


async def test_chunks_are_put_together(authority: Authority, ca_file: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"
    found, _ = await ask(authority.context((HOST,)), ca_file, answer)
    assert (found.outcome, found.body) == (FetchOutcome.ANSWERED, b"body")


@pytest.mark.parametrize(("size", "outcome"), [(9, "too-large"), (8, "answered")])
async def test_the_body_is_bounded(
    authority: Authority, ca_file: Path, size: int, outcome: str
) -> None:
    answer = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * size
    found, _ = await ask(authority.context((HOST,)), ca_file, answer, body_max=8)
    assert (found.outcome, found.body) == (outcome, b"x" * 8)


async def test_an_endless_body_is_cut(authority: Authority, ca_file: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()

    async with served(talk, authority.context((HOST,))) as port:
        found = await fetch(leading(port, ca_file), HOST, ADDRESS)
    assert (found.outcome, len(found.body)) == (FetchOutcome.TOO_LARGE, 64 * 1024)


@pytest.mark.parametrize("tls", [True, False])
async def test_a_host_that_drips_ends_at_the_deadline(
    authority: Authority, ca_file: Path, tls: bool
) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"H" if tls else b"\x16")
            await asyncio.sleep(0.01)

    context = authority.context((HOST,)) if tls else None
    async with served(talk, context) as port:
        found = await fetch(leading(port, ca_file), HOST, ADDRESS, deadline_seconds=0.2)
    assert found.outcome is (FetchOutcome.TIMED_OUT if tls else FetchOutcome.TLS_FAILED), found
    if tls:
        assert found.reason == "no whole answer within 0.2 s"


async def test_a_host_that_speaks_no_tls() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()

    async with served(talk) as port:
        found = await fetch(leading(port), HOST, ADDRESS)
    assert found.outcome is FetchOutcome.TLS_FAILED


async def test_a_host_that_leaves_during_the_handshake() -> None:
    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)

    async with served(talk) as port:
        found = await fetch(leading(port), HOST, ADDRESS)
    assert (found.outcome, found.tls.version) == (FetchOutcome.TLS_FAILED, "")
    assert found.cut


async def test_nobody_listens() -> None:
    found = await fetch(leading(closed_port()), HOST, ADDRESS)
    assert (found.outcome, found.reason) == (FetchOutcome.CONNECT_FAILED, "Connection refused")
    assert (found.refused, found.cut) == (True, False)


async def test_who_takes_no_connection_is_not_waited_for_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", hang)
    monkeypatch.setattr("mtasts.probe.dial.CONNECT_SECONDS", 0.05)
    found = await fetch(leading(1), HOST, ADDRESS)
    assert (found.outcome, found.connected) == (FetchOutcome.TIMED_OUT, False)
    assert found.reason == "no connection within 10 s"
    session = await look(leading(1), HOST, ADDRESS)
    assert (session.outcome, session.connected) == (SmtpOutcome.TIMED_OUT, False)
    assert session.reason == "nobody takes the connection"


async def test_an_address_this_machine_has_no_way_to_says_nothing_of_the_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Not every machine lacks a way to the same place, so the system's answer is put in.
    async def unreachable(*_: object, **__: object) -> None:
        raise OSError(errno.ENETUNREACH, "Connect call failed")

    monkeypatch.setattr("mtasts.probe.https.dial", unreachable)
    found = await fetch(leading(1), HOST, ADDRESS)
    assert (found.outcome, found.reason) == (FetchOutcome.NO_ROUTE, "Network is unreachable")
