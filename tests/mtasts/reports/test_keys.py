"""Keys are looked up once; a failed look-up is no verdict (RFC 6376 section 6.1.2)."""

from __future__ import annotations

import asyncio

import pytest

from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.reports.keys import Keys
from mtasts.tlsrpt.dkim_keys import KeyAnswer, KeyStatus

NAME = "s._domainkey.sender.example"


class Zone:
    """DNS as data: TXT strings by name; a name that is None fails."""

    def __init__(self, **names: tuple[tuple[bytes, ...], ...] | None) -> None:
        self.names = names
        self.asked: list[str] = []

    async def lookup(self, name: str, type_: str) -> DnsAnswer:
        self.asked.append(name)
        await asyncio.sleep(0)
        strings = self.names.get(name.partition(".")[0], ())
        if strings is None:
            return DnsAnswer(name, type_, DnsStatus.FAILED, reason="SERVFAIL")
        status = DnsStatus.ANSWERED if strings else DnsStatus.NXDOMAIN
        return DnsAnswer(name, type_, status, strings=strings)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("strings", "answer"),
    [
        (((b"v=DKIM1; ", b"p=AA"),), KeyAnswer(KeyStatus.FOUND, ("v=DKIM1; p=AA",))),
        (((b"a",), (b"b",)), KeyAnswer(KeyStatus.FOUND, ("a", "b"))),
        (((b"p=\xff",),), KeyAnswer(KeyStatus.FOUND, ("p=\ufffd",))),
        ((), KeyAnswer(KeyStatus.ABSENT)),
        (None, KeyAnswer(KeyStatus.UNKNOWN, reason="SERVFAIL")),
    ],
)
async def test_the_strings_of_a_record_are_one_text(
    strings: tuple[tuple[bytes, ...], ...] | None, answer: KeyAnswer
) -> None:
    assert await Keys(Zone(s=strings)).find(NAME) == answer


async def test_many_mails_of_one_sender_cost_one_look_up() -> None:
    zone = Zone(s=((b"p=AA",),))
    found = Keys(zone)
    answers = await asyncio.gather(*(found.find(NAME) for _ in range(50)))
    assert (len(set(answers)), zone.asked) == (1, [NAME])


async def test_what_was_found_is_remembered_an_hour_and_a_failure_a_minute() -> None:
    zone, clock = Zone(s=((b"p=AA",),), t=None), Clock()
    found = Keys(zone, clock)
    for now, asked in ((0, 2), (59, 2), (61, 3), (3599, 4), (3601, 5)):
        clock.now = now
        await found.find(NAME)
        await found.find("t._domainkey.sender.example")
        assert len(zone.asked) == asked, now


async def test_names_that_are_remembered_are_bounded() -> None:
    zone = Zone()
    found = Keys(zone, Clock(), names_max=2)
    for name in ("a", "b", "a", "c", "a", "b"):
        await found.find(name)
    assert zone.asked == ["a", "b", "c", "b"]


async def test_a_domain_whose_servers_do_not_answer_holds_nobody_up() -> None:
    zone = Zone(**{f"s{i}": None for i in range(30)}, t=((b"p=AA",),))
    found = Keys(zone, Clock())
    answers = [await found.find(f"s{i}._domainkey.slow.example") for i in range(30)]
    assert len(zone.asked) == 20
    assert answers[-1].status is KeyStatus.UNKNOWN
    assert answers[-1].reason == "20 look-ups below slow.example have failed"
    assert (await found.find("t._domainkey.other.example")).status is KeyStatus.FOUND
