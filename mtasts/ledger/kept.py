"""What a store keeps of one domain's ledger: entries, checkpoints of them, and the latch.

A checkpoint holds all entries up to one number, so that reading costs the same few calls however
long the ledger grows. It changes nothing: the entries themselves stay, and one that contradicts
them is found (docs/ledger.md).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.ledger.entries import LedgerError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

VERSION = 1
LATCH = "enforced.json"
CHECKPOINT_MAX_BYTES = 64 * 1024 * 1024
# What is read of a ledger, entries and checkpoint alike, before it is taken for no ledger.
LEDGER_MAX_BYTES = 256 * 1024 * 1024
_GZIP = 31  # zlib's word for its header and trailer
_SMALL = 1000


@dataclass(frozen=True, slots=True)
class Kept:
    """What a store has of a domain's ledger.

    ``entries`` are by number, ``checkpoint`` is the number up to which a checkpoint has them (0
    without one). ``is_latched`` says that the domain once told senders to refuse mail. ``notes``
    tell what somebody did to the objects that changed nothing, and ``repair`` is the command that
    mends what can be mended, empty where there is none.
    """

    entries: Mapping[int, bytes] = field(default_factory=dict)
    checkpoint: int = 0
    is_latched: bool = False
    notes: tuple[str, ...] = ()
    repair: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether no entry before the last is missing."""
        return self.entries.keys() == set(range(1, len(self.entries) + 1))

    @property
    def due(self) -> int | None:
        """Up to which entry a checkpoint should be made now, if it should."""
        count = len(self.entries)
        number = count - count % _step(count)
        return number if number > self.checkpoint else None


def _step(number: int) -> int:
    """How far apart checkpoints are: each holds everything, so in a long ledger they are rarer."""
    return 10 if number < _SMALL else 100


def block(number: int) -> str:
    """What the decimal numbers begin with of which an entry and its neighbours are listed.

    The numbers from one checkpoint up to the next share it, so that one listing tells of all
    entries behind a checkpoint.
    """
    return str(number // _step(number)) if number >= _step(number) else ""


def render_latch(domain: str, now: dt.datetime) -> bytes:
    """What is written before a domain tells senders to refuse mail for the first time."""
    said = {"version": VERSION, "domain": domain, "at": now.isoformat()}
    return json.dumps(said).encode("ascii") + b"\n"


def entry_name(number: int) -> str:
    """What an entry's object is called."""
    return f"{number}.json"


def checkpoint_name(number: int) -> str:
    """What the checkpoint of the entries up to ``number`` is called; names sort as numbers do."""
    return f"checkpoint-{number:010}.json.gz"


def checkpoint_number(name: str) -> int | None:
    """The number in a checkpoint's name; None for what is none."""
    digits = name.removeprefix("checkpoint-").removesuffix(".json.gz")
    is_one = digits.isascii() and digits.isdecimal() and name == checkpoint_name(int(digits))
    return int(digits) if is_one and int(digits) else None


@dataclass(frozen=True, slots=True)
class Limits:
    """How large what is kept may be: a checkpoint as it is stored, and all the entries in it."""

    checkpoint_bytes: int = CHECKPOINT_MAX_BYTES
    ledger_bytes: int = LEDGER_MAX_BYTES


LIMITS = Limits()


def render_checkpoint(
    domain: str, entries: Mapping[int, bytes], number: int, limits: Limits = LIMITS
) -> bytes | None:
    """The checkpoint of the entries 1 to ``number``, the same bytes whoever makes it.

    None where it would be too large to be read; then reading takes more calls, and nothing else.
    """
    held = [entries[each] for each in range(1, number + 1)]
    document = {
        "version": VERSION,
        "domain": domain,
        "number": number,
        "sha256": chain(domain, held),
        # Any bytes as text and back, so that nothing of an entry is lost.
        "entries": [each.decode("latin-1") for each in held],
    }
    text = json.dumps(document).encode("ascii")
    packed = gzip.compress(text, mtime=0)
    if len(packed) > limits.checkpoint_bytes or len(text) > limits.ledger_bytes:
        return None
    return packed


def parse_checkpoint(
    raw: bytes, domain: str, number: int, limits: Limits = LIMITS
) -> dict[int, bytes]:
    """The entries that a checkpoint holds, by number.

    Raises:
        LedgerError: it is not what its name says, or contradicts its own digest.
    """
    what = f"the checkpoint {number} of the ledger of {domain}"
    if len(raw) > limits.checkpoint_bytes:
        raise LedgerError(f"{what} is larger than {limits.checkpoint_bytes} bytes")
    try:
        unpacking = zlib.decompressobj(_GZIP)
        text = unpacking.decompress(raw, limits.ledger_bytes)
        if not unpacking.eof or unpacking.unused_data:
            raise LedgerError(f"{what} is cut off, or has more than {limits.ledger_bytes} bytes")
        found = json.loads(text)
        named = (found["version"], found["domain"], found["number"])
        held = [each.encode("latin-1") for each in found["entries"]]
        digest = found["sha256"]
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = printable(f"{type(error).__name__}: {error}")
        raise LedgerError(f"{what} cannot be read: {why}") from error
    if named != (VERSION, domain, number) or len(held) != number:
        raise LedgerError(f"{what} is of another ledger, number or release")
    if digest != chain(domain, held):
        raise LedgerError(f"{what} contradicts its own digest")
    return dict(enumerate(held, start=1))


def chain(domain: str, entries: Iterable[bytes]) -> str:
    """The digest of a row of entries, each of which it carries on from the one before."""
    digest = hashlib.sha256(domain.encode("utf-8")).digest()
    for each in entries:
        digest = hashlib.sha256(digest + hashlib.sha256(each).digest()).digest()
    return digest.hex()
