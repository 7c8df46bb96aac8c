"""Which policies senders could hold on which days, as the ledger says."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.clock import SKEW
from mtasts.ledger.entries import Body, Proof
from mtasts.policy import Mode

if TYPE_CHECKING:
    import datetime as dt

    from mtasts.ledger.history import Ledger
    from mtasts.policy import Policy


@dataclass(frozen=True, slots=True)
class Served:
    """A policy, and the first and last UTC day on which a sender that follows RFC 8461 held it."""

    policy: Policy
    first: dt.date
    last: dt.date

    def could_be_held(self, first: dt.date, last: dt.date) -> bool:
        """Whether a sender could hold it on one of the days from ``first`` to ``last``."""
        return self.first <= last and first <= self.last


def served_policies(ledger: Ledger, now: dt.datetime) -> tuple[Served, ...]:
    """The proven policies, the newest first; without those in mode none, which demand nothing."""
    proven: dict[int, dt.datetime] = {}
    waiting: dict[str, list[Body]] = defaultdict(list)
    for entry in ledger.entries:
        if isinstance(entry, Body):
            waiting[entry.id].append(entry)
        elif isinstance(entry, Proof):
            proven |= {body.number: entry.at for body in waiting.pop(entry.id, ())}
    found = []
    replaced = now
    for body in reversed(ledger.bodies):
        if body.number not in proven:
            continue
        policy, seen = body.policy, proven[body.number]
        if policy is not None and policy.mode is not Mode.NONE:
            until = replaced + body.holds_for + SKEW
            found.append(Served(policy, seen.date(), until.date()))
        replaced = min(replaced, seen)
    return tuple(found)
