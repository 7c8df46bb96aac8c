"""checkdmarc's parsers behind our bounds: what is wrong, doubtful, or could not be told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import dns.resolver
import pytest

from localcloud.dns import DnsFault, DnsServer, Outcome
from localcloud.resolution import Names, RecordSet
from mtasts.probe import parsers
from mtasts.probe.parsers import BoundedResolver, parse_dmarc, parse_spf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from mtasts.observations import Parsed

import asyncio

RECORDS = (
    RecordSet("example.gov", "MX", 300, ("10 mx1.example.gov.",)),
    RecordSet("mx1.example.gov", "A", 300, ("192.0.2.9",)),
    RecordSet("included.example", "TXT", 300, ('"v=spf1 ip4:192.0.2.0/24 -all"',)),
    RecordSet("loop.example", "TXT", 300, ('"v=spf1 include:loop.example -all"',)),
    RecordSet("reports.example", "MX", 300, ("10 mx.reports.example.",)),
    RecordSet("example.gov._report._dmarc.reports.example", "TXT", 300, ('"v=DMARC1"',)),
)


@pytest.fixture
async def server() -> AsyncIterator[DnsServer]:
    found = DnsServer(lambda: Names((), RECORDS))
    await found.start()
    yield found
    await found.stop()


async def parsed(
    parse: Callable[..., Parsed], record: str, server: DnsServer, seconds: float = 20.0
) -> Parsed:
    resolver = BoundedResolver(
        [("127.0.0.1", server.port)], time.monotonic() + seconds, time.monotonic
    )
    return await asyncio.to_thread(parse, record, "example.gov", resolver)


@pytest.mark.parametrize(
    ("parse", "record"),
    [
        (parse_spf, "v=spf1 mx include:included.example -all"),
        (parse_spf, "v=spf1 -all"),
        (parse_dmarc, "v=DMARC1; p=reject; rua=mailto:d@reports.example"),
    ],
)
async def test_a_good_record_is_read_whole(
    parse: Callable[..., Parsed], record: str, server: DnsServer
) -> None:
    found = await parsed(parse, record, server)
    assert (found.record, found.error, found.reason) == (record, "", "")
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("parse", "record", "says"),
    [
        (parse_spf, "v=spf1 foo -all", "not a valid SPF mechanism"),
        (parse_spf, "v=spf1 ip4:192.0.2.300 -all", "not a valid IPv4"),
        (parse_spf, "v=spf1 include:gone.example -all", "section 5.2"),
        (parse_spf, "v=spf1 include:loop.example -all", "loop"),
        (parse_spf, "v=spf1 " + "include:included.example " * 11 + "-all", "10"),
        (parse_spf, "v=spf1 " + "x" * 4000, "more than 4000"),
        (parse_dmarc, "v=DMARC1; p=later", "Tag p"),
        (parse_dmarc, "v=DMARC1; foo", ">>"),
    ],
)
async def test_what_counts_for_nothing_is_told_with_its_reason(
    parse: Callable[..., Parsed], record: str, says: str, server: DnsServer
) -> None:
    found = await parsed(parse, record, server)
    assert says in found.error
    assert found.reason == ""


async def test_what_is_doubtful_is_told(server: DnsServer) -> None:
    found = await parsed(parse_dmarc, "v=DMARC1; p=none", server)
    assert any("unenforced" in each for each in found.warnings)


async def test_a_name_that_could_not_be_looked_up_is_not_one_that_is_missing(
    server: DnsServer,
) -> None:
    server.faults["included.example", "TXT"] = DnsFault(Outcome.SERVFAIL)
    found = await parsed(parse_spf, "v=spf1 include:included.example -all", server)
    assert found.error == ""
    assert "SERVFAIL" in found.reason


async def test_nothing_is_asked_past_the_deadline(server: DnsServer) -> None:
    found = await parsed(parse_spf, "v=spf1 mx -all", server, seconds=-1)
    assert (found.error, found.warnings) == ("", ())
    assert found.reason


async def test_no_more_is_asked_than_so_often(
    server: DnsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsers, "_LOOKUPS_MAX", 1)
    found = await parsed(parse_spf, "v=spf1 mx include:included.example -all", server)
    assert found.reason == "it refers to more records than are looked up"


def test_a_mistake_of_the_parser_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr("checkdmarc.spf.parse_spf_record", broken)
    resolver = BoundedResolver([("127.0.0.1", 9)], 1.0, lambda: 0.0)
    assert parse_spf("v=spf1", "example.gov", resolver).reason == "RecursionError: too deep"


def test_the_resolver_asks_nobody_else() -> None:
    resolver = BoundedResolver([("127.0.0.1", 5353)], 1.0, lambda: 0.0)
    assert list(resolver.nameservers) == ["127.0.0.1"]
    assert isinstance(resolver, dns.resolver.Resolver)
    assert resolver.nameserver_ports == {"127.0.0.1": 5353}
