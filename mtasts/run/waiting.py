"""Reports what a run waits for, since minutes of silence look like a hanging run."""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Waits that end within this time are not reported.
FIRST_SECONDS = 3.0
# Often enough to see that a run of many minutes is alive, and rare enough for a log.
EVERY_SECONDS = 15.0
_SHOWN_MAX = 5


@dataclass(frozen=True, slots=True)
class _Wait:
    what: str
    until: str


def _nowhere(_: str) -> None:
    """Report to nobody."""


def _later(seconds: float, call: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(seconds, call)


class Waits:
    """Reports what a run waits for at present: one line for all waits, every 15 s.

    ``tell`` prints such a line, or another text that is of interest only now. ``say`` prints a text
    that remains in the log. Only tests replace ``now`` and ``later``. An object belongs to one
    event loop.
    """

    def __init__(
        self,
        tell: Callable[[str], None] = _nowhere,
        say: Callable[[str], None] = _nowhere,
        *,
        now: Callable[[], dt.datetime] = utc_now,
        later: Callable[[float, Callable[[], None]], object] = _later,
    ) -> None:
        """Report nothing yet."""
        self.tell = tell
        self.say = say
        self._now = now
        self._later = later
        self._open: list[_Wait] = []
        self._due: dt.datetime | None = None

    @contextmanager
    def waiting(
        self, what: str, seconds: float | None = None, *, at_most: bool = False
    ) -> Iterator[None]:
        """Report that the run waits for ``what``, while the block runs.

        The wait takes ``seconds``, if that is known; with ``at_most`` it may end sooner.
        """
        until = ""
        if seconds is not None:
            end = self._now() + dt.timedelta(seconds=seconds)
            until = f" until {end:%H:%M:%S} UTC{' at the latest' if at_most else ''}"
        wait = _Wait(what, until)
        soon = self._now() + dt.timedelta(seconds=FIRST_SECONDS)
        if self._due is None or (not self._open and soon < self._due):
            self._schedule(FIRST_SECONDS)
        self._open.append(wait)
        try:
            yield
        finally:
            self._open.remove(wait)

    def _schedule(self, seconds: float) -> None:
        """Report the waits in that many ``seconds``; this replaces an earlier schedule."""
        due = self._due = self._now() + dt.timedelta(seconds=seconds)

        def tell() -> None:
            if self._due != due:
                return
            self._due = None
            if self._open:  # one wait may have ended meanwhile, and another begun
                self.tell(self._line())
                self._schedule(EVERY_SECONDS)

        self._later(seconds, tell)

    def _line(self) -> str:
        # Several waits may have the same text, such as those for the two records of a host.
        waits = list(dict.fromkeys(f"{each.what}{each.until}" for each in self._open))
        shown = waits[:_SHOWN_MAX]
        if len(waits) > _SHOWN_MAX:
            shown.append(f"{len(waits) - _SHOWN_MAX} more")
        return f"waiting for {'; '.join(shown)}"
