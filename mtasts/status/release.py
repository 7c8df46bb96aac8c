"""From when on a domain that is held would no longer be, by the same verdict at a later time.

A verdict depends on what was found out and on the time of day alone. So it is asked again at every
date by which the ledger or the config says that something is over: no second rule says when a wait
ends.
"""

from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import TYPE_CHECKING

from mtasts.ledger.entries import Delegated, Pointed
from mtasts.rollout.mx_safety import RETRY
from mtasts.rollout.verdicts import verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.rollout.verdicts import Surroundings

# A verdict on a long ledger takes milliseconds, and waits that matter are the nearest ones.
_DATES_MAX = 64


def released_at(found: Surroundings, now: dt.datetime) -> dt.datetime | None:
    """The first date after ``now`` at which nothing holds the domain, if nothing else changes.

    None where no date decides that: somebody has to do something first.
    """
    dates = sorted({each for each in _dates(found, now) if each > now})
    return next((each for each in dates[:_DATES_MAX] if verdict(found, each).proceeds), None)


def _dates(found: Surroundings, now: dt.datetime) -> Iterator[dt.datetime]:
    """When each wait that the ledger or the config tells of is over."""
    ledger, override = found.ledger, found.domain.override
    for entry in ledger.entries:
        if isinstance(entry, Pointed | Delegated):
            yield entry.settled_at
    for left in ledger.departed(now).values():
        yield left.since + dt.timedelta(seconds=left.ttl_seconds) + RETRY
    held = ledger.may_be_held(now)
    yield from (ledger.held_until(each, now) for each in islice(reversed(held), _DATES_MAX))
    if ledger.adopted is not None:
        yield ledger.adopted.held_until
    if override is not None and override.begins is not None:
        yield dt.datetime.combine(override.begins, dt.time(), dt.UTC)
