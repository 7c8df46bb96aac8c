"""The objects of one domain's ledger in a store: entries, checkpoints and the latch.

A checkpoint is a copy of the entries 1 to n in one object, so that a long ledger is read with as
few calls as a short one. The entries decide: a checkpoint that contradicts them is an error
(docs/ledger.md).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.json_fields import JsonError, read_fields
from mtasts.ledger.entries import LedgerError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

VERSION = 1
LATCH = "enforced.json"
CHECKPOINT_MAX_BYTES = 64 * 1024 * 1024
# Entries and checkpoint together; more than this is an attack or a mistake, and is not read.
LEDGER_MAX_BYTES = 256 * 1024 * 1024
_GZIP = 31  # wbits of zlib: expect the header and trailer of gzip
_SMALL = 1000


@dataclass(frozen=True, slots=True)
class Kept:
    """What a store has of a domain's ledger.

    ``entries`` maps an entry's number to its JSON. ``checkpoint`` is the number of the newest
    checkpoint, 0 without one. ``is_latched`` says that the domain published enforce at least once.
    ``notes`` are warnings about objects that somebody changed without harm. ``repair`` is the
    command that mends the ledger, empty if there is none.
    """

    entries: Mapping[int, bytes] = field(default_factory=dict)
    checkpoint: int = 0
    is_latched: bool = False
    notes: tuple[str, ...] = ()
    repair: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether the numbers run from 1 to the last entry without a gap."""
        return self.entries.keys() == set(range(1, len(self.entries) + 1))

    @property
    def due(self) -> int | None:
        """The number of the checkpoint that should be written now; None if none is due."""
        count = len(self.entries)
        number = count - count % _step(count)
        return number if number > self.checkpoint else None


def _step(number: int) -> int:
    """Entries from one checkpoint to the next: each is a full copy, so long ledgers have fewer."""
    return 10 if number < _SMALL else 100


def block(number: int) -> str:
    """The first digits that the numbers of one block of entries share; "" for the first block.

    A block runs from one checkpoint to the next, so that one listing by this prefix finds all
    entries after a checkpoint.
    """
    return str(number // _step(number)) if number >= _step(number) else ""


def render_latch(domain: str, now: dt.datetime) -> bytes:
    """The content of the latch, which is written before a domain first publishes enforce."""
    latch = {"version": VERSION, "domain": domain, "at": now.isoformat()}
    return json.dumps(latch).encode("ascii") + b"\n"


def entry_name(number: int) -> str:
    """The name of an entry's object."""
    return f"{number}.json"


def checkpoint_name(number: int) -> str:
    """The name of the checkpoint of the entries 1 to ``number``; names sort as numbers do."""
    return f"checkpoint-{number:010}.json.gz"


def checkpoint_number(name: str) -> int | None:
    """The number in a checkpoint's name; None for any other name."""
    digits = name.removeprefix("checkpoint-").removesuffix(".json.gz")
    is_one = digits.isascii() and digits.isdecimal() and name == checkpoint_name(int(digits))
    return int(digits) if is_one and int(digits) else None


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits in bytes: of a checkpoint as stored, and of all the entries in it."""

    checkpoint_bytes: int = CHECKPOINT_MAX_BYTES
    ledger_bytes: int = LEDGER_MAX_BYTES


LIMITS = Limits()


def render_checkpoint(
    domain: str, entries: Mapping[int, bytes], number: int, limits: Limits = LIMITS
) -> bytes | None:
    """The checkpoint of the entries 1 to ``number``: equal entries give equal bytes.

    None if it would be too large for `parse_checkpoint`; the ledger is then read entry by entry.
    """
    held = [entries[each] for each in range(1, number + 1)]
    document = {
        "version": VERSION,
        "domain": domain,
        "number": number,
        "sha256": chain(domain, held),
        # latin-1 maps each byte to one character, so that even an unreadable entry is copied whole.
        "entries": [each.decode("latin-1") for each in held],
    }
    text = json.dumps(document).encode("ascii")
    packed = gzip.compress(text, mtime=0)  # a time would make two runs write different bytes
    if len(packed) > limits.checkpoint_bytes or len(text) > limits.ledger_bytes:
        return None
    return packed


def parse_checkpoint(
    raw: bytes, domain: str, number: int, limits: Limits = LIMITS
) -> dict[int, bytes]:
    """The entries that a checkpoint holds, by number.

    Raises:
        LedgerError: it is of another ledger, number or release, or its digest is wrong.
    """
    what = f"the checkpoint {number} of the ledger of {domain}"
    if len(raw) > limits.checkpoint_bytes:
        raise LedgerError(f"{what} is larger than {limits.checkpoint_bytes} bytes")
    try:
        # gzip.decompress has no limit, and a small file may unpack to gigabytes.
        unpacking = zlib.decompressobj(_GZIP)
        text = unpacking.decompress(raw, limits.ledger_bytes)
        if not unpacking.eof or unpacking.unused_data:
            raise LedgerError(f"{what} is cut off, or has more than {limits.ledger_bytes} bytes")
        found = read_fields(text, limits.ledger_bytes)
        named = (found.whole("version"), found.text("domain"), found.whole("number"))
        held = [each.encode("latin-1") for each in found.texts("entries")]
        digest = found.text("sha256")
    except (zlib.error, JsonError, UnicodeEncodeError) as error:
        why = printable(f"{type(error).__name__}: {error}")
        raise LedgerError(f"{what} cannot be read: {why}") from error
    if named != (VERSION, domain, number) or len(held) != number:
        raise LedgerError(f"{what} is of another ledger, number or release")
    if digest != chain(domain, held):
        raise LedgerError(f"{what} does not match its own digest")
    return dict(enumerate(held, start=1))


def chain(domain: str, entries: Iterable[bytes]) -> str:
    """SHA-256, as hex, of the entries in order; each step adds one entry to the digest so far."""
    digest = hashlib.sha256(domain.encode("utf-8")).digest()
    for each in entries:
        digest = hashlib.sha256(digest + hashlib.sha256(each).digest()).digest()
    return digest.hex()
