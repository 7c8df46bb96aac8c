"""An event loop whose clock skips what would be waited for: tests of waits take no time."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Waits for nothing, and notes how long it was to."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise AssertionError("nothing is left that could end the wait")
        self.skipped += max(timeout, 0.0)
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.skipped


def skipping(work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` brings, on a loop of its own; it may wait for timers, not for other threads."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work)
