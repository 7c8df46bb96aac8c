"""Look-ups that lead on: CNAME chains that come back, end, or go on for ever."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from loopback import Zone

from mtasts.lookups import Lookups, report_uris
from mtasts.observations import DnsAnswer, DnsStatus

FAILED = DnsAnswer("a.example", "TXT", DnsStatus.FAILED, reason="SERVFAIL")


def chain(*names: str) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(a, "CNAME"): (b,) for a, b in itertools.pairwise(names)}


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (chain("a.example", "a.example"), (("a.example", "a.example"),)),
        (
            chain("a.example", "b.example", "c.example", "b.example"),
            (("a.example", "b.example", "c.example", "b.example"),),
        ),
        (chain("a.example", "b.example"), ()),
        (chain("a.example", *(f"n{number}.example" for number in range(50))), ()),
        ({}, ()),
    ],
)
async def test_a_chain_that_comes_back_is_told(
    records: dict[tuple[str, str], tuple[str, ...]], expected: tuple[tuple[str, ...], ...]
) -> None:
    zone = Zone(records)
    ask = Lookups(zone, asyncio.get_running_loop().time() + 5)
    assert await ask.loops((FAILED, FAILED)) == expected
    assert len(zone.asked) <= 10


async def test_what_was_answered_is_not_walked() -> None:
    zone = Zone(chain("a.example", "a.example"))
    ask = Lookups(zone, asyncio.get_running_loop().time() + 5)
    answered = DnsAnswer("a.example", "TXT", DnsStatus.NO_DATA)
    assert (await ask.loops((answered,)), zone.asked) == ((), [])


def test_addresses_of_reports_are_told_apart_by_scheme() -> None:
    uris = "mailto:a@b.example,HTTPS://b.example/,mailto:c@d.example"
    record = DnsAnswer(
        "n", "TXT", DnsStatus.ANSWERED, strings=((f"v=TLSRPTv1; rua={uris}".encode(),),)
    )
    assert report_uris(record, "mailto") == ["mailto:a@b.example", "mailto:c@d.example"]
    assert len(report_uris(record, "https")) == 1
    assert report_uris(DnsAnswer("n", "TXT", DnsStatus.NXDOMAIN), "https") == []
