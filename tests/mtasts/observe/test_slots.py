"""Who stays long makes room for another, and for so many more."""

from __future__ import annotations

import asyncio

import pytest
from skipping import skipping

from mtasts.observe.slots import Places


async def hold(places: Places, over: asyncio.Event, seconds: float = 60.0) -> None:
    async with places.taken(asyncio.get_running_loop().time() + seconds):
        await over.wait()


async def test_a_place_is_free_again_once_it_is_left() -> None:
    places = Places(1, 0, quick_seconds=60)
    for _ in range(3):
        async with asyncio.timeout(5), places.taken(asyncio.get_running_loop().time() + 5):
            pass


async def test_where_none_comes_free_in_time_that_is_told() -> None:
    places, over = Places(1, 5, quick_seconds=60), asyncio.Event()
    holding = asyncio.create_task(hold(places, over))
    await asyncio.sleep(0)
    for _ in range(20):  # what was waited for in vain is given back
        with pytest.raises(TimeoutError):
            await hold(places, over, seconds=0)
    over.set()
    await holding
    await hold(places, over)


def test_who_stays_long_makes_room_and_so_do_so_many_more() -> None:
    async def work() -> None:
        places, over = Places(1, 1, quick_seconds=5), asyncio.Event()
        holding = [asyncio.create_task(hold(places, over)) for _ in range(2)]
        await asyncio.sleep(30)
        with pytest.raises(TimeoutError):  # one, and one more
            await hold(places, over, seconds=20)
        over.set()
        await asyncio.gather(*holding)
        for _ in range(3):
            await hold(places, over)

    skipping(work())
