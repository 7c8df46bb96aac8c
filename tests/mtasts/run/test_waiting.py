"""What is waited for is told after a moment, and again every 15 s, until when it takes."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from mtasts.run.waiting import EVERY_SECONDS, FIRST_SECONDS, Waits

if TYPE_CHECKING:
    from collections.abc import Callable

NINE = dt.datetime(2026, 1, 1, 9, 12, tzinfo=dt.UTC)


@dataclass
class Clock:
    """A clock that is set on by hand, with what is due later."""

    now: dt.datetime = NINE
    due: list[tuple[dt.datetime, Callable[[], None]]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self.due.append((self.now + dt.timedelta(seconds=seconds), call))

    def passes(self, seconds: float) -> None:
        end = self.now + dt.timedelta(seconds=seconds)
        while ready := [each for each in self.due if each[0] <= end]:
            self.due.remove(ready[0])
            self.now = ready[0][0]
            ready[0][1]()
        self.now = end

    def waits(self) -> Waits:
        def tell(text: str) -> None:
            self.told.append(f"{self.now:%M:%S} {text}")

        return Waits(tell, now=lambda: self.now, later=self.later)


def test_a_wait_is_told_after_a_moment_and_every_fifteen_seconds_until_it_ends() -> None:
    clock = Clock()
    with clock.waits().waiting("caches of mta-sts.example.gov", 40):
        clock.passes(40)
    clock.passes(60)
    assert clock.told == [
        f"{at} waiting for caches of mta-sts.example.gov until 09:12:40 UTC"
        for at in ("12:03", "12:18", "12:33")
    ]
    assert clock.due == []
    assert FIRST_SECONDS < EVERY_SECONDS <= 15


def test_what_is_over_in_a_moment_is_not_told() -> None:
    clock = Clock()
    with clock.waits().waiting("the ledger"):
        clock.passes(2)
    clock.passes(60)
    assert clock.told == []


def test_many_short_waits_are_told_like_a_long_one() -> None:
    clock = Clock()
    waits = clock.waits()
    for number in range(5):
        with waits.waiting(f"wait {number}"):
            clock.passes(2)
    assert clock.told == ["12:03 waiting for wait 1", "12:07 waiting for wait 3"]


def test_what_begins_after_a_pause_is_told_after_a_moment_too() -> None:
    clock = Clock()
    waits = clock.waits()
    with waits.waiting("a look-up"):
        clock.passes(4)
    clock.passes(2)
    with waits.waiting("a proof"):
        clock.passes(20)
    assert clock.told == [
        "12:03 waiting for a look-up",
        "12:09 waiting for a proof",
        "12:24 waiting for a proof",
    ]


def test_all_that_is_waited_for_is_one_line_and_the_same_is_told_once() -> None:
    clock = Clock()
    waits = clock.waits()
    with waits.waiting("a proof", 60, at_most=True), waits.waiting("a proof", 60, at_most=True):
        with waits.waiting("the ledger"):
            clock.passes(3)
        clock.passes(15)
    first = "waiting for a proof until 09:13:00 UTC at the latest"
    assert clock.told == [f"12:03 {first}; the ledger", f"12:18 {first}"]


@pytest.mark.parametrize(("count", "more"), [(5, ""), (7, "; 2 more")])
def test_a_long_line_is_cut(count: int, more: str) -> None:
    clock = Clock()
    waits = clock.waits()
    blocks = [waits.waiting(f"d{number}") for number in range(count)]
    for each in blocks:
        each.__enter__()
    clock.passes(3)
    assert clock.told == [f"12:03 waiting for d0; d1; d2; d3; d4{more}"]


def test_a_wait_that_fails_is_over() -> None:
    clock = Clock()
    with pytest.raises(ValueError, match="no"), clock.waits().waiting("a proof"):
        raise ValueError("no")
    clock.passes(60)
    assert clock.told == []


async def test_by_itself_it_goes_by_the_event_loop_and_tells_nobody() -> None:
    with Waits().waiting("nothing", 1):
        await asyncio.sleep(0)
