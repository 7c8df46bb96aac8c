"""What a command takes beside its peer: both in turns, and the median of the pairs counts.

Seconds of somebody who waits depend on what else the machine does, and by more for whoever waits
more. So bars are held against the processor's seconds, which other work moves little, and what one
waits for stands beside them.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Taken:
    """What one command took, in seconds: of somebody who waits, and of processors."""

    wall: float
    processor: float


class Stopwatch:
    """Filled in when `watched` ends."""

    taken = Taken(0, 0)


@contextmanager
def watched() -> Iterator[Stopwatch]:
    """Measure the children that are started and waited for meanwhile, and theirs."""
    watch = Stopwatch()
    began, before = time.perf_counter(), _spent()
    yield watch
    watch.taken = Taken(time.perf_counter() - began, _spent() - before)


def _spent() -> float:
    """Processor seconds of all that this process has waited for, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the ratio that a bar is held against, and beside it that of whoever waits."""

    name: str
    ratio: float
    ours: float
    theirs: float
    unit: str
    wall_ratio: float
    wall_ours: float
    wall_theirs: float
    bar: float | None = None

    @property
    def is_missed(self) -> bool:
        """Whether there is a bar, and this is over it."""
        return self.bar is not None and self.ratio > self.bar


def row(name: str, pairs: Sequence[tuple[Taken, Taken]], bar: float | None = None) -> Row:
    """The medians of pairs, ours first."""
    processor = [(ours.processor, theirs.processor) for ours, theirs in pairs]
    wall = [(ours.wall, theirs.wall) for ours, theirs in pairs]
    return Row(
        name,
        _ratio(processor),
        *_medians(processor),
        "processor s",
        _ratio(wall),
        *_medians(wall),
        bar,
    )


def tell(rows: Sequence[Row]) -> int:
    """Print one JSON line a row; the exit code, 1 where a bar was missed."""
    for each in rows:
        sys.stdout.write(json.dumps(asdict(each)) + "\n")
        if each.is_missed:
            sys.stderr.write(f"bench: over the bar of {each.bar}: {each.name}\n")
    sys.stdout.flush()
    return 1 if any(each.is_missed for each in rows) else 0


def _medians(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    ours, theirs = (round(statistics.median(column), 3) for column in zip(*pairs, strict=True))
    return ours, theirs


def _ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """The median of the pairs, since the machine may change pace between them."""
    return round(statistics.median(ours / theirs for ours, theirs in pairs), 2)
