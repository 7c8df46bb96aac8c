"""Reports in the engine's log what a run waits for in the cloud."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pulumi

from mtasts.run.waiting import Waits

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Slow:
    """Slow work of the cloud: it begins when ``after`` is known and ends when ``done`` is.

    ``what`` completes the sentence "waiting for ..."; ``seconds`` is the provider's own limit.
    """

    what: str
    after: Sequence[pulumi.Output[str]]
    done: pulumi.Output[str]
    seconds: float | None = None


def engine_waits() -> Waits:
    """Waits that the engine shows as status lines; the next status replaces each one."""
    return Waits(partial(pulumi.log.info, ephemeral=True), pulumi.log.info)


def watch(waits: Waits, slow: Slow) -> None:
    """Report ``slow`` while it lasts; the engine itself reports how it ended."""

    async def work() -> None:
        with suppress(Exception):  # the resource that needs the output reports the error
            await asyncio.gather(*(each.future() for each in slow.after))
            with waits.waiting(slow.what, slow.seconds, at_most=True):
                await slow.done.future()

    if not pulumi.runtime.is_dry_run():
        task = asyncio.ensure_future(work())
        _TASKS.add(task)
        task.add_done_callback(_TASKS.discard)


class Passed:
    """Reports the wait for the records in ``writes``, which begins when their hook has passed.

    A record is placed after its hook is made, so ``writes`` is filled later.
    """

    def __init__(self, waits: Waits, what: str) -> None:
        """Report nothing yet."""
        self.writes: list[pulumi.Resource] = []
        self._waits = waits
        self._what = what

    def tell(self) -> None:
        """Report the writes that begin now."""
        for record in self.writes:
            watch(self._waits, Slow(self._what, (), record.urn))


# The event loop keeps only weak references to tasks, so the tasks are kept here.
_TASKS: set[asyncio.Task[None]] = set()
