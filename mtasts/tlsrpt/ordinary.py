"""Ordinary reports, read fast: what nearly all senders write, and nothing that needs a warning.

Each function here gives up on whatever is out of the ordinary, and `reading` reads it the long way.
So nothing is judged here: a test holds that both ways give the same. They take a third of the time,
which is what a mailbox of 100 000 reports is about.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from itertools import chain, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from mtasts.names import DomainNameError, parse_domain
from mtasts.tlsrpt.report import Failure
from mtasts.tlsrpt.result_types import RESULT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

_UTC = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_SPACE = b" \t\r\n"
_TYPE, _COUNT, _MX = "result-type", "failed-session-count", "receiving-mx-hostname"
_OTHERS = ("receiving-ip", "sending-mta-ip", "additional-information", "failure-reason-code")
_KNOWN = frozenset({_TYPE, _COUNT, _MX, *_OTHERS})


def is_plain(text: bytes) -> bool:
    """Whether every string of a JSON text is printable ASCII as it stands there, unescaped.

    JSON has no control characters in strings but DEL (RFC 8259 section 7).
    """
    return text.isascii() and b"\\" not in text and b"\x7f" not in text


def decode(text: bytes) -> dict[str, Any] | None:
    """The object in a JSON text that is plain; None where it has to be read the long way.

    The decoder takes the last of two members with one name. So members are counted: in the text,
    where each is a string with a colon behind it, and in the objects that a report consists of. A
    string that begins with a colon makes the first number larger, and never the other way round.
    """
    try:
        found = from_json(text, cache_strings="keys")
        entries = found["policies"]
        members = len(found) + len(found["date-range"])
        for entry in entries:
            details = entry.get("failure-details") or ()
            members += len(entry) + len(entry["policy"]) + len(entry["summary"])
            members += sum(map(len, details))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return found if members == text.translate(None, _SPACE).count(b'":') else None


def texts(value: object, count_max: int, text_max: int) -> tuple[str, ...] | None:
    """The texts of a list in a plain report, each one line; None where it is no ordinary list."""
    if type(value) is not list or not 0 < len(value) <= count_max:
        return None
    if "" in value or not _are_texts(value, text_max):
        return None
    return tuple(value)


def _are_texts(values: list[Any], text_max: int) -> bool:
    """Whether all are texts within the limit; joining them finds out fastest."""
    try:
        whole = "".join(values)
    except TypeError:
        return False
    return len(whole) <= text_max or max(map(len, values)) <= text_max


@lru_cache(maxsize=4096)
def time(text: str) -> dt.datetime | None:
    """A time in UTC, such as 2026-05-10T23:59:59Z; None for one that is written otherwise.

    The reports of one day have the same times, by the thousand.
    """
    if not _UTC.fullmatch(text):
        return None
    try:
        return dt.datetime.fromisoformat(f"{text[:-1]}+00:00").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def domain(text: str) -> str | None:
    """A policy domain in A-labels in its normal form; None for what is out of the ordinary."""
    if not text.isascii():
        return None
    try:
        return parse_domain(text)
    except DomainNameError:
        return None


def failures(rows: list[Any], total: int, text_max: int) -> list[Failure] | None:
    """The failure details of a plain report, column by column; None where one is not ordinary.

    Ordinary rows have the same members, known types, whole counts up to the ``total`` of their
    policy, and texts of at most ``text_max`` characters.
    """
    try:
        names = tuple(rows[0])
        if not {_TYPE, _COUNT} <= set(names) <= _KNOWN or set(map(len, rows)) != {len(names)}:
            return None
        columns = dict(zip(names, zip(*map(itemgetter(*names), rows), strict=True), strict=True))
    except (TypeError, KeyError, IndexError):
        return None
    counts = columns.pop(_COUNT)
    if set(map(type, counts)) != {int} or min(counts) < 0 or max(counts) > total:
        return None
    if not _are_texts(list(chain.from_iterable(columns.values())), text_max):
        return None
    types = list(map(str.lower, columns.pop(_TYPE)))
    if not RESULT_TYPES.issuperset(types):
        return None
    hosts: Iterable[str] = repeat("")
    if _MX in columns:
        shown = {each: each.lower().rstrip(".") for each in set(columns[_MX])}
        hosts = map(shown.__getitem__, columns[_MX])
    others = [columns.get(name, repeat("")) for name in _OTHERS]
    return list(map(Failure, types, counts, hosts, *others))
