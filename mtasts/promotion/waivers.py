"""What an override lets past: the conditions that it names, on the days when it stands.

Whatever an override may waive is a `Condition` that says so; every other refusal is a text, which
nobody's decision changes (docs/gates.md).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.config.model import OVERRIDE_DAYS, Waiver, last_day
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtasts.config import Override

# Long enough for whatever was approved in haste, and short enough to be looked at again.
_PROPOSED = dt.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Condition:
    """An unmet condition, and the words of an override any of which lets it past.

    Where an override is the ``way`` out, it says when, and the override is told as a whole.
    """

    text: str
    waivers: frozenset[Waiver]
    way: str = ""

    def told(self, now: dt.datetime) -> str:
        """The condition with its way out, if it has one."""
        if not self.way:
            return self.text
        proposed = example(now, *sorted(self.waivers))
        return f"{self.text}; {self.way}, write in the domain's entry: {proposed}"


@dataclass(frozen=True, slots=True)
class Judged:
    """What is left: ``unmet`` conditions stop a domain, ``notes`` are told anyway."""

    unmet: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def example(now: dt.datetime, *waivers: Waiver) -> str:
    """A whole override of ``waivers`` from today on, as it stands in an entry of a stack file."""
    today = now.date()
    words = ", ".join(waivers)
    return (
        f'override: {{for: [{words}], reason: "why", approvedBy: "who decided it", '
        f"from: {today}, expires: {today + _PROPOSED}}}"
    )


def judge(override: Override | None, conditions: Iterable[Condition], now: dt.datetime) -> Judged:
    """What ``override`` leaves of the ``conditions`` at ``now``; what it lets past is told.

    One that does not stand is told as well: with what it would let past, it is the first reason.
    """
    conditions = tuple(conditions)
    if override is None:
        return Judged(tuple(each.told(now) for each in conditions))
    named = tuple(each for each in conditions if each.waivers & override.waives)
    if void := why_void(override, now):
        unmet = tuple(each.text if each in named else each.told(now) for each in conditions)
        return Judged((void, *unmet)) if named else Judged(unmet, (void,))
    told = (
        f"override of {_words(override)} until {override.expires} by "
        f"{printable(override.approved_by)}: {printable(override.reason, 500)}"
    )
    return Judged(
        tuple(each.told(now) for each in conditions if each not in named),
        (told, *(f"overridden: {each.text}" for each in named)),
    )


def why_void(override: Override, now: dt.datetime) -> str | None:
    """Why an override lets nothing past at ``now``, with one that would; None while it stands."""
    today = now.date()
    latest = last_day(override.begins or today)
    if override.begins is not None and today < override.begins:
        why, way = f"begins on {override.begins}", "wait until then, or remove it"
    elif today > override.expires:
        why = f"expired on {override.expires}"
        way = "remove it, or have it approved anew"
    elif override.expires > latest:
        why = f"ends on {override.expires}, and one stands for {OVERRIDE_DAYS} days at most"
        way = f"write a day until {latest}"
    else:
        return None
    anew = example(now, *sorted(override.waives))
    return (
        f"the override of {_words(override)} by {printable(override.approved_by)} {why}, so it "
        f"lets nothing past: {way}. One that stands from today on: {anew}"
    )


def _words(override: Override) -> str:
    return ", ".join(sorted(override.waives))
