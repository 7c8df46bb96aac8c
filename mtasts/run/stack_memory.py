"""Reads what a stack's bucket has of earlier runs: ledgers, and notes of emergencies.

It may have ledgers of domains that the config does not list any more.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from mtasts.errors import UndeterminedError
from mtasts.findings import printable
from mtasts.ledger.emergency_notes import missing, read_notes
from mtasts.ledger.entries import LedgerError
from mtasts.ledger.history import Ledger
from mtasts.names import DomainNameError, parse_domain
from mtasts.rollout.facts import LedgerProblem
from mtasts.rollout.vanished import Remembered
from mtasts.rulings import warning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mtasts.config import AgencyConfig
    from mtasts.ledger.emergency_notes import Note
    from mtasts.ledger.recorder import Recorder
    from mtasts.rulings import Ruling

Found: TypeAlias = Ledger | LedgerProblem


class Memory:
    """Reads ledgers and notes, each once a run, after the account was checked."""

    def __init__(self, ledgers: Callable[[str], Recorder], identity: asyncio.Task[str]) -> None:
        """Read through the recorder that ``ledgers`` gives for the account; nothing is read yet."""
        self._ledgers = ledgers
        self.identity = identity
        self._notes: asyncio.Task[Mapping[str, Mapping[str, bytes]]] | None = None

    async def history(self, domain: str) -> tuple[Found, tuple[Note, ...]]:
        """The ledger of a domain, or why it is not known, and the notes of its emergencies.

        The ledger includes the entries of notes that this run will append. This method does not
        raise.
        """
        if self._notes is None:
            self._notes = asyncio.create_task(self._noted())
        ledger = await self._ledger(domain)
        try:
            noted = (await self._notes).get(domain, {})
            repair = self._ledgers(await self.identity).store.repair(domain)
            return _with_notes(ledger, read_notes(noted, domain, repair), repair)
        except (LedgerError, UndeterminedError) as error:
            return (error if isinstance(ledger, Ledger) else ledger), ()

    async def remembered(
        self, config: AgencyConfig
    ) -> tuple[tuple[Remembered, ...], LedgerProblem | None, tuple[Ruling, ...]]:
        """The domains that have a ledger and that the config does not list, or lists as parked.

        The second result is the error if not all of them are known, else None. The third has a
        warning for each folder below ``ledger/`` whose name is no domain.
        """
        try:
            names = await self._ledgers(await self.identity).domains()
        except (LedgerError, UndeterminedError) as error:
            return (), error, ()
        parked = {each.name: each.parked for each in config.domains}
        unlisted = [name for name in names if parked.get(name, True)]
        domains = [name for name in unlisted if _is_domain(name)]
        ledgers = await asyncio.gather(*map(self._ledger, domains))
        found = (
            Remembered(name, ledger, parked=name in parked)
            if isinstance(ledger, Ledger)
            else Remembered(name, problem=ledger, parked=name in parked)
            for name, ledger in zip(domains, ledgers, strict=True)
        )
        strays = (
            warning(
                "ledger-stray",
                f"ledger/{printable(name)}/ is not named after a domain; mtasts ignores it",
            )
            for name in unlisted
            if name not in domains
        )
        return tuple(found), None, tuple(strays)

    async def _ledger(self, domain: str) -> Found:
        try:
            return await self._ledgers(await self.identity).read(domain)
        except (LedgerError, UndeterminedError) as error:
            return error

    async def _noted(self) -> Mapping[str, Mapping[str, bytes]]:
        return await self._ledgers(await self.identity).emergencies()


def _with_notes(
    ledger: Found, notes: tuple[Note, ...], repair: str
) -> tuple[Found, tuple[Note, ...]]:
    """The ledger with the entries of ``notes`` that it lacks.

    Raises:
        LedgerError: there are notes, and the ledger is empty.
    """
    if not isinstance(ledger, Ledger):
        return ledger, notes
    return replace(ledger, entries=(*ledger.entries, *missing(ledger, notes, repair))), notes


def _is_domain(name: str) -> bool:
    try:
        return parse_domain(name) == name
    except DomainNameError:
        return False
