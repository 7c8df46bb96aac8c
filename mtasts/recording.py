"""The ledger at work: read before a run decides, and written ahead of what it tells of."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from mtasts.clock import utc_now
from mtasts.rollout.entries import (
    Body,
    Delegated,
    HostMoved,
    LedgerError,
    MxSeen,
    PhaseEntered,
    Proof,
    StageEntered,
    ZoneSeen,
    render_entry,
)
from mtasts.rollout.ledger import Ledger, read

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from mtasts.observations import DnsAnswer
    from mtasts.rollout.entries import Adopted, Entry
    from mtasts.rollout.ledger import Intended
    from mtasts.rollout.phases import Phase
    from mtasts.rollout.stages import Stage
    from mtasts.rollout.zones import HostedZone


class Store(Protocol):
    """Where entries are kept; every method blocks, and raises as `mtasts.stores.s3` does."""

    def list(self, domain: str) -> dict[int, bytes]:
        """Every entry of a domain by number."""

    def append(self, domain: str, number: int, entry: bytes) -> bool:
        """Write an entry unless one of that number exists; whether it was written."""

    def lock(self) -> None:
        """Keep every entry there is from being written over or deleted."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """Reads and appends the entries of one stack's domains."""

    store: Store
    now: Callable[[], dt.datetime] = utc_now

    async def read(self, domain: str) -> Ledger:
        """The ledger of a domain; raises `LedgerError` and `UndeterminedError`, never guesses."""
        return read(await asyncio.to_thread(self.store.list, domain))

    async def lock(self) -> None:
        """Keep the entries for good; raises `UndeterminedError`."""
        await asyncio.to_thread(self.store.lock)

    async def ensure_body(self, domain: str, intended: Intended) -> None:
        """See to it that ``intended`` is the last body of the ledger, before anybody gets it.

        Raises:
            LedgerError: another run has written another body meanwhile.
        """
        ledger = await self.read(domain)
        last = ledger.last_body
        if last is not None and (last.body, last.id) == (intended.body, intended.id):
            return
        if intended.revision != (last.revision + 1 if last else 0):
            raise LedgerError(
                f"the ledger of {domain} has moved on since this run began: another run has "
                f"published revision {last.revision if last else 'none'}; run again"
            )
        await self._append(domain, intended.entry(ledger.next_number, self.now()))

    async def proven(
        self, domain: str, id_: str, addresses: tuple[str, ...], unseen: tuple[str, ...]
    ) -> None:
        """Write down that the body of ``id_`` was seen, before the record names it."""
        ledger = await self.read(domain)
        entry = Proof(ledger.next_number, self.now(), id_, addresses, unseen)
        await self._append(domain, entry)

    async def adopt(
        self, domain: str, adopted: Adopted, body: Body, addresses: Sequence[str]
    ) -> None:
        """Begin the ledger of a domain that had MTA-STS before: as it is served, under its id.

        What an earlier attempt has written of this is not written twice.

        Raises:
            LedgerError: the ledger holds something else already.
        """
        proof = Proof(3, body.at, body.id, tuple(addresses))
        entries: tuple[Entry, ...] = (adopted, body, proof)
        for number, entry in enumerate(entries, start=1):
            found = (await self.read(domain)).entries
            if len(found) < number:
                await self._append(domain, entry)
            elif not _is_same(found[number - 1], entry):
                raise LedgerError(f"{domain} has a ledger already: there is nothing to take over")

    async def advance(self, domain: str, phase: Phase, ttl_seconds: int) -> None:
        """Write down that a retirement enters ``phase``, before anything is withdrawn."""
        ledger = await self.read(domain)
        entry = PhaseEntered(ledger.next_number, self.now(), phase, ttl_seconds)
        await self._append(domain, entry)

    async def enter(self, domain: str, stage: Stage) -> None:
        """Write down that a domain enters ``stage``, before anything of it is declared."""
        ledger = await self.read(domain)
        await self._append(domain, StageEntered(ledger.next_number, self.now(), stage))

    async def mx_seen(self, domain: str, ledger: Ledger, answer: DnsAnswer) -> None:
        """Write down the MX set that DNS has, where it is another than the last one seen."""
        if not answer.settled:
            return
        hosts = tuple(sorted(answer.mx_hosts))
        if ledger.last_mx is not None and ledger.last_mx.hosts == hosts:
            return
        entry = MxSeen(ledger.next_number, self.now(), hosts, answer.ttl_seconds)
        await self._append(domain, entry)

    async def zone_seen(self, domain: str, ledger: Ledger, zone: HostedZone) -> None:
        """Write down where the records are, where that is another zone than the last one seen."""
        if ledger.last_zone == zone:
            return
        number = (await self.read(domain)).next_number
        await self._append(domain, ZoneSeen(number, self.now(), zone))

    async def host_moves(self, domain: str, hosting: str, ttl_seconds: int) -> None:
        """Write down that the policy host's name is about to lead to another cloud."""
        number = (await self.read(domain)).next_number
        await self._append(domain, HostMoved(number, self.now(), hosting, ttl_seconds))

    async def delegation_seen(
        self, domain: str, ledger: Ledger, zone: HostedZone, ttl_seconds: int
    ) -> None:
        """Write down to which of two zones DNS leads, where that was another one before."""
        if ledger.delegated is not None and ledger.delegated.zone_id == zone.zone_id:
            return
        number = (await self.read(domain)).next_number
        await self._append(domain, Delegated(number, self.now(), zone.zone_id, ttl_seconds))

    async def _append(self, domain: str, entry: Entry) -> None:
        raw = render_entry(entry)
        if await asyncio.to_thread(self.store.append, domain, entry.number, raw):
            return
        # A write whose answer was lost is tried again, and finds its own entry in the way.
        if (await asyncio.to_thread(self.store.list, domain)).get(entry.number) != raw:
            raise LedgerError(
                f"another run has written entry {entry.number} of the ledger of {domain}: run again"
            )


def _is_same(found: Entry, wanted: Entry) -> bool:
    """Whether an entry says what is wanted; of what is seen at another time, only its kind."""
    if isinstance(found, Body) and isinstance(wanted, Body):
        return replace(found, at=wanted.at) == wanted
    return type(found) is type(wanted)


def copy_ledger(source: Store, target: Store, domain: str) -> int:
    """Copy the entries that ``target`` lacks, in order; how many that were. Blocks.

    Raises:
        LedgerError: the target holds another history.
    """
    present, copied = target.list(domain), 0
    for number, entry in sorted(source.list(domain).items()):
        if number in present or not target.append(domain, number, entry):
            if present.get(number, entry) != entry:
                raise LedgerError(
                    f"the target has another entry {number} of the ledger of {domain}"
                )
            continue
        copied += 1
    return copied
