"""The current time. A local cloud can set it ahead, to simulate changes that take weeks."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mtasts.destinations import require_local
from mtasts.errors import UsageError
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

AHEAD = "MTASTS_CLOCK_AHEAD"
_YEARS = 10 * 366 * 86_400
# How far two clocks may be apart: of the machines that wrote ledgers and evidence, and of senders.
SKEW = dt.timedelta(hours=1)
_MINUTE = dt.timedelta(minutes=1)


def minute(moment: dt.datetime) -> str:
    """``moment`` in UTC as text, rounded up to a whole minute, so that it has passed by then."""
    moment = moment.astimezone(dt.UTC)
    whole = moment.replace(second=0, microsecond=0)
    return f"{whole if whole == moment else whole + _MINUTE:%Y-%m-%d %H:%M} UTC"


def utc_now() -> dt.datetime:
    """The time of day."""
    return dt.datetime.now(dt.UTC)


def clock(environment: Mapping[str, str]) -> Callable[[], dt.datetime]:
    """The clock for verdicts and for the dates in the ledger.

    Raises:
        UsageError: the clock is set ahead outside a local cloud: a wrong date must pass no gate.
    """
    text = environment.get(AHEAD)
    if not text:
        return utc_now
    require_local([AHEAD], environment)
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) <= _YEARS):
        raise UsageError(
            f"{AHEAD} is a whole number of seconds up to {_YEARS}, not '{printable(text)}'"
        )
    ahead = dt.timedelta(seconds=int(text))
    return lambda: utc_now() + ahead
