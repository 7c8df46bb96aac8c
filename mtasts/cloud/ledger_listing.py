"""A listing of the objects below a prefix of a bucket: one ledger, or a part of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mtasts.ledger.entries import LedgerError
from mtasts.ledger.kept import LEDGER_MAX_BYTES, checkpoint_name, checkpoint_number

if TYPE_CHECKING:
    from collections.abc import Mapping

Place = TypeVar("Place")

KEPT = "kept/"
OBJECT_BYTES = 256  # a smaller object is counted as this size: empty ones must be limited as well
_NUMBER = re.compile(r"([1-9][0-9]{0,9})\.json")


def checkpoint_path(number: int) -> str:
    """The key of the checkpoint ``number``, without the ledger's prefix."""
    return KEPT + checkpoint_name(number)


@dataclass(slots=True)
class Listing(Generic[Place]):
    """The objects below a prefix. All mappings are by the key without the prefix.

    ``found`` has the place of each object (its key, at S3 with the version). ``is_whole`` says that
    the listing is complete. ``notes`` say that an object was overwritten or deleted later, and
    ``extra`` has the later versions and delete markers. ``size`` is in bytes.
    """

    prefix: str
    found: dict[str, Place] = field(default_factory=dict)
    is_whole: bool = True
    notes: dict[str, str] = field(default_factory=dict)
    extra: dict[str, list[Place]] = field(default_factory=dict)
    size: int = 0
    max_bytes: int = LEDGER_MAX_BYTES

    def count(self, size: int) -> None:
        """Add the size of one object in bytes.

        Raises:
            LedgerError: the objects are larger than any ledger; nothing more is read.
        """
        self.size += max(size, OBJECT_BYTES)
        if self.size > self.max_bytes:
            raise LedgerError(f"below {self.prefix} are more than {self.max_bytes} bytes")

    def numbers(self) -> dict[int, Place]:
        """The places of the entries, by number; other objects are ignored."""
        matched = ((_NUMBER.fullmatch(key), place) for key, place in self.found.items())
        return {int(match[1]): place for match, place in matched if match}

    def objects(self, before: str = "") -> dict[str, tuple[Place, ...]]:
        """The places of all versions of each object, by ``before`` and its key."""
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
class LedgerObjects:
    """All objects of a ledger, for a repair.

    ``entries`` and ``checkpoints`` map numbers to contents. ``objects`` maps a name to the places
    of all its versions, delete markers included; the names of notes of emergencies are whole keys.
    ``superfluous`` are the later versions and markers that hide a first version. ``noted`` maps the
    names of notes that no ledger has taken in to their contents.
    """

    entries: Mapping[int, bytes]
    checkpoints: Mapping[int, bytes]
    objects: Mapping[str, tuple[Any, ...]]
    superfluous: frozenset[Any]
    is_latched: bool
    noted: Mapping[str, bytes] = field(default_factory=dict)
