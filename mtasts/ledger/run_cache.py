"""The ledgers of one store, read once a run; entries that the run appends are added to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from mtasts.ledger.entries import LedgerError
from mtasts.ledger.history import Ledger, read_kept
from mtasts.ledger.kept import (
    LATCH,
    Kept,
    checkpoint_name,
    render_checkpoint,
    render_latch,
)

if TYPE_CHECKING:
    import datetime as dt


class Store(Protocol):
    """Where ledgers are kept; every method blocks.

    All but `repair` raise `UndeterminedError` if the cloud refused or did not answer; those that
    read raise `LedgerError` for a ledger that is incomplete (`mtasts.cloud.ledger_objects`).
    """

    def domains(self) -> tuple[str, ...]:
        """Every domain that has a ledger in this store, sorted."""

    def read(self, domain: str, known: Kept | None = None) -> Kept:
        """The objects of a domain's ledger; with ``known``, only later entries are read."""

    def append(self, domain: str, number: int, entry: bytes) -> bool:
        """Write an entry; False if an entry with this number exists."""

    def keep(self, domain: str, name: str, content: bytes) -> None:
        """Write a checkpoint or the latch, unless it exists."""

    def emergencies(self) -> dict[str, dict[str, bytes]]:
        """The notes of emergencies that no ledger has taken in: contents by domain and name."""

    def note(self, domain: str, name: str, raw: bytes) -> None:
        """Write a note of an emergency, unless one with this name exists."""

    def repair(self, domain: str) -> str:
        """The command that mends a domain's ledger; does not block."""

    def lock(self) -> None:
        """Protect all present and future objects from being overwritten or deleted."""


class OvertakenError(LedgerError):
    """Another run has written an entry with this number first: read the ledger again."""


class Book:
    """The ledgers of one store as this run has read them; every method may block.

    Another run may have appended entries since. That is safe: the store never writes an entry whose
    number exists.
    """

    def __init__(self, store: Store) -> None:
        """Read nothing yet."""
        self.store = store
        self._known: dict[str, Kept] = {}
        self._ledgers: dict[str, Ledger] = {}

    def knows(self, domain: str) -> bool:
        """Whether this run has read the ledger of a domain."""
        return domain in self._known

    def kept(self, domain: str, *, again: bool = False) -> Kept:
        """The objects of a domain's ledger; with ``again``, later entries are read from the store.

        Raises:
            UndeterminedError: the cloud did not answer.
            LedgerError: a checkpoint and the entries contradict each other; hold the domain.
        """
        known = self._known.get(domain)
        if known is None or again:
            known = self._known[domain] = self.store.read(domain, known)
        return known

    def ledger(self, domain: str, *, again: bool = False) -> Ledger:
        """The ledger of a domain; each entry is parsed once a run.

        Raises:
            LedgerError: an entry is missing or unreadable; hold the domain.
            UndeterminedError: the cloud did not answer.
        """
        kept = self.kept(domain, again=again)
        before = self._ledgers.get(domain)
        if before is None or len(before.entries) != len(kept.entries):
            before = self._ledgers[domain] = read_kept(kept, before or Ledger())
        return before

    def append(self, domain: str, number: int, raw: bytes) -> None:
        """Append an entry.

        Raises:
            OvertakenError: another run has written an entry with this number; nothing was written.
            UndeterminedError: the cloud refused or did not answer; the entry may be written.
        """
        known = self.kept(domain)
        if self.store.append(domain, number, raw):
            entries = {**known.entries, number: raw}
            self._known[domain] = replace(known, entries=entries)
            return
        # botocore repeats a write whose answer was lost, and the second attempt then finds the
        # entry of the first.
        if self.kept(domain, again=True).entries.get(number) != raw:
            raise OvertakenError(
                f"another run has written entry {number} of the ledger of {domain}: run again"
            )

    def latch(self, domain: str, now: dt.datetime) -> None:
        """Write the latch, if there is none: the domain published enforce at least once.

        Raises:
            UndeterminedError: the cloud refused or did not answer; do not serve the body.
        """
        known = self.kept(domain)
        if not known.is_latched:
            self.store.keep(domain, LATCH, render_latch(domain, now))
            self._known[domain] = replace(known, is_latched=True)

    def condense(self, domain: str) -> None:
        """Write the checkpoint that is due, if one is.

        Raises:
            UndeterminedError: the cloud refused or did not answer; a later run writes it.
        """
        known = self.kept(domain)
        number = known.due
        made = None if number is None else render_checkpoint(domain, known.entries, number)
        if number is not None and made is not None:
            self.store.keep(domain, checkpoint_name(number), made)
            self._known[domain] = replace(known, checkpoint=number)
