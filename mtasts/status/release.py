"""The date from which a held domain is no longer held, from the dates of its refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.rollout.decision import verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from mtasts.rollout.facts import Facts
    from mtasts.rulings import Ruling


def released_at(found: Facts, refusals: Iterable[Ruling]) -> dt.datetime | None:
    """The date at which nothing holds the domain, if nothing else changes.

    None where no date decides that: somebody has to do something first. When the last refusal ends,
    something else may hold it by then, as evidence that is too old: so it is judged once more.
    """
    dates = [each.until for each in refusals]
    if not dates or None in dates:
        return None
    last = max(each for each in dates if each is not None)
    return last if verdict(found, last).proceeds else None
