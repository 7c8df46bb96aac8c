"""checkdmarc's parsers behind our bounds: what is wrong, doubtful, or could not be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dns.resolver
import pytest
from loopback import Zone

from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.probe.spf_dmarc import BoundedResolver, parse_dmarc, parse_spf

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtasts.observations import Parsed

import asyncio

RECORDS = {
    ("example.gov", "MX"): ("10 mx1.example.gov",),
    ("mx1.example.gov", "A"): ("192.0.2.9",),
    ("mx1.example.gov", "AAAA"): ("2001:db8::9",),
    ("included.example", "TXT"): ("v=spf1 ip4:192.0.2.0/24 -all",),
    ("loop.example", "TXT"): ("v=spf1 include:loop.example -all",),
    ("reports.example", "MX"): ("10 mx.reports.example",),
    ("mx.reports.example", "A"): ("192.0.2.8",),
    ("example.gov._report._dmarc.reports.example", "TXT"): ("v=DMARC1",),
}


def parsed(
    parse: Callable[..., Parsed],
    record: str,
    failing: frozenset[tuple[str, str]] = frozenset(),
    **limit: int,
) -> Parsed:
    zone = Zone(RECORDS, failing)
    resolver = BoundedResolver(lambda name, type_: asyncio.run(zone.lookup(name, type_)), **limit)
    return parse(record, "example.gov", resolver)


@pytest.mark.parametrize(
    ("parse", "record"),
    [
        (parse_spf, "v=spf1 mx include:included.example -all"),
        (parse_spf, "v=spf1 -all"),
        (parse_dmarc, "v=DMARC1; p=reject; rua=mailto:d@reports.example"),
    ],
)
def test_a_good_record_is_read_whole(parse: Callable[..., Parsed], record: str) -> None:
    found = parsed(parse, record)
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
def test_what_counts_for_nothing_is_told_with_its_reason(
    parse: Callable[..., Parsed], record: str, says: str
) -> None:
    found = parsed(parse, record)
    assert says in found.error
    assert found.reason == ""


def test_what_is_doubtful_is_told() -> None:
    found = parsed(parse_dmarc, "v=DMARC1; p=none")
    assert any("unenforced" in each for each in found.warnings)


def test_a_name_that_could_not_be_looked_up_is_not_one_that_is_missing() -> None:
    record = "v=spf1 include:included.example -all"
    found = parsed(parse_spf, record, frozenset({("included.example", "TXT")}))
    assert (found.error, found.reason) == ("", "SERVFAIL")


def test_no_more_is_asked_than_so_often() -> None:
    found = parsed(parse_spf, "v=spf1 mx include:included.example -all", lookups_max=1)
    assert found.reason == "it refers to more records than are looked up"


def test_a_mistake_of_the_parser_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr("checkdmarc.spf.parse_spf_record", broken)
    resolver = BoundedResolver(lambda name, type_: DnsAnswer(name, type_, DnsStatus.NXDOMAIN))
    assert parse_spf("v=spf1", "example.gov", resolver).reason == "RecursionError: too deep"


def test_no_data_is_told_apart_from_no_name() -> None:
    answers = {
        "a": DnsAnswer("a", "A", DnsStatus.NO_DATA),
        "b": DnsAnswer("b", "A", DnsStatus.NXDOMAIN),
    }
    resolver = BoundedResolver(lambda name, _: answers[name])
    with pytest.raises(dns.resolver.NoAnswer):
        resolver.resolve("a", "A", lifetime=1.0)
    with pytest.raises(dns.resolver.NXDOMAIN):
        resolver.resolve("B.", "A")
    assert resolver.failure == ""
