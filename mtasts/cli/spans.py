"""Spans of time in options, such as ``10m``."""

from __future__ import annotations

import re

from mtasts.errors import UsageError

_SPAN = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_MIN, _MAX = 10, 30 * 86_400


def span_seconds(option: str, text: str) -> int:
    """The seconds between two looks; raises `UsageError` if ``text`` is no such time."""
    found = _SPAN.fullmatch(text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not _MIN <= seconds <= _MAX:
        raise UsageError(f"{option} takes a time from 10s to 30d, such as 90s, 10m, 1h or 1d")
    return seconds
