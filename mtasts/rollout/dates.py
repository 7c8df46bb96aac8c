"""Dates as they are told to people."""

from __future__ import annotations

import datetime as dt

_MINUTE = dt.timedelta(minutes=1)


def minute(moment: dt.datetime) -> str:
    """The whole minute at or after ``moment``: whoever waits until then has waited long enough."""
    moment = moment.astimezone(dt.UTC)
    whole = moment.replace(second=0, microsecond=0)
    return f"{whole if whole == moment else whole + _MINUTE:%Y-%m-%d %H:%M} UTC"
