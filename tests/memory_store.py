"""The one fake of `mtasts.recording.Store`: ledgers as data, with faults as data."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mtasts.errors import UndeterminedError
from mtasts.rollout.entries import render_entry

if TYPE_CHECKING:
    from mtasts.rollout.entries import Entry

DOMAIN = "example.gov"


class MemoryStore:
    """A store in memory, whose ``entries`` are those of `DOMAIN` and ``ledgers`` all of them.

    ``calls`` lists every call with its domain. Faults: ``fails`` maps a method's name, or that and
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

    def count(self, method: str) -> int:
        """How often a method was called."""
        return sum(called == method for called, _ in self.calls)

    def list(self, domain: str) -> dict[int, bytes]:
        """Every entry of a domain."""
        self._called("list", domain)
        return dict(self.ledgers[domain])

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

    def lock(self) -> None:
        """Note that it was asked for."""
        self._called("lock", "")
        self.is_locked = True

    def _called(self, method: str, domain: str) -> None:
        self.calls.append((method, domain))
        why = self.fails.get(method) or self.fails.get((method, domain))
        if why is not None:
            raise UndeterminedError(why)
