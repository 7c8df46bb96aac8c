"""Reads the ledgers of a stack, and appends each entry before the change that it describes.

Each kind of entry has its method, and all share one way to write. Where domains move between
clouds, `mtasts.ledger.copies` says which copy is authoritative.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mtasts.clock import utc_now
from mtasts.ledger.copies import Copies
from mtasts.ledger.emergency_notes import missing, render_body, render_proof, render_taken_in
from mtasts.ledger.entries import (
    Body,
    Delegated,
    Hosted,
    HostTarget,
    LedgerError,
    MxSeen,
    PhaseEntered,
    Proof,
    ProtectionChanged,
    StageEntered,
    ZoneSeen,
    render_entry,
)
from mtasts.ledger.history import Ledger, enforces
from mtasts.ledger.run_cache import OvertakenError
from mtasts.threads import in_thread

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Awaitable, Callable, Sequence

    from mtasts.config import Hosting
    from mtasts.ledger.emergency_notes import Note
    from mtasts.ledger.entries import Adopted, Entry
    from mtasts.ledger.history import Intended
    from mtasts.ledger.phases import Phase
    from mtasts.ledger.run_cache import Store
    from mtasts.ledger.stages import Stage
    from mtasts.observations import DnsAnswer
    from mtasts.zones import HostedZone


@dataclass(frozen=True, slots=True)
class Recorder:
    """Reads and appends the ledger entries of one stack's domains, one at a time for each domain.

    ``store`` is at ``hosting``, the cloud in the stack's config. While domains move between clouds,
    ``other_store`` returns the store at the other cloud; the call may block.

    Every method that writes raises `LedgerError` if another run wrote an entry meanwhile or the
    ledger is not at this cloud, and `UndeterminedError` if the cloud refused or did not answer. The
    change that the entry announces must not be made then.
    """

    store: Store
    hosting: Hosting
    now: Callable[[], dt.datetime] = utc_now
    other_store: Callable[[], Store] | None = None
    _copies: Copies = field(init=False, repr=False, compare=False)
    # One writer at a time for each domain: two entries of one run must not get the same number.
    _turns: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock), repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Open the copies at both clouds; nothing is called yet."""
        copies = Copies(self.store, self.hosting, self.now, self.other_store)
        object.__setattr__(self, "_copies", copies)

    async def read(self, domain: str) -> Ledger:
        """The authoritative copy of a domain's ledger, read from the cloud once a run.

        Raises:
            LedgerError: it is incomplete, or the copies at the two clouds differ; hold the domain.
            UndeterminedError: a cloud did not answer; nothing is known of the ledger.
        """
        async with self._turns[domain]:
            ledger, is_here = await in_thread(self._copies.read, domain)
        if is_here or ledger.hosting is not None or not ledger.entries:
            return ledger
        # Earlier releases wrote no `Hosted` entry. A ledger without one, at the other cloud, is
        # that cloud's; `_take` writes the entry before it copies the ledger.
        at_other = Hosted(ledger.next_number, self.now(), self.hosting.other)
        return Ledger((*ledger.entries, at_other))

    async def domains(self) -> tuple[str, ...]:
        """Every domain that has a ledger at either cloud, sorted, listed in the stack file or not.

        Raises:
            LedgerError: there are more than a store may have, so this is not the bucket of a stack.
            UndeterminedError: a cloud did not answer.
        """
        return await in_thread(self._copies.domains)

    async def emergencies(self) -> dict[str, dict[str, bytes]]:
        """The notes of emergencies that no ledger has taken in: their contents by domain and name.

        Raises:
            UndeterminedError: the cloud did not answer.
            LedgerError: there are too many notes to read.
        """
        return await in_thread(self.store.emergencies)

    async def note_body(self, domain: str, intended: Intended) -> None:
        """Write the note of a body that will be served in an emergency.

        Raises:
            UndeterminedError: the cloud refused or did not answer; the body must not be served.
        """
        await in_thread(self.store.note, domain, *render_body(self.now(), intended))

    async def note_proof(
        self, domain: str, id_: str, addresses: tuple[str, ...], unseen: tuple[str, ...]
    ) -> None:
        """Write the note that the proof of the body with ``id_`` passed.

        Raises:
            UndeterminedError: the cloud refused or did not answer.
        """
        proof = Proof(2, self.now(), id_, addresses, unseen)
        await in_thread(self.store.note, domain, *render_proof(proof))

    async def take_in(self, domain: str, notes: Sequence[Note]) -> None:
        """Append the bodies and proofs of ``notes`` that the ledger lacks, and mark each note done.

        A note that is marked is never served again: later runs may publish other bodies, and an
        emergency that served the old one under its id would mislead senders.

        Raises:
            LedgerError: as `read`, or the ledger is empty although a policy was served.
            UndeterminedError: a cloud refused or did not answer.
        """

        def next_missing(ledger: Ledger) -> Entry | None:
            return next(iter(missing(ledger, notes, repair)), None)

        repair = self.store.repair(domain)
        # One entry at a time: its number depends on the entries that the ledger has by then.
        for _ in missing(await self.read(domain), notes, repair):
            await self._note(domain, next_missing)
        for note in notes:
            name, raw = render_taken_in(note.body, self.now())
            await in_thread(self.store.note, domain, name, raw)

    async def hand_over(self, domain: str) -> None:
        """Make the copy at this cloud the authoritative one. Safe to repeat.

        The copy at the other cloud gets the entry first, so that never both are authoritative.

        Raises:
            LedgerError: the copies differ, or one is incomplete; the domain must not move.
            UndeterminedError: a cloud refused or did not answer.
        """
        async with self._turns[domain]:
            await in_thread(self._copies.hand_over, domain)

    async def take(self, domain: str) -> None:
        """Copy the whole ledger to this cloud; the other cloud's copy remains authoritative.

        Without a copy, a later run that has no access to the other cloud would take the domain for
        a new one.

        Raises:
            LedgerError: the copies differ, or one is incomplete.
            UndeterminedError: a cloud refused or did not answer.
        """
        async with self._turns[domain]:
            await in_thread(self._copies.take, domain)

    async def ensure_body(self, domain: str, intended: Intended) -> None:
        """Append ``intended`` unless it is the last body of the ledger, before it is served.

        If it is in enforce, the ledger is locked before the entry and latched after it.

        Raises:
            LedgerError: another run has written another body meanwhile; do not serve this one.
            UndeterminedError: a cloud refused or did not answer; do not serve the body.
        """

        def entry(ledger: Ledger) -> Entry | None:
            last = ledger.last_body
            if last is not None and (last.body, last.id) == (intended.body, intended.id):
                return None
            if intended.revision != (last.revision + 1 if last else 0):
                raise LedgerError(
                    f"the ledger of {domain} has changed since this run began: another run has "
                    f"published revision {last.revision if last else 'none'}; run again"
                )
            return intended.entry(ledger.next_number, self.now())

        await self._enforced(domain, intended, lambda: self._note(domain, entry))

    async def proven(
        self, domain: str, id_: str, addresses: tuple[str, ...], unseen: tuple[str, ...]
    ) -> None:
        """Append the proof of the body with ``id_``, before the STS record gets that id."""
        await self._note(
            domain,
            lambda ledger: Proof(ledger.next_number, self.now(), id_, addresses, unseen),
        )

    async def adopt(
        self, domain: str, adopted: Adopted, body: Body, addresses: Sequence[str]
    ) -> None:
        """Begin the ledger of a domain that has MTA-STS already, with its live body and id.

        Safe to repeat: entries of an earlier attempt are not written twice.

        Raises:
            LedgerError: the ledger has other entries already; the domain cannot be adopted.
            UndeterminedError: a cloud refused or did not answer.
        """
        proof = Proof(3, body.at, body.id, tuple(addresses))
        entries: tuple[Entry, ...] = (adopted, body, proof)

        def missing(number: int, expected: Entry) -> Callable[[Ledger], Entry | None]:
            def entry(ledger: Ledger) -> Entry | None:
                if len(ledger.entries) < number:
                    return expected
                if not _is_same(ledger.entries[number - 1], expected):
                    raise LedgerError(
                        f"{domain} has a ledger already: there is nothing to take over"
                    )
                return None

            return entry

        async def noted() -> None:
            for number, expected in enumerate(entries, start=1):
                await self._note(domain, missing(number, expected))

        await self._enforced(domain, body, noted)

    async def advance(self, domain: str, phase: Phase, ttl_seconds: int) -> None:
        """Append that a retirement enters ``phase``, before anything is withdrawn."""
        await self._note(
            domain,
            lambda ledger: PhaseEntered(ledger.next_number, self.now(), phase, ttl_seconds),
        )

    async def enter(self, domain: str, stage: Stage) -> None:
        """Append that a domain enters ``stage``, before its resources are declared."""
        await self._note(domain, lambda ledger: StageEntered(ledger.next_number, self.now(), stage))

    async def mx_seen(self, domain: str, ledger: Ledger, answer: DnsAnswer) -> None:
        """Append the MX set of ``answer`` if it differs from the last one in ``ledger``."""
        # DNS servers rotate records. Without an order each run would append the same MX set again.
        hosts = tuple(sorted(answer.mx_hosts))
        if not answer.settled or (ledger.last_mx is not None and ledger.last_mx.hosts == hosts):
            return
        await self._note(
            domain,
            lambda now: MxSeen(now.next_number, self.now(), hosts, answer.ttl_seconds),
        )

    async def zone_seen(self, domain: str, ledger: Ledger, zone: HostedZone) -> None:
        """Append the zone of the records if it differs from the last one in ``ledger``."""
        if ledger.last_zone == zone:
            return
        await self._note(domain, lambda now: ZoneSeen(now.next_number, self.now(), zone))

    async def hosted(self, domain: str, ledger: Ledger) -> None:
        """Append the cloud of the domain if ``ledger`` has no such entry yet."""
        if ledger.hosting is None:
            await self._note(domain, lambda now: Hosted(now.next_number, self.now(), self.hosting))

    async def host_target(
        self,
        domain: str,
        zone_id: str,
        hosting: str | None,
        ttl_seconds: int,
        *,
        anew: bool = False,
    ) -> None:
        """Append to which cloud the policy host's name will lead in a zone, if that changes.

        With ``anew`` the entry is always written: an earlier switch was announced and failed, and
        the time since then must be counted again.
        """

        def entry(ledger: Ledger) -> Entry | None:
            known = ledger.host_target(zone_id)
            if not anew and (known.hosting if known else None) == hosting:
                return None
            return HostTarget(ledger.next_number, self.now(), zone_id, hosting, ttl_seconds)

        await self._note(domain, entry)

    async def protection_changed(self, domain: str, *, is_free: bool) -> None:
        """Append whether the host has lost its protection."""
        await self._note(
            domain, lambda ledger: ProtectionChanged(ledger.next_number, self.now(), is_free)
        )

    async def delegation_seen(self, domain: str, zone: HostedZone, ttl_seconds: int) -> None:
        """Append that the parent delegates to ``zone``, if the last entry names another zone."""

        def entry(ledger: Ledger) -> Entry | None:
            if ledger.delegated is not None and ledger.delegated.zone_id == zone.zone_id:
                return None
            return Delegated(ledger.next_number, self.now(), zone.zone_id, ttl_seconds)

        await self._note(domain, entry)

    async def keep(self, domain: str) -> None:
        """Write a missing lock, latch or checkpoint of a domain's ledger. Every run does so first.

        Raises:
            LedgerError: the ledger is incomplete; hold the domain.
            UndeterminedError: the cloud refused or did not answer.
        """

        def work() -> None:
            if self._copies.book.ledger(domain).tells_of_enforce:
                self.store.lock()
                self._copies.book.latch(domain, self.now())
            self._copies.book.condense(domain)

        async with self._turns[domain]:
            await in_thread(work)

    async def _note(self, domain: str, entry: Callable[[Ledger], Entry | None]) -> None:
        """Append the entry that ``entry`` makes from the ledger; None appends nothing."""
        async with self._turns[domain]:
            await in_thread(self._append, domain, entry)

    def _append(self, domain: str, entry: Callable[[Ledger], Entry | None]) -> None:
        """As `_note`, but blocking; tried with the ledger of this run first, then read again.

        The ledger of this run may be older than the store. An entry made from an old ledger cannot
        be written, because its number is taken; "nothing to append" must be checked again.
        """
        known = self._copies.book.knows(domain)
        if known:
            with suppress(OvertakenError):
                if self._try(domain, entry):
                    return
        self._try(domain, entry, again=known)

    def _try(
        self, domain: str, entry: Callable[[Ledger], Entry | None], *, again: bool = False
    ) -> bool:
        """Append the entry that ``entry`` makes from the ledger, if it makes one; whether it did.

        Raises:
            LedgerError: the authoritative copy is at the other cloud, or a copy cannot be read.
            UndeterminedError: a cloud refused or did not answer.
        """
        ledger, is_here = self._copies.read(domain, again=again)
        if not is_here or ledger.hosting not in {None, self.hosting}:
            raise LedgerError(
                f"the authoritative ledger of {domain} is not at {self.hosting} yet: run again"
            )
        made = entry(ledger)
        if made is not None:
            self._copies.book.append(domain, made.number, render_entry(made))
        return made is not None

    async def _enforced(
        self, domain: str, body: Body | Intended, note: Callable[[], Awaitable[None]]
    ) -> None:
        """Append ``body`` by ``note``; if it is in enforce, lock before and latch after that.

        The lock must be set before such an entry, and the latch before the body is served. A body
        in testing or none needs neither: nothing may delay the way back from enforce.
        """

        def lock() -> None:
            if not self._copies.book.kept(domain).is_latched:
                self.store.lock()

        if not enforces(body):
            await note()
            return
        await in_thread(lock)
        await note()
        async with self._turns[domain]:
            await in_thread(self._copies.book.latch, domain, self.now())


def _is_same(found: Entry, expected: Entry) -> bool:
    """Whether two entries say the same; of all but bodies, only the kind is compared.

    A second attempt sees other addresses and another time.
    """
    if isinstance(found, Body) and isinstance(expected, Body):
        return replace(found, at=expected.at) == expected
    return type(found) is type(expected)
