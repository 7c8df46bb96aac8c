"""Overrides: which refusals they waive, and on which days.

The ``waivers`` of a refusal are the words of an override that waive it. A refusal without them is
never waived (docs/gates.md).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mtasts.config.model import OVERRIDE_DAYS, Waiver, last_day
from mtasts.findings import printable
from mtasts.ruling_catalogue import Kind
from mtasts.rulings import warning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtasts.config import Override
    from mtasts.rulings import Ruling

# A proposed override ends after two weeks, so that a decision made in haste is looked at again.
_PROPOSED = dt.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Judged:
    """``unmet``: refusals that no override waives and that hold the domain; ``notes``: warnings."""

    unmet: tuple[Ruling, ...] = ()
    notes: tuple[Ruling, ...] = ()


def with_way_out(found: Ruling, now: dt.datetime) -> Ruling:
    """The refusal, with a complete override to paste in its fix if an override waives it."""
    if not found.way:
        return found
    proposed = example(now, *sorted(found.waivers))
    way = f"{found.way}, write in the domain's entry: {proposed}"
    return replace(found, fix=f"{found.fix}; {way}" if found.fix else way)


def example(now: dt.datetime, *waivers: Waiver) -> str:
    """A complete override of ``waivers``, as YAML for a domain's entry; it begins today."""
    today = now.date()
    words = ", ".join(waivers)
    return (
        f'override: {{for: [{words}], reason: "why", approvedBy: "who decided it", '
        f"from: {today}, expires: {today + _PROPOSED}}}"
    )


def judge(override: Override | None, refusals: Iterable[Ruling], now: dt.datetime) -> Judged:
    """The ``refusals`` that ``override`` does not waive at ``now``, and a warning for each it does.

    An override that is void waives nothing. If it names a refusal, that it is void is the first
    refusal; otherwise it is a warning. If it begins later, the refusals that it names end then.
    """
    refusals = tuple(refusals)
    if override is None:
        return Judged(tuple(with_way_out(each, now) for each in refusals))
    named = tuple(each for each in refusals if each.waivers & override.waives)
    if void := why_void(override, now):
        unmet = tuple(
            _until(each, void.until) if each in named else with_way_out(each, now)
            for each in refusals
        )
        if not named:
            return Judged(unmet, (void,))
        return Judged((void.as_kind(Kind.REFUSAL), *unmet))
    ends = dt.datetime.combine(override.expires, dt.time(), dt.UTC) + dt.timedelta(days=1)
    standing = warning(
        "override-stands",
        f"override of {_words(override)} until {override.expires} by "
        f"{printable(override.approved_by)}: {printable(override.reason, 500)}",
        until=ends,
    )
    passed = (warning("override-passed", f"overridden: {each}", until=ends) for each in named)
    return Judged(
        tuple(with_way_out(each, now) for each in refusals if each not in named),
        (standing, *passed),
    )


def _until(found: Ruling, begins: dt.datetime | None) -> Ruling:
    """The refusal, ending when the override begins, or earlier if it did before."""
    dates = [each for each in (found.until, begins) if each is not None]
    return replace(found, until=min(dates, default=None))


def why_void(override: Override, now: dt.datetime) -> Ruling | None:
    """A warning why an override waives nothing at ``now``, with a valid one; None if it is valid.

    ``until`` is the day on which an override that has not begun begins.
    """
    today = now.date()
    latest = last_day(override.begins or today)
    begins = None
    if override.begins is not None and today < override.begins:
        why, way = f"begins on {override.begins}", "wait until then, or remove it"
        begins = dt.datetime.combine(override.begins, dt.time(), dt.UTC)
    elif today > override.expires:
        why = f"expired on {override.expires}"
        way = "remove it, or have it approved again with new dates"
    elif override.expires > latest:
        why = f"ends on {override.expires}, but an override lasts at most {OVERRIDE_DAYS} days"
        way = f"write {latest} or an earlier day"
    else:
        return None
    anew = example(now, *sorted(override.waives))
    return warning(
        "override-void",
        f"the override of {_words(override)} by {printable(override.approved_by)} {why}, so it "
        "passes no refusal",
        f"{way}. A valid one that begins today: {anew}",
        until=begins,
    )


def _words(override: Override) -> str:
    return ", ".join(sorted(override.waives))
