"""When a mail arrived, as the last server of its way wrote it (RFC 5321 section 4.4)."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime

_HEADER_MAX_BYTES = 64 * 1024
_FIELD_MAX_BYTES = 4096


def received_time(raw: bytes) -> dt.datetime | None:
    """The time in the topmost Received field in UTC, or None where there is none to be read."""
    header = raw[:_HEADER_MAX_BYTES]
    lines: list[bytes] = []
    for line in header.split(b"\n"):
        text = line.rstrip(b"\r")
        if lines and text[:1] not in (b" ", b"\t"):
            break
        if lines or text[:9].lower() == b"received:":
            lines.append(text)
        elif not text:
            return None
    field = b" ".join(lines)[:_FIELD_MAX_BYTES]
    _, semicolon, date = field.rpartition(b";")
    return _time(date.decode("ascii", "replace")) if semicolon else None


def separator_time(line: bytes) -> dt.datetime | None:
    """The time in the line that begins a mail of an mbox (``From sender Thu Jan  1 ...``), as UTC.

    RFC 4155 appendix A has it in UTC; some software writes local time.
    """
    words = line.decode("ascii", "replace").split()
    try:
        found = dt.datetime.strptime(f"{' '.join(words[2:7])} +0000", "%a %b %d %H:%M:%S %Y %z")
    except ValueError:
        return None
    return found.astimezone(dt.UTC)


def _time(text: str) -> dt.datetime | None:
    try:
        found = parsedate_to_datetime(text.strip())
        aware = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
        return aware.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
