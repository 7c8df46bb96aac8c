"""The copies of a stack's ledgers at its two clouds, while domains move between them.

One copy is authoritative, and its entries say which (docs/ledger.md). Everything here blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import Hosted, LedgerError, render_entry
from mtasts.ledger.history import Ledger
from mtasts.ledger.run_cache import Book

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from mtasts.config import Hosting
    from mtasts.ledger.run_cache import Store


@dataclass(slots=True)
class Copies:
    """The ledgers in ``store``, at the cloud ``hosting``, and in a move those at the other cloud.

    ``other_store`` returns the store at the other cloud.
    """

    store: Store
    hosting: Hosting
    now: Callable[[], dt.datetime]
    other_store: Callable[[], Store] | None
    _books: dict[str, Book] = field(default_factory=dict, init=False)
    _compared: set[str] = field(default_factory=set, init=False)

    def domains(self) -> tuple[str, ...]:
        """Every domain that has a ledger at either cloud; raises `UndeterminedError`."""
        other_domains = self.other_store().domains() if self.other_store is not None else ()
        return tuple(sorted({*self.store.domains(), *other_domains}))

    @property
    def book(self) -> Book:
        """The copies at this cloud, as this run has read them."""
        return self._books.setdefault("here", Book(self.store))

    def _other_book(self, other_store: Callable[[], Store]) -> Book:
        return self._books.setdefault("there", Book(other_store()))

    def read(self, domain: str, *, again: bool = False) -> tuple[Ledger, bool]:
        """The authoritative ledger, and whether the copy at this cloud has all of its entries.

        Raises:
            LedgerError: the copies differ, or one is incomplete.
            UndeterminedError: a cloud refused or did not answer.
        """
        kept = self.book.kept(domain, again=again)
        if self.other_store is None:
            return self.book.ledger(domain), True
        # `_copy` writes the last entry first, so an interrupted copy lacks its beginning.
        found = self.book.ledger(domain) if kept.is_whole else Ledger()
        was_handed_over = found.hosting == self.hosting and found.was_hosted_at(self.hosting.other)
        if was_handed_over and domain in self._compared:
            return found, True
        self._compared.add(domain)
        try:
            other = self._other_book(self.other_store)
            other_entries = other.kept(domain, again=again).entries
        except UndeterminedError:
            if was_handed_over:  # an outage of the former cloud may be the reason for the move
                return found, True
            raise
        entries = kept.entries
        differing = sorted(
            each
            for each in entries.keys() & other_entries.keys()
            if entries[each] != other_entries[each]
        )
        if differing:
            raise LedgerError(
                f"the ledgers of {domain} at the two clouds differ from entry {differing[0]} on, "
                "so one of them is of an earlier ledger (mtasts docs moving)"
            )
        if len(other_entries) > len(entries) or not kept.is_whole:
            return other.ledger(domain), False
        return found, True

    def take(self, domain: str) -> None:
        """Copy the whole ledger to this cloud; the entries say which copy is authoritative.

        It raises as `read`.
        """
        if self.other_store is None:
            return
        ledger, is_here = self.read(domain, again=True)
        if not ledger.entries or is_here:
            return
        other = self._other_book(self.other_store)
        if ledger.hosting is None:
            self._host(other, domain, self.hosting.other)
        _copy(other, self.book, domain, self.now())

    def hand_over(self, domain: str) -> None:
        """Make the copy at this cloud the authoritative one; it raises as `read`."""
        if self.other_store is None:
            return
        # The copy comes first: if this cloud refuses writes, the other copy remains authoritative.
        self.take(domain)
        ledger, _ = self.read(domain)
        if not ledger.entries or ledger.hosting == self.hosting:
            return
        other = self._other_book(self.other_store)
        if ledger.hosting is None and not other.kept(domain).entries:
            self._host(self.book, domain, self.hosting)
            return
        _copy(self.book, other, domain, self.now())
        self._host(other, domain, self.hosting)
        _copy(other, self.book, domain, self.now())

    def _host(self, book: Book, domain: str, hosting: Hosting) -> None:
        number = book.ledger(domain).next_number
        book.append(domain, number, render_entry(Hosted(number, self.now(), hosting)))


def _copy(source: Book, target: Book, domain: str, now: dt.datetime) -> None:
    """Copy the entries that ``target`` lacks, and the latch.

    The last entry is copied first, so that an interrupted copy has a gap and is noticed. The lock
    is set before entries in enforce are copied.
    """
    kept, present = source.kept(domain), target.kept(domain)
    latches = kept.is_latched and not present.is_latched
    if latches:
        target.store.lock()
    for number, raw in sorted(kept.entries.items(), reverse=True):
        if number not in present.entries:
            target.append(domain, number, raw)
    if latches:
        target.latch(domain, now)
