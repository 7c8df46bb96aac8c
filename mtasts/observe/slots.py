"""Slots for concurrent work; work that takes long gives up its slot for other work."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Places:
    """So many at once, and so many more of those that have stayed longer than a quick one does.

    A few stalled hosts would otherwise take every place, and the quick ones behind them wait.
    """

    def __init__(self, places: int, slow_max: int, *, quick_seconds: float) -> None:
        """All are free."""
        self._quick = asyncio.Semaphore(places)
        self._all = asyncio.Semaphore(places + slow_max)
        self._quick_seconds = quick_seconds

    @asynccontextmanager
    async def taken(self, end: float) -> AsyncIterator[None]:
        """One of them, for as long as the block lasts; ``end`` is on the clock of the loop.

        Raises:
            TimeoutError: none came free until then.
        """
        async with asyncio.timeout_at(end):
            await self._all.acquire()
            try:
                await self._quick.acquire()
            except BaseException:
                self._all.release()
                raise
        is_quick = True

        def make_room() -> None:
            nonlocal is_quick
            is_quick = False
            self._quick.release()

        later = asyncio.get_running_loop().call_later(self._quick_seconds, make_room)
        try:
            yield
        finally:
            later.cancel()
            self._all.release()
            if is_quick:
                self._quick.release()
