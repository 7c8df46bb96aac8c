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
    """The date from which nothing holds the domain, if nothing else changes.

    None if somebody has to do something first. When the last refusal ends, another may have begun,
    such as evidence that is too old by then. So the domain is judged again for that date.
    """
    dates = [each.until for each in refusals]
    if not dates or None in dates:
        return None
    last = max(each for each in dates if each is not None)
    return last if verdict(found, last).proceeds else None
