"""Look-ups that lead on: CNAME chains that come back, end, or go on for ever."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from loopback import Zone

from mtasts import lookups
from mtasts.lookups import Lookups, Shared, report_uris
from mtasts.observations import DnsAnswer, DnsStatus

FAILED = DnsAnswer("a.example", "TXT", DnsStatus.FAILED, reason="SERVFAIL")


def answers(zone: Zone) -> Shared[tuple[str, str], DnsAnswer]:
    return Shared(lambda question: zone.lookup(*question), 100)


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
    ask = Lookups(answers(zone), asyncio.get_running_loop().time() + 5)
    assert await ask.loops((FAILED, FAILED)) == expected
    assert len(zone.asked) <= 10


async def test_what_was_answered_is_not_walked() -> None:
    zone = Zone(chain("a.example", "a.example"))
    ask = Lookups(answers(zone), asyncio.get_running_loop().time() + 5)
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


async def test_what_many_ask_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    async def work(key: int) -> int:
        asked.append(key)
        await asyncio.sleep(0.01)
        return -key

    shared = Shared(work, 2)
    assert await asyncio.gather(*(shared.get(1) for _ in range(5))) == [-1] * 5
    assert await shared.get(1) == -1
    assert asked == [1]
    await asyncio.gather(shared.get(2), shared.get(3))
    assert await shared.get(1) == -1  # two are kept, and the oldest has gone
    assert asked == [1, 2, 3, 1]
    monkeypatch.setattr(lookups, "_KEPT_SECONDS", 0.0)
    assert await shared.get(1) == -1
    assert asked == [1, 2, 3, 1, 1]


async def test_work_goes_on_when_one_that_waits_has_no_time() -> None:
    async def work(key: int) -> int:
        await asyncio.sleep(0.05)
        return key

    shared = Shared(work, 2)
    patient = asyncio.create_task(shared.get(1))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await shared.get(1)
    assert await patient == 1
