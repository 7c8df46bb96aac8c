"""The ledgers of one store as a run knows them: read once, and added to as they are written."""

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

    It raises as `mtasts.cloud.ledger_objects` does.
    """

    def domains(self) -> tuple[str, ...]:
        """Every domain that has a ledger here, sorted."""

    def read(self, domain: str, known: Kept | None = None) -> Kept:
        """Everything of a domain; with what is ``known``, only what is behind it is looked for."""

    def append(self, domain: str, number: int, entry: bytes) -> bool:
        """Write an entry unless one of that number exists; whether it was written."""

    def keep(self, domain: str, name: str, content: bytes) -> None:
        """Write a checkpoint or the latch beside the entries, unless it stands."""

    def emergencies(self) -> dict[str, dict[str, bytes]]:
        """What was noted in emergencies and no ledger has taken in: by domain, and by name."""

    def note(self, domain: str, name: str, raw: bytes) -> None:
        """Write what an emergency serves beside the ledger, unless there is one of that name."""

    def repair(self, domain: str) -> str:
        """The command that mends what can be mended of a domain's ledger; does not block."""

    def lock(self) -> None:
        """Keep whatever there is, or ever comes, from being written over or deleted."""


class OvertakenError(LedgerError):
    """Somebody else has written the entry first: what was known of the ledger is out of date."""


class Book:
    """What this run knows of the ledgers of one store; every method may block.

    What is known of a domain may lag behind the store. Nothing is lost by that: an entry is only
    written where none stands.
    """

    def __init__(self, store: Store) -> None:
        """Know nothing yet."""
        self.store = store
        self._known: dict[str, Kept] = {}
        self._ledgers: dict[str, Ledger] = {}

    def knows(self, domain: str) -> bool:
        """Whether the ledger of a domain was read."""
        return domain in self._known

    def kept(self, domain: str, *, again: bool = False) -> Kept:
        """What the store has of a domain; with ``again``, with what came since it was read.

        Raises:
            UndeterminedError: the cloud did not tell.
            LedgerError: a checkpoint and the entries contradict each other.
        """
        known = self._known.get(domain)
        if known is None or again:
            known = self._known[domain] = self.store.read(domain, known)
        return known

    def ledger(self, domain: str, *, again: bool = False) -> Ledger:
        """The ledger of a domain, each entry of which is understood once; raises `LedgerError`."""
        kept = self.kept(domain, again=again)
        before = self._ledgers.get(domain)
        if before is None or len(before.entries) != len(kept.entries):
            before = self._ledgers[domain] = read_kept(kept, before or Ledger())
        return before

    def append(self, domain: str, number: int, raw: bytes) -> None:
        """Append an entry; raises `OvertakenError` where somebody else has."""
        known = self.kept(domain)
        if self.store.append(domain, number, raw):
            entries = {**known.entries, number: raw}
            self._known[domain] = replace(known, entries=entries)
            return
        # A write whose answer was lost is tried again, and finds its own entry in the way.
        if self.kept(domain, again=True).entries.get(number) != raw:
            raise OvertakenError(
                f"another run has written entry {number} of the ledger of {domain}: run again"
            )

    def latch(self, domain: str, now: dt.datetime) -> None:
        """Say for ever that the domain told senders to refuse mail; raises `UndeterminedError`."""
        known = self.kept(domain)
        if not known.is_latched:
            self.store.keep(domain, LATCH, render_latch(domain, now))
            self._known[domain] = replace(known, is_latched=True)

    def condense(self, domain: str) -> None:
        """Make the checkpoint that is due, if one is; raises `UndeterminedError`."""
        known = self.kept(domain)
        number = known.due
        made = None if number is None else render_checkpoint(domain, known.entries, number)
        if number is not None and made is not None:
            self.store.keep(domain, checkpoint_name(number), made)
            self._known[domain] = replace(known, checkpoint=number)
