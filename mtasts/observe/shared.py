"""Work that many domains share: done once, and its result kept for a minute."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

K = TypeVar("K")
T = TypeVar("T")

_KEPT_SECONDS = 60.0


class Shared(Generic[K, T]):
    """The work of one event loop, by key; no more than ``entries_max`` results are kept.

    It goes on when one of those that wait for it has no more time.
    """

    def __init__(
        self,
        work: Callable[[K], Coroutine[Any, Any, T]],
        entries_max: int,
        *,
        kept_seconds: float = _KEPT_SECONDS,
    ) -> None:
        """Do ``work`` for each key; what it brings is kept for so long."""
        self._kept_seconds = kept_seconds
        self._work = work
        self._entries_max = entries_max
        self._kept: OrderedDict[K, tuple[float, asyncio.Task[T]]] = OrderedDict()

    async def get(self, key: K, end: float, late: T) -> T:
        """What the work brings for ``key``; ``late`` at ``end``, on the clock of the loop."""
        try:
            async with asyncio.timeout_at(end):
                return await asyncio.shield(self._task(key))
        except TimeoutError:
            return late

    def _task(self, key: K) -> asyncio.Task[T]:
        now = asyncio.get_running_loop().time()
        if key in self._kept:
            begun, task = self._kept[key]
            if now - begun < self._kept_seconds:
                return task
        task = asyncio.ensure_future(self._work(key))
        self._kept[key] = (now, task)
        self._kept.move_to_end(key)
        while len(self._kept) > self._entries_max:
            self._kept.popitem(last=False)
        return task

    def forget(self, key: K) -> None:
        """Do the work for ``key`` anew the next time: what could not be found out is not kept."""
        self._kept.pop(key, None)
