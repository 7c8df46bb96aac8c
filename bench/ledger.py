"""How many calls to the store one reading of a ledger takes, with checkpoints and without.

The store is mtasts's own, over a dictionary that lists a thousand keys per page, as S3 and R2 do.
"Theirs" is the same ledger without checkpoints, where each entry is a call.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import TYPE_CHECKING, Any

from mtasts.cloud.ledger_objects import ObjectStore, prefix
from mtasts.ledger.entries import MxSeen, render_entry
from mtasts.ledger.history import read_kept
from mtasts.ledger.kept import Kept, checkpoint_name, render_checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mtasts.cloud.ledger_listing import Listing

SIZES = (10, 1_000, 20_000)
DOMAIN = "example.gov"
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_PAGE = 1000


class Counted(ObjectStore[str]):
    """Objects in memory; ``calls`` counts the requests that a bucket would have received."""

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        """Hold the objects, by key."""
        super().__init__("bench", "bench")
        self.objects = objects
        self.calls = 0

    def pages(self, start: str, **options: object) -> Iterator[Any]:
        """Sorted keys, a thousand per page."""
        del options
        found = sorted(key for key in self.objects if key.startswith(start))
        for first in range(0, max(len(found), 1), _PAGE):
            self.calls += 1
            yield {"keys": found[first : first + _PAGE], "IsTruncated": first + _PAGE < len(found)}

    def take(self, page: Mapping[str, Any], into: Listing[str]) -> None:
        """Add one page."""
        for key in page["keys"]:
            into.found[key.removeprefix(into.prefix)] = key
            into.count(len(self.objects[key]))

    def get(self, where: str, limit: int) -> bytes:
        """One object."""
        self.calls += 1
        return self.objects[where][: limit + 1]

    def remove(self, objects: Sequence[str]) -> None:
        """No-op: a reading removes nothing."""

    def s3(self) -> Any:  # noqa: ANN401 - as the base class
        """None: there is no client."""

    def lock(self) -> None:
        """No-op: nothing is written."""

    def is_guarded(self) -> bool:
        """False: nothing keeps these objects from being deleted."""
        return False

    def guard(self) -> None:
        """No-op: nothing is written."""


def ledger(count: int, *, checkpoints: bool) -> dict[str, bytes]:
    """The objects of a ledger with ``count`` entries.

    With ``checkpoints``, the newest checkpoint is complete; older ones are empty, because a reading
    reads only their names.
    """
    entries = {
        number: render_entry(MxSeen(number, NOW, (f"mx{number}.example.gov",), 300))
        for number in range(1, count + 1)
    }
    objects = {f"{prefix(DOMAIN)}{number}.json": raw for number, raw in entries.items()}
    if checkpoints:
        newest = Kept(entries).due
        for number in [*range(10, min(count, 1000), 10), *range(1000, count + 1, 100), newest]:
            raw = render_checkpoint(DOMAIN, entries, number) if number == newest else b""
            objects[f"{prefix(DOMAIN)}kept/{checkpoint_name(number)}"] = raw or b""
    return objects


def measure(count: int) -> dict[str, object]:
    """The calls of one reading, and the milliseconds until the ledger is parsed.

    Raises:
        SystemExit: the reading did not return every entry.
    """
    ours, theirs = (Counted(ledger(count, checkpoints=each)) for each in (True, False))
    theirs.read(DOMAIN)
    started = time.perf_counter()
    found = read_kept(ours.read(DOMAIN))
    took = time.perf_counter() - started
    if len(found.entries) != count:
        raise SystemExit(f"{len(found.entries)} of {count} entries were read")
    return {
        "name": f"reading a ledger of {count} entries, against one without checkpoints",
        "ratio": round(ours.calls / theirs.calls, 4),
        "ours": ours.calls,
        "theirs": theirs.calls,
        "unit": "calls",
        "milliseconds": round(took * 1000, 1),
    }


if __name__ == "__main__":
    for size in SIZES:
        print(json.dumps(measure(size)))
