"""The one fake of `mtasts.ledger.run_cache.Store`: ledgers as data, with faults as data."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mtasts.errors import UndeterminedError
from mtasts.ledger.emergency_notes import pending
from mtasts.ledger.entries import render_entry
from mtasts.ledger.kept import LATCH, Kept, checkpoint_number
from mtasts.ledger.verification import repair_command

if TYPE_CHECKING:
    from mtasts.ledger.entries import Entry

DOMAIN = "example.gov"


class MemoryStore:
    """A store in memory, whose ``entries`` are those of `DOMAIN` and ``ledgers`` all of them.

    ``kept`` has what stands beside the entries. ``calls`` lists every call with its domain; a
    reading of what came since is a "look". Faults: ``fails`` maps a method's name, or that and
    a domain, to the reason why it does not tell; ``full`` of that many entries it takes no more;
    ``rival`` is written by somebody else just before the next entry; ``loses_answers`` writes, and
    says that it did not.
    """

    def __init__(
        self, *entries: Entry, full: int | None = None, rival: bytes | None = None
    ) -> None:
        """Hold the ``entries`` of `DOMAIN`."""
        self.ledgers: defaultdict[str, dict[int, bytes]] = defaultdict(dict)
        self.entries = {each.number: render_entry(each) for each in entries}
        self.kept: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        self.notes: tuple[str, ...] = ()
        self.noted: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        self.calls: list[tuple[str, str]] = []
        self.fails: dict[str | tuple[str, str], str] = {}
        self.full = full
        self.rival = rival
        self.loses_answers = False
        self.is_locked = False

    @property
    def entries(self) -> dict[int, bytes]:
        """Those of `DOMAIN`, by number."""
        return self.ledgers[DOMAIN]

    @entries.setter
    def entries(self, entries: dict[int, bytes]) -> None:
        self.ledgers[DOMAIN] = entries

    def clear(self) -> None:
        """Hold nothing any more."""
        self.ledgers.clear()
        self.kept.clear()

    def count(self, method: str) -> int:
        """How often a method was called."""
        return sum(called == method for called, _ in self.calls)

    def read(self, domain: str, known: Kept | None = None) -> Kept:
        """Everything of a domain."""
        self._called("read" if known is None else "look", domain)
        names = self.kept[domain]
        newest = max((n for each in names if (n := checkpoint_number(each))), default=0)
        return Kept(dict(self.ledgers[domain]), newest, LATCH in names, self.notes)

    def domains(self) -> tuple[str, ...]:
        """Those that have a ledger."""
        self._called("domains", "")
        return tuple(sorted(name for name, entries in self.ledgers.items() if entries))

    def append(self, domain: str, number: int, entry: bytes) -> bool:
        """Write an entry unless there is one."""
        self._called("append", domain)
        found = self.ledgers[domain]
        if self.full is not None and len(found) >= self.full:
            raise UndeterminedError("no bucket")
        if self.rival is not None:
            found.setdefault(number, self.rival)
        if number in found:
            return False
        found[number] = entry
        return not self.loses_answers

    def keep(self, domain: str, name: str, content: bytes) -> None:
        """Write a checkpoint or the latch, unless it stands."""
        self._called("keep", domain)
        self.kept[domain].setdefault(name, content)

    def emergencies(self) -> dict[str, dict[str, bytes]]:
        """The notes of emergencies that no ledger has taken in."""
        self._called("emergencies", "")
        return {
            domain: {name: found[name] for name in pending(found)}
            for domain, found in self.noted.items()
        }

    def note(self, domain: str, name: str, raw: bytes) -> None:
        """Write one unless it exists."""
        self._called("note", domain)
        self.noted[domain].setdefault(name, raw)

    def repair(self, domain: str) -> str:
        """The command that mends a ledger."""
        return repair_command("agency", domain)

    def lock(self) -> None:
        """Note that it was asked for."""
        self._called("lock", "")
        self.is_locked = True

    def _called(self, method: str, domain: str) -> None:
        self.calls.append((method, domain))
        why = self.fails.get(method) or self.fails.get((method, domain))
        if why is not None:
            raise UndeterminedError(why)
