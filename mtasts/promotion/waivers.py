"""What an override lets past: the refusals that it names, on the days when it stands.

A refusal that an override may waive has the words that do in ``waivers``; nobody's decision changes
any other (docs/gates.md).
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

# Long enough for whatever was approved in haste, and short enough to be looked at again.
_PROPOSED = dt.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Judged:
    """What is left: the ``unmet`` refusals hold a domain, ``notes`` are warnings."""

    unmet: tuple[Ruling, ...] = ()
    notes: tuple[Ruling, ...] = ()


def with_way_out(found: Ruling, now: dt.datetime) -> Ruling:
    """A refusal with the whole override that lets it past, where an override is its way out."""
    if not found.way:
        return found
    proposed = example(now, *sorted(found.waivers))
    way = f"{found.way}, write in the domain's entry: {proposed}"
    return replace(found, fix=f"{found.fix}; {way}" if found.fix else way)


def example(now: dt.datetime, *waivers: Waiver) -> str:
    """A whole override of ``waivers`` from today on, as it stands in an entry of a stack file."""
    today = now.date()
    words = ", ".join(waivers)
    return (
        f'override: {{for: [{words}], reason: "why", approvedBy: "who decided it", '
        f"from: {today}, expires: {today + _PROPOSED}}}"
    )


def judge(override: Override | None, refusals: Iterable[Ruling], now: dt.datetime) -> Judged:
    """What ``override`` leaves of the ``refusals`` at ``now``; what it lets past is told.

    One that does not stand is told as well: with what it would let past, it is the first reason.
    One that has not begun ends what it names on the day when it does.
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
    told = warning(
        "override-stands",
        f"override of {_words(override)} until {override.expires} by "
        f"{printable(override.approved_by)}: {printable(override.reason, 500)}",
    )
    passed = (warning("override-passed", f"overridden: {each}") for each in named)
    return Judged(
        tuple(with_way_out(each, now) for each in refusals if each not in named), (told, *passed)
    )


def _until(found: Ruling, begins: dt.datetime | None) -> Ruling:
    """A refusal that ends when an override begins, or before."""
    dates = [each for each in (found.until, begins) if each is not None]
    return replace(found, until=min(dates, default=None))


def why_void(override: Override, now: dt.datetime) -> Ruling | None:
    """Why an override lets nothing past at ``now``, with one that would; None while it stands.

    It is a warning; its ``until`` is the day when the override begins.
    """
    today = now.date()
    latest = last_day(override.begins or today)
    begins = None
    if override.begins is not None and today < override.begins:
        why, way = f"begins on {override.begins}", "wait until then, or remove it"
        begins = dt.datetime.combine(override.begins, dt.time(), dt.UTC)
    elif today > override.expires:
        why = f"expired on {override.expires}"
        way = "remove it, or have it approved anew"
    elif override.expires > latest:
        why = f"ends on {override.expires}, and one stands for {OVERRIDE_DAYS} days at most"
        way = f"write a day until {latest}"
    else:
        return None
    anew = example(now, *sorted(override.waives))
    return warning(
        "override-void",
        f"the override of {_words(override)} by {printable(override.approved_by)} {why}, so it "
        "lets nothing past",
        f"{way}. One that stands from today on: {anew}",
        until=begins,
    )


def _words(override: Override) -> str:
    return ", ".join(sorted(override.waives))
