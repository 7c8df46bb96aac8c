"""Visits that domains share wait no longer than whoever asks, and lead where an address says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from loopback import Zone, served

from mtasts.lookups import LATE, Answers
from mtasts.observations import DnsAnswer, DnsStatus, FetchOutcome
from mtasts.probe.reach import ConnectTo, Reach
from mtasts.visiting import Visits, report_uris

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.authority import Authority


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
    ("uri", "port", "target"),
    [
        ("https://reports.example/a?b=c", 443, "/a?b=c"),
        ("https://reports.example:8443", 8443, "/"),
        ("https://reports.example:none/", 443, "/"),
    ],
)
async def test_an_endpoint_is_asked_where_its_address_leads(
    authority: Authority, ca_file: Path, uri: str, port: int, target: str
) -> None:
    asked: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    zone = Zone({("reports.example", "A"): ("192.0.2.7",)})
    async with served(talk, authority.context(("reports.example",))) as here:
        row = ConnectTo("reports.example", port, "127.0.0.1", here)
        reach = Reach(None, ca_file, (row,))
        visits = Visits(reach, Answers(zone), deadline_seconds=20, connections_max=1)
        found = await visits.endpoint(uri, asyncio.get_running_loop().time() + 20)
    assert found.fetch is not None
    assert (found.fetch.status, asked) == (405, [f"GET {target} HTTP/1.1\r\n".encode()])


def test_addresses_of_reports_are_told_apart_by_scheme() -> None:
    uris = "mailto:a@b.example,HTTPS://b.example/,mailto:c@d.example"
    record = DnsAnswer(
        "n", "TXT", DnsStatus.ANSWERED, strings=((f"v=TLSRPTv1; rua={uris}".encode(),),)
    )
    assert report_uris(record, "mailto") == ["mailto:a@b.example", "mailto:c@d.example"]
    assert len(report_uris(record, "https")) == 1
    assert report_uris(DnsAnswer("n", "TXT", DnsStatus.NXDOMAIN), "https") == []
