"""The ledger as objects of a bucket, through S3's API: ``ledger/<domain>/<n>.json``.

Checkpoints and the latch are below ``ledger/<domain>/kept/`` (`mtasts.ledger.kept`). A ledger of up
to a thousand objects is read with one listing. For a longer one, only the checkpoints and the
entries after the newest checkpoint are listed, so the number of calls does not grow with it.
The module is long because it is one class: reading, writing, checking and repairing share the names
of the objects and the errors of the API.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from mtasts.cloud.ledger_listing import KEPT, LedgerObjects, Listing, checkpoint_path
from mtasts.cloud.refusals import StoreError, as_store_error
from mtasts.errors import UndeterminedError
from mtasts.ledger.emergency_notes import pending, read_notes
from mtasts.ledger.entries import ENTRY_MAX_BYTES, LedgerError
from mtasts.ledger.kept import (
    CHECKPOINT_MAX_BYTES,
    LATCH,
    LEDGER_MAX_BYTES,
    Kept,
    block,
    entry_name,
    parse_checkpoint,
)
from mtasts.ledger.verification import repair_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DOMAINS_MAX = 10_000

Place = TypeVar("Place")
Name = TypeVar("Name")

_READS_AT_ONCE = 8
_TAKEN = (409, 412)  # with If-None-Match: another write is under way, or the object exists
_ALL = "ledger/"
_NOTES = "emergency/"


class ObjectStore(ABC, Generic[Place]):
    """`mtasts.ledger.run_cache.Store` in a bucket; every method blocks.

    A cloud adds how keys are listed, how an object is read, and its client.
    """

    # The call that lists keys: one that also finds those whose newest version is a delete marker.
    listing: ClassVar[Literal["list_object_versions", "list_objects_v2"]]
    ledger_max_bytes: ClassVar[int] = LEDGER_MAX_BYTES

    def __init__(self, bucket: str, stack: str) -> None:
        """Use ``bucket``; nothing is called yet. ``stack`` is for commands that are printed."""
        self.bucket = bucket
        self.stack = stack
        # botocore reads the definition of a paginator from a file, which is slow in many threads.
        self._paginating = Lock()
        self._pages: Any = None

    def read(self, domain: str, known: Kept | None = None) -> Kept:
        """The objects of a domain's ledger; with ``known``, only later entries are read.

        Empty if the bucket does not exist yet.

        Raises:
            UndeterminedError: the cloud refused or did not answer.
            LedgerError: an entry that a checkpoint has is missing or different, a checkpoint is
                damaged, or there are more bytes than a ledger has; hold the domain.
        """
        try:
            with as_store_error(f"the ledger of {domain}"):
                if known is not None and known.entries and known.is_whole:
                    return self._with_newer(
                        known, self._entries_from(prefix(domain), len(known.entries))
                    )
                return self._whole(domain)
        except LedgerError as error:
            raise LedgerError(f"{error}: {self.repair(domain)}") from error
        except StoreError as error:
            if error.has_no_bucket:
                return Kept(repair=self.repair(domain))
            raise

    def repair(self, domain: str) -> str:
        """The command that mends a domain's ledger."""
        return repair_command(self.stack, domain)

    def audit(self, domain: str) -> Kept:
        """All entries of a domain's ledger, with every checkpoint and note of emergency checked.

        Empty if the bucket does not exist yet.

        Raises:
            LedgerError: as `read`, or a note cannot be read; the text says what is wrong.
            UndeterminedError: the cloud refused or did not answer.
        """
        try:
            with as_store_error(f"the ledger of {domain}"):
                everything = self.look(prefix(domain), everything=True)
                noted_objects = self.look(notes_prefix(domain), everything=True)
                entries = self._fetch(everything.numbers())
                checkpoints = {
                    number: self._checkpoint(domain, number, everything.found[path])
                    for number in everything.checkpoints()
                    if (path := checkpoint_path(number))
                }
                noted = self._fetch(_pending(noted_objects))
        except StoreError as error:
            if error.has_no_bucket:
                return Kept(repair=self.repair(domain))
            raise
        for number, held in checkpoints.items():
            _require_same(number, held, set(entries), entries)
        read_notes(noted, domain, self.repair(domain))
        kept = self._kept(domain, Kept(entries, max(checkpoints, default=0)), everything)
        return replace(kept, notes=(*kept.notes, *self._warnings(domain, noted_objects)))

    def all_objects(self, domain: str) -> LedgerObjects:
        """All objects of a domain's ledger, unchecked, for a repair.

        Raises:
            UndeterminedError: the cloud refused or did not answer.
            LedgerError: there are more bytes than a ledger has.
        """
        with as_store_error(f"the ledger of {domain}"):
            listed = self.look(prefix(domain), everything=True)
            noted_objects = self.look(notes_prefix(domain), everything=True)
            checkpoints = {
                number: self.get(listed.found[checkpoint_path(number)], CHECKPOINT_MAX_BYTES)
                for number in listed.checkpoints()
            }
            return LedgerObjects(
                self._fetch(listed.numbers()),
                checkpoints,
                {**listed.objects(), **noted_objects.objects(notes_prefix(domain))},
                frozenset(each for extra in listed.extra.values() for each in extra)
                | frozenset(each for extra in noted_objects.extra.values() for each in extra),
                KEPT + LATCH in listed.found,
                self._fetch(_pending(noted_objects)),
            )

    def _whole(self, domain: str) -> Kept:
        """As `read` without anything known, with as few calls as possible."""
        start = prefix(domain)
        listed = self.look(start, everything=False)
        kept_objects = listed
        if not listed.is_whole:
            kept_objects = self.look(start + KEPT, everything=True, below=start)
        newest = max(kept_objects.checkpoints(), default=0)
        if not listed.is_whole:
            newer = self._entries_from(start, newest) if newest else None
            listed = newer or self.look(start, everything=True)
        numbers = listed.numbers()
        held: dict[int, bytes] = {}
        if newest:
            held = self._checkpoint(domain, newest, kept_objects.found[checkpoint_path(newest)])
        # The last entry of the checkpoint is read as well: it must equal the checkpoint's copy.
        read = self._fetch({n: place for n, place in numbers.items() if n >= newest})
        standing = set(numbers) if listed.is_whole else {*held} - {newest} | {*numbers}
        _require_same(newest, held, standing, read)
        kept = Kept(held | read, newest)
        return self._kept(
            domain, kept, listed if kept_objects is listed else _joined(listed, kept_objects)
        )

    def _kept(self, domain: str, kept: Kept, listed: Listing[Place]) -> Kept:
        is_latched = KEPT + LATCH in listed.found
        notes = self._warnings(domain, listed)
        return replace(kept, is_latched=is_latched, notes=notes, repair=self.repair(domain))

    def _warnings(self, domain: str, listed: Listing[Place]) -> tuple[str, ...]:
        """Warnings about objects that somebody changed without harm, with the command to mend."""
        return tuple(
            f"{listed.prefix}{key} of the bucket {self.bucket} {what}: {self.repair(domain)}"
            for key, what in sorted(listed.notes.items())
        )

    def _with_newer(self, known: Kept, newer: Listing[Place]) -> Kept:
        """``known``, and the entries that were appended since."""
        count = len(known.entries)
        new = {n: place for n, place in newer.numbers().items() if n > count}
        return replace(known, entries={**known.entries, **self._fetch(new)}) if new else known

    def _entries_from(self, start: str, number: int) -> Listing[Place]:
        """A listing that has the entry ``number`` and all later ones, read block by block."""
        found: Listing[Place] = Listing(start, is_whole=False, max_bytes=self.ledger_max_bytes)
        following, listed = number, set()
        while block(following) not in listed:
            listed.add(block(following))
            part = self.look(start + block(following), everything=True, below=start)
            found = _joined(found, part)
            while following in found.numbers():
                following += 1
        return found

    def _checkpoint(self, domain: str, number: int, place: Place) -> dict[int, bytes]:
        return parse_checkpoint(self.get(place, CHECKPOINT_MAX_BYTES), domain, number)

    def _fetch(self, places: Mapping[Name, Place]) -> dict[Name, bytes]:
        with ThreadPoolExecutor(_READS_AT_ONCE) as pool:
            read = pool.map(lambda place: self.get(place, ENTRY_MAX_BYTES), places.values())
            return dict(zip(places, read, strict=True))

    def domains(self) -> tuple[str, ...]:
        """Every domain that has a ledger, sorted; empty if the bucket does not exist yet.

        Folders below ``ledger/`` that are no domain names are returned unchanged.

        Raises:
            UndeterminedError: the cloud refused or did not answer.
            LedgerError: there are more than `DOMAINS_MAX`.
        """
        found: set[str] = set()
        try:
            with as_store_error(f"the ledgers in {self.bucket}"):
                # With a delimiter S3 lists folders, a thousand a call, and not the entries in them.
                for page in self.pages(_ALL, Delimiter="/"):
                    below = (each["Prefix"] for each in page.get("CommonPrefixes", []))
                    found.update(each.removeprefix(_ALL).removesuffix("/") for each in below)
                    if len(found) > DOMAINS_MAX:
                        raise LedgerError(
                            f"the bucket {self.bucket} has the ledgers of more than {DOMAINS_MAX} "
                            "domains"
                        )
        except StoreError as error:
            if error.has_no_bucket:
                return ()
            raise
        return tuple(sorted(found))

    def emergencies(self) -> dict[str, dict[str, bytes]]:
        """The notes of emergencies that no ledger has taken in: contents by domain and name.

        Raises:
            UndeterminedError: the cloud refused or did not answer.
            LedgerError: there are more bytes of notes than are read.
        """
        try:
            with as_store_error("the notes of emergencies"):
                listed = self.look(_NOTES, everything=True)
                read = self._fetch(_pending(listed))
        except StoreError as error:
            if error.has_no_bucket:
                return {}
            raise
        found: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        for key, raw in read.items():
            domain, _, name = key.partition("/")
            found[domain][name] = raw
        return dict(found)

    def note(self, domain: str, name: str, raw: bytes) -> None:
        """Write a note of an emergency, unless one with this name exists.

        Raises:
            UndeterminedError: the cloud refused or did not answer; do not serve the body.
        """
        try:
            with as_store_error(f"the note of an emergency of {domain}"):
                self.put(notes_prefix(domain) + name, raw)
        except StoreError as error:
            if error.status not in _TAKEN:
                raise

    def append(self, domain: str, number: int, entry: bytes) -> bool:
        """Write an entry; False if an entry with this number exists.

        Raises:
            UndeterminedError: the cloud refused or did not answer; the entry may be written.
        """
        return self._write(domain, entry_name(number), entry)

    def keep(self, domain: str, name: str, content: bytes) -> None:
        """Write a checkpoint or the latch, unless it exists.

        Raises:
            UndeterminedError: the cloud refused or did not answer; the object may be written.
        """
        self._write(domain, KEPT + name, content)

    def _write(self, domain: str, name: str, content: bytes) -> bool:
        """Write an object of a domain unless it exists; whether it was written.

        Raises:
            UndeterminedError: the cloud refused or did not answer, or there is no bucket yet.
        """
        try:
            with as_store_error(f"the ledger of {domain}"):
                self.put(prefix(domain) + name, content)
        except StoreError as error:
            if error.status in _TAKEN:
                return False
            if error.has_no_bucket:
                hint = f"(the bucket {self.bucket}: pulumi up --refresh -s {self.stack} creates it)"
                raise UndeterminedError(f"{error} {hint}") from error
            raise
        return True

    def put(self, key: str, content: bytes) -> None:
        """Write one object unless it exists.

        Raises:
            ClientError: the object exists (409, 412), or the cloud refused.
            BotoCoreError: the cloud did not answer.
        """
        self.s3().put_object(
            Bucket=self.bucket,
            Key=key,
            Body=content,
            ContentType="application/gzip" if key.endswith(".gz") else "application/json",
            # The condition makes the write atomic: of two runs that write one entry, one gets 412.
            IfNoneMatch="*",
            **self.owner(),
        )

    def pages(self, start: str, **options: Any) -> Iterator[Any]:  # noqa: ANN401 - botocore's
        """The pages of a listing of the keys that begin with ``start``."""
        with self._paginating:
            if self._pages is None:
                self._pages = self.s3().get_paginator(self.listing)
        yield from self._pages.paginate(Bucket=self.bucket, Prefix=start, **options, **self.owner())

    def look(self, start: str, *, everything: bool, below: str = "") -> Listing[Place]:
        """The objects below ``start``; without ``everything``, at most one page of a thousand.

        The keys in the listing lack the prefix ``below``, or else ``start``.
        """
        listed: Listing[Place] = Listing(below or start, max_bytes=self.ledger_max_bytes)
        for page in self.pages(start):
            self.take(page, listed)
            if not everything and page.get("IsTruncated"):
                listed.is_whole = False
                break
        return listed

    def owner(self) -> dict[str, str]:
        """The parameters of a call that name the owner of the bucket.

        Empty at R2, whose API finds only the account's own buckets. Raises as the account does.
        """
        return {}

    @abstractmethod
    def remove(self, objects: Sequence[Place]) -> None:
        """Delete objects of a ledger although it is protected; for a repair.

        Raises:
            UndeterminedError: the cloud refused or did not answer; some may be deleted.
        """

    @abstractmethod
    def lock(self) -> None:
        """Protect ledgers from deletion before the first entry; raises as `guard` does."""

    @abstractmethod
    def is_guarded(self) -> bool:
        """Whether the bucket protects ledgers from deletion; raises as `guard` does."""

    @abstractmethod
    def guard(self) -> None:
        """Restore that protection.

        Raises:
            UndeterminedError: the cloud refused or did not answer.
        """

    @abstractmethod
    def take(self, page: Mapping[str, Any], into: Listing[Place]) -> None:
        """Add one page of a listing."""

    @abstractmethod
    def get(self, place: Place, limit: int) -> bytes:
        """The content of one object: at most ``limit`` bytes and one more."""

    @abstractmethod
    def s3(self) -> Any:  # noqa: ANN401 - botocore's client
        """The client."""


