"""The checker against servers on loopback, good and hostile: it ends in time, and says why."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from loopback import Zone, served

from localcloud.mail import Flavour, MailServers
from mtasts import checking
from mtasts.check.domain import check_domain
from mtasts.checking import Observer, each_of
from mtasts.observations import DnsAnswer, DnsStatus, FetchOutcome, SmtpOutcome
from mtasts.probe.reach import ConnectTo, Reach

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from localcloud.authority import Authority
    from mtasts.check.notes import Checked

    Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

DOMAIN, HOST = "example.gov", "mta-sts.example.gov"
BODY = b"version: STSv1\r\nmode: enforce\r\nmx: mx1.example.gov\r\nmax_age: 2592000\r\n"
RECORDS = {
    ("_mta-sts.example.gov", "TXT"): ("v=STSv1; id=1;",),
    ("_smtp._tls.example.gov", "TXT"): (
        "v=TLSRPTv1; rua=mailto:a@reports.example,https://reports.example/;",
    ),
    ("reports.example", "MX"): ("10 mx.reports.example",),
    (DOMAIN, "TXT"): ("v=spf1 mx -all",),
    (DOMAIN, "MX"): ("10 mx1.example.gov",),
    (HOST, "A"): ("192.0.2.1",),
    (HOST, "AAAA"): ("2001:db8::1",),
    ("mx1.example.gov", "A"): ("192.0.2.9",),
    ("_dmarc.example.gov", "TXT"): ("v=DMARC1; p=reject",),
    ("s1._domainkey.example.gov", "TXT"): ("v=DKIM1; p=AAAA",),
}
NOW = dt.datetime.now(dt.UTC)


def answer(body: bytes, status: str = "200 OK", more: str = "") -> Talk:
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n{more}Content-Length: {len(body)}\r\n"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode() + b"\r\n" + body)
        await writer.drain()

    return talk


@pytest.fixture
async def servers(authority: Authority) -> AsyncIterator[MailServers]:
    found = MailServers(authority)
    await found.listen("mx1.example.gov")
    yield found
    await found.stop()


async def checked(
    talk: Talk,
    authority: Authority,
    ca_file: Path,
    mx: dict[str, int],
    *,
    records: dict[tuple[str, str], tuple[str, ...]] = RECORDS,
    seconds: float = 20.0,
) -> Checked:
    async with served(talk, authority.context((HOST,))) as port:
        rows = [ConnectTo(HOST, 443, "127.0.0.1", port)]
        rows += [ConnectTo(host, 25, "127.0.0.1", each) for host, each in mx.items()]
        reach = Reach(None, ca_file, tuple(rows))
        observer = Observer(reach, Zone(records), deadline_seconds=seconds)
        return check_domain(await observer.observe(DOMAIN, ("s1",)), NOW)


def ids(found: Checked) -> set[str]:
    """The ids, without those of what this set-up is on purpose."""
    usual = {"sts-record-dnssec", "host-certificate-expiring", "tlsrpt-rua-several"}
    return {each.id for each in found.findings} - usual


async def test_a_good_domain_is_seen_whole(
    servers: MailServers, authority: Authority, ca_file: Path
) -> None:
    found = await checked(answer(BODY), authority, ca_file, servers.ports)
    assert ids(found) <= {"mx-certificate-expiring"}
    assert found.unknown == ()
    assert (found.mode, found.id) == ("enforce", "1")


@pytest.mark.parametrize(
    ("flavour", "expected"),
    [
        (Flavour.STRIPPED, "mx-starttls-missing"),
        (Flavour.EXPIRED, "mx-certificate-expired"),
        (Flavour.MISMATCH, "mx-certificate-mismatch"),
        (Flavour.SELF_SIGNED, "mx-certificate-untrusted"),
    ],
)
async def test_each_way_a_mail_host_may_be_wrong_is_told(
    servers: MailServers, authority: Authority, ca_file: Path, flavour: Flavour, expected: str
) -> None:
    servers.flavours["mx1.example.gov"] = flavour
    assert expected in ids(await checked(answer(BODY), authority, ca_file, servers.ports))


async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One byte a second, for ever."""
    await reader.readuntil(b"\r\n\r\n")
    for byte in b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n":
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


