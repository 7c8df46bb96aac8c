"""What stands below a prefix of a bucket, as one ledger or a part of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mtasts.ledger.entries import LedgerError
from mtasts.ledger.kept import LEDGER_MAX_BYTES, checkpoint_name, checkpoint_number

if TYPE_CHECKING:
    from collections.abc import Mapping

Where = TypeVar("Where")

KEPT = "kept/"
OBJECT_BYTES = 256  # what an object counts for at least: a listing has an end, too
_NUMBER = re.compile(r"([1-9][0-9]{0,9})\.json")


def checkpoint_path(number: int) -> str:
    """Where the checkpoint ``number`` lies below a ledger's prefix."""
    return KEPT + checkpoint_name(number)


@dataclass(slots=True)
class Listing(Generic[Where]):
    """What stands below a prefix: where each object is, by the key behind the prefix.

    ``is_whole`` says that it has everything. By the same keys, ``notes`` tell what was done to
    objects since they were written, and ``extra`` has the versions and delete markers of that.
    """

    prefix: str
    found: dict[str, Where] = field(default_factory=dict)
    is_whole: bool = True
    notes: dict[str, str] = field(default_factory=dict)
    extra: dict[str, list[Where]] = field(default_factory=dict)
    size: int = 0
    max_bytes: int = LEDGER_MAX_BYTES

    def count(self, size: int) -> None:
        """Note the size of one more object; raises `LedgerError` beyond any reason."""
        self.size += max(size, OBJECT_BYTES)
        if self.size > self.max_bytes:
            raise LedgerError(f"below {self.prefix} are more than {self.max_bytes} bytes")

    def numbers(self) -> dict[int, Where]:
        """The entries by number; what is none is passed over."""
        matched = ((_NUMBER.fullmatch(key), where) for key, where in self.found.items())
        return {int(match[1]): where for match, where in matched if match}

    def objects(self, before: str = "") -> dict[str, tuple[Where, ...]]:
        """Where each object is in all its versions; ``before`` goes in front of its key."""
        return {
            before + key: (
                *self.extra.get(key, ()),
                *((self.found[key],) if key in self.found else ()),
            )
            for key in self.found.keys() | self.extra.keys()
        }

    def checkpoints(self) -> list[int]:
        """The numbers of the checkpoints, sorted."""
        names = (key.removeprefix(KEPT) for key in self.found if key.startswith(KEPT))
        return sorted(number for name in names if (number := checkpoint_number(name)))


@dataclass(frozen=True, slots=True)
class Everything:
    """All that stands of a ledger: entries and checkpoints by number, objects by their names.

    An object is there in all its versions, delete markers included; ``superfluous`` are those that
    lie over the first. Notes of emergencies are among the objects by their whole keys, and those
    that no ledger has taken in are in ``noted``, by their names.
    """

    entries: Mapping[int, bytes]
    checkpoints: Mapping[int, bytes]
    objects: Mapping[str, tuple[Any, ...]]
    superfluous: frozenset[Any]
    is_latched: bool
    noted: Mapping[str, bytes] = field(default_factory=dict)
