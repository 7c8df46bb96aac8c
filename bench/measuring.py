"""Compares the time of a command with that of a peer: both run in turns, in pairs.

Wall-clock seconds depend on other work of the machine. So bars apply to processor seconds, which
other work changes little; wall-clock seconds are printed too.
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
    """The wall-clock seconds and the processor seconds of one command."""

    wall: float
    processor: float


class Stopwatch:
    """The result of `watched`, filled in at the end of its block."""

    taken = Taken(0, 0)


@contextmanager
def watched() -> Iterator[Stopwatch]:
    """Measure the child processes that start and end inside the block, and their children."""
    watch = Stopwatch()
    began, before = time.perf_counter(), _spent()
    yield watch
    watch.taken = Taken(time.perf_counter() - began, _spent() - before)


def _spent() -> float:
    """The processor seconds of all ended child processes, and of their children."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@dataclass(frozen=True, slots=True)
class Row:
    """One line of output: ``ratio`` is of processor seconds, and ``bar`` is its limit.

    ``wall_ratio`` is of wall-clock seconds, and has no limit.
    """

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
        """Whether there is a bar, and the ratio is over it."""
        return self.bar is not None and self.ratio > self.bar


def row(name: str, pairs: Sequence[tuple[Taken, Taken]], bar: float | None = None) -> Row:
    """The medians of ``pairs``; the first of each pair is mtasts."""
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
    """Print a JSON line for each row; returns the exit code, 1 if a bar was missed."""
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
    """The median of the pairs' ratios, because the machine's speed may change between pairs."""
    return round(statistics.median(ours / theirs for ours, theirs in pairs), 2)
