"""What the tests of ``mtasts reports pull`` share: a source that is a literal, and a clock."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from report_mails import keys

from mtasts.reports.key_answers import KeyAnswers
from mtasts.reports.pull import PullContext
from mtasts.reports.sources.source import Fetched, GoneError, Listed, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mtasts.reports.arrival import FindKey

NOW = dt.datetime(2026, 5, 12, tzinfo=dt.UTC)
ARRIVED = dt.datetime(2026, 5, 11, 2, tzinfo=dt.UTC)


@dataclass
class Literal:
    """A source with these contents by key; some fail so often, and listing may end early.

    With ``is_ordered`` its keys are numbers, and the number of the last one is a cursor.
    """

    contents: Mapping[str, bytes]
    failing: dict[str, Exception] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    posted: frozenset[str] = frozenset()
    times: Mapping[str, dt.datetime] = field(default_factory=dict)
    ends_after: int | None = None
    is_ordered: bool = False
    is_arrival: bool = True
    name: str = "literal:"
    is_remote: bool = True
    asked: list[str] = field(default_factory=list)
    limits: list[int] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    is_closed: bool = False

    def keys(self, cursor: str) -> Iterator[Listed]:
        self.cursors.append(cursor)
        for number, (key, raw) in enumerate(self.contents.items()):
            if number == self.ends_after:
                raise SourceError("it does not go on")
            if not (self.is_ordered and cursor and int(key) <= int(cursor)):
                yield Listed(key, f"literal:{key}", len(raw), cursor=key if self.is_ordered else "")

    def fetch(self, listed: Listed, limit: int) -> Fetched:
        self.asked.append(listed.key)
        self.limits.append(limit)
        if listed.key in self.gone:
            raise GoneError("it was deleted meanwhile")
        if listed.key in self.failing:
            raise self.failing[listed.key]
        received = self.times.get(listed.key, ARRIVED)
        raw = self.contents[listed.key][: limit + 1]
        return Fetched(raw, received, self.is_arrival, listed.key in self.posted)

    def close(self) -> None:
        self.is_closed = True


class Waits:
    """Lets time pass at once, and notes how much."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.now += seconds


def around(
    *domains: str, find: FindKey | None = None, now: dt.datetime = NOW, waits: Waits | None = None
) -> PullContext:
    """What surrounds a pull for ``domains`` (example.gov)."""
    waits = waits or Waits()
    answers = KeyAnswers(find or keys(), waits.clock)
    return PullContext(
        frozenset(domains or ("example.gov",)), answers, lambda: now, waits.clock, waits.sleep
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below the folder, by its path within it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