BOMB = gzip.compress(b"0" * 50_000_000)


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        (endless, "host-too-large"),
        (answer(BOMB, more="Content-Encoding: gzip\r\n"), "policy-"),
        (answer(b"", "302 Found", f"Location: https://{HOST}/again\r\n"), "host-redirect"),
        (answer(b"", "404 Not Found"), "host-not-found"),
    ],
    ids=["endless", "gzip-bomb", "redirects", "not-found"],
)
async def test_a_hostile_host_ends_with_a_finding_of_its_own(
    servers: MailServers, authority: Authority, ca_file: Path, talk: Talk, expected: str
) -> None:
    found = await checked(talk, authority, ca_file, servers.ports)
    assert any(each.startswith(expected) for each in ids(found)), found


async def test_what_is_slow_ends_at_the_domains_deadline(
    authority: Authority, ca_file: Path
) -> None:
    async def banner(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:  # ten megabytes of it, and more
            writer.write(b"220-" + b"x" * 400 + b"\r\n")
            await writer.drain()

    async with served(banner) as port:
        found = await checked(trickle, authority, ca_file, {"mx1.example.gov": port}, seconds=1.0)
    assert {each.id for each in found.unknown} == {"host-fetch", "mx-session"}


async def test_ten_thousand_mx_are_not_asked(authority: Authority, ca_file: Path) -> None:
    many = {(DOMAIN, "MX"): tuple(f"10 mx{number}.example.gov" for number in range(10_000))}
    found = await checked(answer(BODY), authority, ca_file, {}, records=RECORDS | many)
    assert "mx-many" in ids(found)


async def test_dns_that_does_not_answer_in_time_is_told_as_such(ca_file: Path) -> None:
    class Silent(Zone):
        async def lookup(self, name: str, type_: str) -> DnsAnswer:
            await asyncio.sleep(60)
            raise AssertionError(f"nobody waits for {name} {type_}")

    observer = Observer(Reach(None, ca_file), Silent({}), deadline_seconds=0.05)
    found = check_domain(await observer.observe(DOMAIN), NOW)
    assert found.findings == ()
    assert {each.id for each in found.unknown} == {
        "sts-record",
        "tlsrpt-record",
        "mx",
        "spf",
        "dmarc",
    }


async def test_without_mx_records_the_domain_itself_is_asked(ca_file: Path) -> None:
    class Empty(Zone):
        async def lookup(self, name: str, type_: str) -> DnsAnswer:
            found = await super().lookup(name, type_)
            return replace(found, status=DnsStatus.NO_DATA)

    observer = Observer(Reach(None, ca_file), Empty({}), deadline_seconds=5)
    seen = await observer.observe("example")
    assert [each.host for each in seen.mx_hosts] == ["example"]
    assert [each.name for each in seen.dmarc] == ["_dmarc.example"]


async def test_no_slot_in_time_is_no_answer(monkeypatch: pytest.MonkeyPatch, ca_file: Path) -> None:
    async def hang(*_: object, **__: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(checking, "fetch", hang)
    monkeypatch.setattr(checking, "look", hang)
    observer = Observer(
        Reach(None, ca_file), Zone(RECORDS), deadline_seconds=0.2, connections_max=1
    )
    seen = await observer.observe(DOMAIN)
    assert {each.outcome for each in seen.fetches} == {FetchOutcome.TIMED_OUT}
    assert {each.outcome for host in seen.mx_hosts for each in host.sessions} == {
        SmtpOutcome.TIMED_OUT
    }


async def test_so_many_at_once_and_no_more() -> None:
    running, most = 0, 0

    async def one(domain: str) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return domain

    names = [f"d{number}" for number in range(50)]
    found = [each async for each in each_of(names, one, parallel=7)]
    assert sorted(found) == sorted(names)
    assert most == 7
    assert [each async for each in each_of([], one, parallel=7)] == []


async def test_who_stops_early_leaves_nothing_running() -> None:
    ended: list[str] = []

    async def one(domain: str) -> str:
        if domain != "first":
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ended.append(domain)
                raise
        return domain

    results = each_of(["first", "second", "third"], one, parallel=2)
    assert await anext(results) == "first"
    await asyncio.sleep(0)
    await results.aclose()
    await asyncio.sleep(0)
    assert ended