def prefix(domain: str) -> str:
    """The prefix of the keys of a domain's ledger."""
    return f"{_ALL}{domain}/"


def notes_prefix(domain: str) -> str:
    """The prefix of the keys of the notes of a domain's emergencies."""
    return f"{_NOTES}{domain}/"


def _pending(listed: Listing[Place]) -> dict[str, Place]:
    """The places of the notes that no ledger has taken in yet, by name."""
    return {key: listed.found[key] for key in pending(listed.found)}


def _joined(one: Listing[Place], other: Listing[Place]) -> Listing[Place]:
    found, notes = {**one.found, **other.found}, {**one.notes, **other.notes}
    return Listing(one.prefix, found, one.is_whole, notes)


def _require_same(
    number: int, held: Mapping[int, bytes], standing: set[int], read: Mapping[int, bytes]
) -> None:
    """Compare the entries of a checkpoint with those that were read.

    Raises:
        LedgerError: an entry is missing, or differs from the copy in the checkpoint.
    """
    missing = sorted(held.keys() - standing)
    if missing:
        raise LedgerError(
            f"entry {missing[0]} of the ledger is missing, though the checkpoint {number} has it"
        )
    differing = sorted(each for each in held.keys() & read.keys() if held[each] != read[each])
    if differing:
        raise LedgerError(
            f"the checkpoint {number} and the ledger have different entries {differing[0]}"
        )
