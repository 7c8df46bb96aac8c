"""Visits that domains share wait no longer than whoever asks, and lead where an address says."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from loopback import Zone, served

from mtasts.observations import DnsAnswer, DnsStatus, Fetch, FetchOutcome, TlsSession
from mtasts.observe.connections import Visits, compared_with_usual, report_uris, retry_deferred
from mtasts.observe.lookups import LATE, Answers
from mtasts.probe.reach import ConnectTo, Reach

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from mtasts.localcloud.authority import Authority


@pytest.fixture
def visits(ca_file: Path) -> Visits:
    answers = Answers(Zone({}))
    return Visits(Reach(None, ca_file), answers, deadline_seconds=60, connections_max=1)


async def test_who_has_no_time_is_told_so(visits: Visits) -> None:
    end = asyncio.get_running_loop().time() - 1
    mailbox = await visits.mailbox("mailto:a@boxes.example?x=y", end)
    endpoint = await visits.endpoint("https://reports.example/", end)
    crl = await visits.revocation("http://crl.example/x", end)
    assert (mailbox.domain, mailbox.mx.reason) == ("boxes.example", LATE)
    assert [each.reason for each in endpoint.addresses] == [LATE]
    assert (crl.outcome, crl.host) == (FetchOutcome.TIMED_OUT, "crl.example")


async def test_a_host_without_an_address_is_told_so(visits: Visits) -> None:
    end = asyncio.get_running_loop().time() + 30
    assert (await visits.mailbox("mailto:a@boxes.example", end)).session is None
    assert (await visits.endpoint("https://reports.example/", end)).fetch is None
    crl = await visits.revocation("http://crl.example/x", end)
    assert (crl.outcome, crl.reason) == (
        FetchOutcome.CONNECT_FAILED,
        "crl.example has no address",
    )


@pytest.mark.parametrize(
    ("uri", "outcome", "asked"),
    [
        pytest.param("https://reports.example/a?b=c", FetchOutcome.ANSWERED, [b""], id="usual"),
        pytest.param("https://reports.example:none/", FetchOutcome.ANSWERED, [b""], id="no-port"),
        pytest.param("https://reports.example:8443", FetchOutcome.NOT_ASKED, [], id="other-port"),
    ],
)
async def test_where_reports_go_is_greeted_at_port_443_and_asked_nothing(
    authority: Authority, ca_file: Path, uri: str, outcome: FetchOutcome, asked: list[bytes]
) -> None:
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(100))
        was_heard.set()

    was_heard = asyncio.Event()
    zone = Zone({("reports.example", "A"): ("10.0.0.1", "192.0.2.7")})
    async with served(talk, authority.context(("reports.example",))) as here:
        row = ConnectTo("192.0.2.7", None, "127.0.0.1", here)
        reach = Reach(None, ca_file, (row,), is_local=True)
        visits = Visits(reach, Answers(zone), deadline_seconds=20, connections_max=1)
        found = await visits.endpoint(uri, asyncio.get_running_loop().time() + 20)
        if asked:
            async with asyncio.timeout(10):
                await was_heard.wait()
    assert found.fetch is not None
    assert (found.fetch.outcome, heard) == (outcome, asked)


async def test_a_list_of_revocations_is_read_at_port_80_alone(ca_file: Path) -> None:
    zone = Zone({("crl.example", "A"): ("192.0.2.7",)})
    visits = Visits(Reach(None, ca_file), Answers(zone), deadline_seconds=20, connections_max=1)
    end = asyncio.get_running_loop().time() + 20
    found = await visits.revocation("http://crl.example:8080/x", end)
    assert (found.outcome, found.reason) == (
        FetchOutcome.NOT_ASKED,
        "port 8080 is left alone, only 80 is asked",
    )
    inside = await visits.revocation("http://crl.example/x", end)
    assert inside.outcome is FetchOutcome.NOT_GLOBAL


STOOD = Fetch("h", "a", FetchOutcome.ANSWERED, 200, tls=TlsSession(version="TLSv1.3"))
CUT = Fetch("h", "a", FetchOutcome.TLS_FAILED, cut=True)
REFUSED = Fetch("h", "a", FetchOutcome.CONNECT_FAILED, refused=True)
ALERT = Fetch("h", "a", FetchOutcome.TLS_FAILED)
RATED = replace(STOOD, status=429)


def script(*answers: Fetch) -> tuple[list[Fetch], Callable[[], Coroutine[Any, Any, Fetch]]]:
    """What is left of the answers, and a look that brings one after another."""
    left = list(answers)

    async def look() -> Fetch:
        return left.pop(0)

    return left, look


@pytest.mark.parametrize(
    ("answers", "seconds", "expected"),
    [
        pytest.param([STOOD], 60, STOOD, id="stood"),
        pytest.param([ALERT], 60, ALERT, id="refused-by-an-alert"),
        pytest.param([CUT, STOOD], 60, STOOD, id="cut-once"),
        pytest.param([CUT, CUT], 60, CUT, id="cut-twice"),
        pytest.param([RATED, STOOD], 60, STOOD, id="limited-once"),
        pytest.param([RATED], 0, RATED, id="no-time-left"),
    ],
)
async def test_who_puts_the_first_look_off_is_asked_once_more(
    answers: list[Fetch], seconds: float, expected: Fetch
) -> None:
    left, look = script(*answers)
    found = await retry_deferred(
        look, asyncio.get_running_loop().time() + seconds, pause_seconds=0.01
    )
    assert (found, left) == (expected, [])


@pytest.mark.parametrize(
    ("answers", "usual", "expected"),
    [
        pytest.param([STOOD], [], STOOD, id="stood"),
        pytest.param([ALERT], [], ALERT, id="refused-by-an-alert"),
        pytest.param([CUT], [STOOD], CUT, id="cut-and-means-it"),
        pytest.param([RATED], [STOOD], RATED, id="limited-by-name"),
        pytest.param([CUT, STOOD], [CUT], STOOD, id="limited-and-then-not"),
        pytest.param([CUT, ALERT], [REFUSED], ALERT, id="limited-and-then-refused"),
        pytest.param([CUT, CUT], [CUT], replace(CUT, limited=True), id="limited"),
        pytest.param([REFUSED] * 2, [REFUSED], replace(REFUSED, limited=True), id="shut-out"),
    ],
)
async def test_a_limit_is_told_from_a_refusal_by_the_usual_look(
    answers: list[Fetch], usual: list[Fetch], expected: Fetch
) -> None:
    left, look = script(*answers)
    control, again = script(*usual)
    found = await compared_with_usual(
        look, again, asyncio.get_running_loop().time() + 60, pause_seconds=0.01
    )
    assert (found, left, control) == (expected, [], [])


async def test_without_time_for_another_look_a_limit_is_one() -> None:
    _, look = script(CUT)
    _, again = script(CUT)
    found = await compared_with_usual(look, again, asyncio.get_running_loop().time())
    assert found == replace(CUT, limited=True)


def test_addresses_of_reports_are_told_apart_by_scheme() -> None:
    uris = "mailto:a@b.example,HTTPS://b.example/,mailto:c@d.example"
    record = DnsAnswer(
        "n", "TXT", DnsStatus.ANSWERED, strings=((f"v=TLSRPTv1; rua={uris}".encode(),),)
    )
    assert report_uris(record, "mailto") == ["mailto:a@b.example", "mailto:c@d.example"]
    assert len(report_uris(record, "https")) == 1
    assert report_uris(DnsAnswer("n", "TXT", DnsStatus.NXDOMAIN), "https") == []
