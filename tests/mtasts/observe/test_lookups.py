"""Look-ups that lead on: CNAME chains that come back, end, or go on for ever."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from loopback import Zone

from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.observe.lookups import Answers, Lookups

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
    ask = Lookups(Answers(zone), asyncio.get_running_loop().time() + 5)
    assert await ask.loops((FAILED, FAILED)) == expected
    assert len(zone.asked) <= 10


async def test_what_was_answered_is_not_walked() -> None:
    zone = Zone(chain("a.example", "a.example"))
    ask = Lookups(Answers(zone), asyncio.get_running_loop().time() + 5)
    answered = DnsAnswer("a.example", "TXT", DnsStatus.NO_DATA)
    assert (await ask.loops((answered,)), zone.asked) == ((), [])


async def test_what_could_not_be_found_out_is_asked_again() -> None:
    zone = Zone({("a.example", "A"): ("192.0.2.1",)}, frozenset({("b.example", "A")}))
    ask = Lookups(Answers(zone), asyncio.get_running_loop().time() + 5)
    for name in ("a.example", "b.example") * 2:
        await ask.one(name, "A")
    assert sorted(zone.asked) == [("a.example", "A"), ("b.example", "A"), ("b.example", "A")]
