"""JSON that mtasts itself wrote, read strictly: objects of a bucket, state files.

It has been in places that others can write to, so it is bounded, no value is taken for one of
another type, and the first that is wrong is named. A newer release may have written more keys:
those are passed over. What people write has many mistakes at once, and is read by pydantic
(`mtasts.config`, `mtasts.promotion.evidence`), whose import most of these readers would pay for.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeVar

from mtasts.errors import MtaStsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from enum import StrEnum

E = TypeVar("E", bound="StrEnum")

_SHOWN_MAX = 80


class JsonError(MtaStsError):
    """The text has not the shape that was expected, so nothing of it may be used.

    It may carry what somebody else wrote: `mtasts.findings.printable` makes it fit for a message.
    """


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of such a text. Each method gives the value of a key.

    Raises:
        JsonError: (each method) the key is missing, or its value is of another type.
    """

    _values: Mapping[str, object]
    _path: str = ""

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def text(self, key: str) -> str:
        """A text."""
        value = self._value(key)
        return value if isinstance(value, str) else self._refuse(key, "no text")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self._list(key)
        if all(isinstance(each, str) for each in values):
            return tuple(map(str, values))
        return self._refuse(key, "no list of texts")

    def whole(self, key: str) -> int:
        """A whole number, not below zero."""
        value = self._value(key)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        return self._refuse(key, "no whole number")

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self._value(key)
        return value if isinstance(value, bool) else self._refuse(key, "neither true nor false")

    def time(self, key: str) -> dt.datetime:
        """A time with its zone (ISO 8601)."""
        try:
            found = dt.datetime.fromisoformat(self.text(key))
        except ValueError:
            return self._refuse(key, "no time")
        return found if found.tzinfo is not None else self._refuse(key, "a time without a zone")

    def date(self, key: str) -> dt.date:
        """A day (ISO 8601)."""
        try:
            return dt.date.fromisoformat(self.text(key))
        except ValueError:
            return self._refuse(key, "no day")

    def word(self, key: str, kind: type[E]) -> E:
        """One of the words of ``kind``."""
        try:
            return kind(self.text(key))
        except ValueError:
            return self._refuse(key, f"none of {', '.join(kind)}")

    def fields(self, key: str) -> Fields:
        """An object."""
        return self._object(key, self._value(key))

    def rows(self, key: str) -> tuple[Fields, ...]:
        """A list of objects."""
        values = enumerate(self._list(key))
        return tuple(self._object(f"{key}[{index}]", each) for index, each in values)

    def _value(self, key: str) -> object:
        """The value of a key, of any type.

        Raises:
            JsonError: the key is missing.
        """
        try:
            return self._values[key]
        except KeyError:
            raise JsonError(f"{self._path}{key}: the key is missing") from None

    def _list(self, key: str) -> list[object]:
        value = self._value(key)
        return value if isinstance(value, list) else self._refuse(key, "no list")

    def _object(self, key: str, value: object) -> Fields:
        """``value`` as an object; ``key`` is its name in messages.

        Raises:
            JsonError: it is no object.
        """
        if not isinstance(value, dict):
            raise JsonError(f"{self._path}{key}: {_shown(value)} is no object")
        return Fields(value, f"{self._path}{key}.")

    def _refuse(self, key: str, what: str) -> NoReturn:
        raise JsonError(f"{self._path}{key}: {_shown(self._values[key])} is {what}")


def read_fields(raw: bytes | str, max_bytes: int) -> Fields:
    """The object that ``raw`` spells.

    Raises:
        JsonError: it is larger than ``max_bytes``, nested too deeply, no JSON, or no object.
    """
    found = _read(raw, max_bytes)
    if not isinstance(found, dict):
        raise JsonError(f"{_shown(found)} is no object")
    return Fields(found)


def read_texts(raw: bytes | str, max_bytes: int) -> tuple[str, ...]:
    """The list of texts that ``raw`` spells; it has one text at least.

    Raises:
        JsonError: it is larger than ``max_bytes``, nested too deeply, no JSON, or no such list.
    """
    found = _read(raw, max_bytes)
    if not isinstance(found, list) or not found or not all(isinstance(x, str) for x in found):
        raise JsonError(f"{_shown(found)} is no list of texts")
    return tuple(found)


def _read(raw: bytes | str, max_bytes: int) -> object:
    """The value that ``raw`` spells.

    Raises:
        JsonError: it is larger than ``max_bytes``, nested too deeply, or no JSON.
    """
    if len(raw) > max_bytes:
        raise JsonError(f"it is larger than {max_bytes} bytes")
    try:
        found: object = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise JsonError(f"it is no JSON: {error}") from error
    return found


def _shown(value: object) -> str:
    text = repr(value) if not isinstance(value, dict | list) else type(value).__name__
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."
