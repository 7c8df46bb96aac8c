"""How many senders keep an old body under a new id, for each order of publishing.

A discrete-event simulation of one change of policy, from body A with id a to body B with id b. A
content network with many points of presence answers the senders. Each point keeps a copy for its
``max-age``, and applies an invalidation after a delay of its own. It may have a request to the
origin in progress when the body changes, and serves an expired copy while its origin fails. A
prober reaches only one point. The only global signal is that an invalidation is complete.

A sender that sees id b fetches the policy once and keeps the body for ``max_age``. If it gets body
A, that is a stale pin: mail is lost that DNS leads to a host which only B lists.

Every order runs over the same random worlds. ``python bench/stale_pins.py [--format json]``
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from mtasts.templating import render

POINTS = 40
SENDERS = 10_000
ROLLOUTS = 1_000
MAX_AGE = 60.0  # the object's Cache-Control
TTL = 300.0  # the STS record's
HORIZON = 1_200.0  # seconds after the record; by then every copy of A has expired in every order
VISITS_EVERY = 20.0  # seconds between other visitors of one point
MAIL_EVERY = 1_800.0  # seconds between messages of one sender to this domain
SLOW_SHARE, SLOW_MAX, QUICK = 0.01, 30.0, 0.05  # seconds that a request to the origin takes
PURGE_LAG_MEAN, PURGE_LAG_MAX = 8.0, 60.0
FAILING_SHARE, FAILING_MEAN = 0.03, 90.0
ERROR_SECONDS = 10.0  # how long a point waits before it asks a failing origin again
PROBES = 3
MAILS_AFTER = 24 * 3600 / MAIL_EVERY
NEW_HOST_SHARE = 0.5  # the part of the mail that goes to the host that only B lists
A, B = "A", "B"


@dataclass(frozen=True)
class Order:
    """An order of publishing: the steps that come before the STS record is written."""

    name: str
    text: str
    record_first: float = 0.0
    waits: bool = False
    purges: bool = False
    purges_first: bool = False
    proves: bool = False
    new_id_without_change: bool = False


ORDERS = (
    Order("mtasts", "body, wait, purge, proof, record", waits=True, purges=True, proves=True),
    Order("without the wait", "body, purge, proof, record", purges=True, proves=True),
    Order("without the purge", "body, wait, proof, record", waits=True, proves=True),
    Order(
        "purge before the wait",
        "body, purge, wait, proof, record",
        waits=True,
        purges=True,
        purges_first=True,
        proves=True,
    ),
    Order("at once", "body and record together, no purge"),
    Order("record first", "record, half a minute later the body", record_first=30.0),
    Order("time stamp ids", "as at once, a new id on every run", new_id_without_change=True),
)


@dataclass
class Copy:
    """A copy of a body in the cache of a point."""

    body: str
    expires: float


@dataclass
class Point:
    """One point of presence of one world, with its random delays and failures."""

    copy: Copy | None
    purge_lag: float
    fails_from: float
    fails_until: float
    randomness: random.Random
    _asks_again: float = -HORIZON

    def answer(self, now: float, body_at: float, arriving: list[tuple[float, Copy]]) -> str | None:
        """The body served at ``now``, None for an error; a fetch may arrive later in the list."""
        if self.copy and now < self.copy.expires:
            return self.copy.body
        if now >= self._asks_again and self.fails_from <= now < self.fails_until:
            self._asks_again = now + ERROR_SECONDS
        if now < self._asks_again:
            return self.copy.body if self.copy else None
        slow = self.randomness.random() < SLOW_SHARE
        takes = self.randomness.uniform(QUICK, SLOW_MAX) if slow else QUICK
        fetched = B if now >= body_at else A
        arriving.append((now + takes, Copy(fetched, now + takes + MAX_AGE)))
        return fetched


@dataclass
class Outcome:
    """The results of one order over all worlds."""

    order: Order
    pins: int = 0
    rollouts_with_pins: int = 0
    mails_lost: int = 0
    needless_fetches: int = 0
    seconds_to_record: float = 0.0
    worst: int = field(default=0)

    def row(self) -> dict[str, object]:
        """The outcome as JSON values."""
        return {
            "order": self.order.name,
            "steps": self.order.text,
            "stalePins": self.pins,
            "rolloutsWithStalePins": self.rollouts_with_pins,
            "worstRollout": self.worst,
            "mailsLost": self.mails_lost,
            "needlessFetches": self.needless_fetches,
            "secondsToRecord": round(self.seconds_to_record / ROLLOUTS, 1),
        }


class World:
    """One rollout; with the same seed, every order meets the same random events."""

    def __init__(self, seed: int, order: Order) -> None:
        """Make points and visits; the body is replaced at time 0, or after the record."""
        self.order = order
        self.randomness = random.Random(seed)
        self.body_at = order.record_first
        self.points = [self._point(number) for number in range(POINTS)]
        self.events: list[tuple[float, int, str, int, Copy | None]] = []
        self.sequence = 0
        for number in range(POINTS):
            visits = random.Random(seed * POINTS + number)
            at = -MAX_AGE
            while at < HORIZON:
                at += visits.expovariate(1 / VISITS_EVERY)
                self._schedule(at, "visit", number)

    def _point(self, number: int) -> Point:
        chance = self.randomness
        lag = min(chance.expovariate(1 / PURGE_LAG_MEAN), PURGE_LAG_MAX)
        fails = chance.uniform(-60, 200) if chance.random() < FAILING_SHARE else HORIZON * 9
        until = fails + chance.expovariate(1 / FAILING_MEAN)
        return Point(None, lag, fails, until, random.Random(chance.random() + number))

    def _schedule(self, at: float, kind: str, number: int, copy: Copy | None = None) -> None:
        self.sequence += 1
        heapq.heappush(self.events, (at, self.sequence, kind, number, copy))

    def run_until(self, end: float) -> None:
        """Process all events before ``end``."""
        while self.events and self.events[0][0] < end:
            at, _, kind, number, copy = heapq.heappop(self.events)
            point = self.points[number]
            if kind == "store":
                point.copy = copy
            elif kind == "purge":
                point.copy = None
            else:
                self.ask(at, number)

    def ask(self, at: float, number: int) -> str | None:
        """The body that a point answers to one request at ``at``, None for an error."""
        arriving: list[tuple[float, Copy]] = []
        body = self.points[number].answer(at, self.body_at, arriving)
        for when, copy in arriving:
            self._schedule(when, "store", number, copy)
        return body

    def _purge(self, now: float) -> float:
        """Start an invalidation at all points; returns the time at which it is complete."""
        for number, point in enumerate(self.points):
            self._schedule(now + point.purge_lag, "purge", number)
        return now + max(point.purge_lag for point in self.points)

    def record_at(self) -> float:
        """Run the steps of the order; returns the time at which the record is written."""
        order = self.order
        if order.record_first:
            return 0.0
        now = self.body_at
        if order.purges and order.purges_first:
            now = self._purge(now)
        if order.waits:  # copies of the old body lapse from when it was replaced
            now = max(now, self.body_at + MAX_AGE + 1)
        if order.purges and not order.purges_first:
            now = self._purge(now)
        seen = 0
        while order.proves and seen < PROBES:
            self.run_until(now)
            seen = seen + 1 if self.ask(now, 0) == B else 0
            now += 1.0
        return now


def senders(seed: int) -> list[tuple[float, int]]:
    """For each sender, the seconds after the record until it sees the new id, and its point."""
    chance = random.Random(-seed - 1)
    found = []
    for _ in range(SENDERS):
        sees = chance.random() * TTL + chance.expovariate(1 / MAIL_EVERY)
        point = int(chance.random() * POINTS)
        if sees < HORIZON:
            found.append((sees, point))
    return sorted(found)


def rollout(seed: int, order: Order, outcome: Outcome) -> None:
    """Run one change in one world, and add its results to ``outcome``."""
    world = World(seed, order)
    world.run_until(0.0)
    record = world.record_at()
    chance = random.Random(seed)
    pins = 0
    for after, number in senders(seed):
        at = record + after
        if at > HORIZON:
            break
        world.run_until(at)
        if world.ask(at, number) == A:
            pins += 1
    outcome.pins += pins
    outcome.rollouts_with_pins += pins > 0
    outcome.worst = max(outcome.worst, pins)
    outcome.seconds_to_record += record - world.body_at if record > world.body_at else 0.0
    mails = pins * MAILS_AFTER
    outcome.mails_lost += sum(chance.random() < NEW_HOST_SHARE for _ in range(int(mails)))
    if order.new_id_without_change:
        outcome.needless_fetches += SENDERS  # after the next run, although nothing has changed


def one_order(order: Order) -> Outcome:
    """The results of one order over all worlds."""
    outcome = Outcome(order)
    for seed in range(ROLLOUTS):
        rollout(seed, order, outcome)
    return outcome


def simulate() -> list[Outcome]:
    """The results of every order over the same worlds."""
    with ProcessPoolExecutor() as pool:
        outcomes = []
        for outcome in pool.map(one_order, ORDERS):
            outcomes.append(outcome)
            sys.stderr.write(f"stale pins: {outcome.order.name}: done\n")
    return outcomes


def plot(outcomes: list[Outcome]) -> str:
    """A bar chart as SVG: the share of rollouts with a stale pin, for each order."""
    rows = [
        {
            "name": outcome.order.name,
            "y": 44 + 34 * number,
            "wide": round(400 * outcome.rollouts_with_pins / ROLLOUTS),
            "good": not outcome.pins,
            "said": f"{100 * outcome.rollouts_with_pins / ROLLOUTS:.1f} % of rollouts, "
            f"{outcome.pins:,} pins, {outcome.mails_lost:,} mails lost",
        }
        for number, outcome in enumerate(outcomes)
    ]
    return render(
        "bench/stale-pins.svg",
        rows=rows,
        height=60 + 34 * len(rows),
        rollouts=f"{ROLLOUTS:,}",
        senders=f"{SENDERS:,}",
    )


def main() -> int:
    """Print a row for each order; returns the exit code.

    The code is 1 if the order of mtasts has a stale pin. It is also 1 if none of the orders that
    leave a step out has one: the simulation would show nothing then.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the outcome as SVG")
    options = parser.parse_args()
    outcomes = simulate()
    if options.plot:
        options.plot.write_text(plot(outcomes))
    for outcome in outcomes:
        row = outcome.row()
        if options.format == "json":
            print(json.dumps(row))
        else:
            print(
                f"{row['order']:<22} {row['stalePins']:>8} stale pins in "
                f"{row['rolloutsWithStalePins']:>5} rollouts, {row['mailsLost']:>8} mails lost, "
                f"record after {row['secondsToRecord']:>6} s"
            )
    ours, *others = outcomes
    return int(ours.pins > 0 or not any(each.pins for each in others[:3]))


if __name__ == "__main__":
    sys.exit(main())
