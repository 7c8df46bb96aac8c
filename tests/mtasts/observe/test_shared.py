"""Work that is shared: done once, and anew when it is old, forgotten, or one of too many."""

from __future__ import annotations

import asyncio

from mtasts.observe.shared import Shared

LATE = 99


async def test_what_many_ask_is_asked_once() -> None:
    asked: list[int] = []

    async def work(key: int) -> int:
        asked.append(key)
        await asyncio.sleep(0)
        return -key

    shared = Shared(work, 2)
    end = asyncio.get_running_loop().time() + 30
    assert await asyncio.gather(*(shared.get(1, end, LATE) for _ in range(5))) == [-1] * 5
    assert await shared.get(1, end, LATE) == -1
    assert asked == [1]
    await asyncio.gather(shared.get(2, end, LATE), shared.get(3, end, LATE))
    assert await shared.get(1, end, LATE) == -1  # two are kept, and the oldest has gone
    assert asked == [1, 2, 3, 1]
    shared.forget(1)
    shared.forget(7)
    assert await shared.get(1, end, LATE) == -1
    assert asked == [1, 2, 3, 1, 1]


async def test_what_is_too_old_is_asked_anew() -> None:
    asked: list[int] = []

    async def work(key: int) -> int:
        asked.append(key)
        return -key

    shared = Shared(work, 2, kept_seconds=0.0)
    end = asyncio.get_running_loop().time() + 30
    assert [await shared.get(1, end, LATE) for _ in range(2)] == [-1, -1]
    assert asked == [1, 1]


async def test_work_goes_on_when_one_that_waits_has_no_time() -> None:
    done = asyncio.Event()

    async def work(key: int) -> int:
        await done.wait()
        return key

    shared = Shared(work, 2)
    now = asyncio.get_running_loop().time()
    patient = asyncio.create_task(shared.get(1, now + 30, LATE))
    assert await shared.get(1, now, LATE) == LATE
    done.set()
    assert await patient == 1
