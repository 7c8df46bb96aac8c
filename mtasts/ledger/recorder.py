"""The ledger at work: read before a run decides, and written ahead of what it tells of.

It is long because each method is one kind of entry, and all of them share one way to write.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mtasts.clock import utc_now
from mtasts.errors import UndeterminedError
from mtasts.ledger.emergency_notes import missing, render_body, render_proof, render_taken_in
from mtasts.ledger.entries import (
    Body,
    Delegated,
    Freed,
    Hosted,
    LedgerError,
    MxSeen,
    PhaseEntered,
    Pointed,
    Proof,
    StageEntered,
    ZoneSeen,
    render_entry,
)
from mtasts.ledger.history import Ledger, enforces
from mtasts.ledger.run_cache import Book, OvertakenError
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
    """Reads and appends the entries of one stack's domains, one entry of a domain at a time.

    They are in the ``store`` of ``hosting``, the cloud that the stack's config names. While domains
    move between clouds, ``elsewhere`` gives the store of the other one; it may call out.
    """

    store: Store
    hosting: Hosting
    now: Callable[[], dt.datetime] = utc_now
    elsewhere: Callable[[], Store] | None = None
    _books: dict[str, Book] = field(default_factory=dict, repr=False, compare=False)
    _compared: set[str] = field(default_factory=set, repr=False, compare=False)
    _turns: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock), repr=False, compare=False
    )

    async def read(self, domain: str) -> Ledger:
        """The ledger of a domain, from the cloud whose copy counts; read once, and kept up to date.

        Raises:
            LedgerError: it is incomplete, or the clouds' copies tell different things.
            UndeterminedError: a cloud did not tell; nothing is guessed.
        """
        async with self._turns[domain]:
            ledger, is_here = await in_thread(self._read, domain)
        if is_here or ledger.hosting is not None or not ledger.entries:
            return ledger
        # An old one does not say so, but it is the other cloud's; a hand-over begins with that.
        at_other = Hosted(ledger.next_number, self.now(), self.hosting.other)
        return Ledger((*ledger.entries, at_other))

    async def domains(self) -> tuple[str, ...]:
        """Every domain that has a ledger at either cloud, sorted, whatever the stack file lists.

        Raises:
            LedgerError: there are too many.
            UndeterminedError: a cloud did not tell.
        """
        return await in_thread(self._domains)

    async def emergencies(self) -> dict[str, dict[str, bytes]]:
        """What was noted in emergencies, by domain and name; raises `UndeterminedError`."""
        return await in_thread(self.store.emergencies)

    async def note_body(self, domain: str, intended: Intended) -> None:
        """Note a body that goes out in an emergency, apart from a ledger that cannot be read."""
        await in_thread(self.store.note, domain, *render_body(self.now(), intended))

    async def note_proof(
        self, domain: str, id_: str, addresses: tuple[str, ...], unseen: tuple[str, ...]
    ) -> None:
        """Note that the body of ``id_`` was seen."""
        proof = Proof(2, self.now(), id_, addresses, unseen)
        await in_thread(self.store.note, domain, *render_proof(proof))

    async def take_in(self, domain: str, notes: Sequence[Note]) -> None:
        """Write into a ledger what it does not know of the notes of an emergency.

        Then say beside each note that this was done: from here on others may publish, so that no
        later emergency serves anything under its id again.
        """

        def next_missing(ledger: Ledger) -> Entry | None:
            return next(iter(missing(ledger, notes, repair)), None)

        repair = self.store.repair(domain)
        for _ in missing(await self.read(domain), notes, repair):
            await self._note(domain, next_missing)
        for note in notes:
            name, raw = render_taken_in(note.body, self.now())
            await in_thread(self.store.note, domain, name, raw)

    async def hand_over(self, domain: str) -> None:
        """Have the copy of the ledger that is here be the one that counts.

        The other cloud's is told so first, so that of two copies never both count. Safe to repeat.
        """
        if self.elsewhere is None:
            return
        async with self._turns[domain]:
            await in_thread(self._hand_over, domain, self.elsewhere)

    async def take(self, domain: str) -> None:
        """Have the whole ledger here, though the copy at the other cloud goes on to count.

        So the domain is not taken for a new one by a run that knows of no other cloud.
        """
        if self.elsewhere is None:
            return
        async with self._turns[domain]:
            await in_thread(self._take, domain, self.elsewhere)

    async def ensure_body(self, domain: str, intended: Intended) -> None:
        """See to it that ``intended`` is the last body of the ledger, before anybody gets it.

        If it is in enforce, the ledger is locked before and latched after it.

        Raises:
            LedgerError: another run has written another body meanwhile.
            UndeterminedError: a cloud did not tell, or did not do so.
        """

        def entry(ledger: Ledger) -> Entry | None:
            last = ledger.last_body
            if last is not None and (last.body, last.id) == (intended.body, intended.id):
                return None
            if intended.revision != (last.revision + 1 if last else 0):
                raise LedgerError(
                    f"the ledger of {domain} has moved on since this run began: another run has "
                    f"published revision {last.revision if last else 'none'}; run again"
                )
            return intended.entry(ledger.next_number, self.now())

        await self._enforced(domain, intended, lambda: self._note(domain, entry))

    async def proven(
        self, domain: str, id_: str, addresses: tuple[str, ...], unseen: tuple[str, ...]
    ) -> None:
        """Write down that the body of ``id_`` was seen, before the record names it."""
        await self._note(
            domain,
            lambda ledger: Proof(ledger.next_number, self.now(), id_, addresses, unseen),
        )

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

        def missing(number: int, wanted: Entry) -> Callable[[Ledger], Entry | None]:
            def entry(ledger: Ledger) -> Entry | None:
                if len(ledger.entries) < number:
                    return wanted
                if not _is_same(ledger.entries[number - 1], wanted):
                    raise LedgerError(
                        f"{domain} has a ledger already: there is nothing to take over"
                    )
                return None

            return entry

        async def noted() -> None:
            for number, wanted in enumerate(entries, start=1):
                await self._note(domain, missing(number, wanted))

        await self._enforced(domain, body, noted)

    async def advance(self, domain: str, phase: Phase, ttl_seconds: int) -> None:
        """Write down that a retirement enters ``phase``, before anything is withdrawn."""
        await self._note(
            domain,
            lambda ledger: PhaseEntered(ledger.next_number, self.now(), phase, ttl_seconds),
        )

    async def enter(self, domain: str, stage: Stage) -> None:
        """Write down that a domain enters ``stage``, before anything of it is declared."""
        await self._note(domain, lambda ledger: StageEntered(ledger.next_number, self.now(), stage))

    async def mx_seen(self, domain: str, ledger: Ledger, answer: DnsAnswer) -> None:
        """Write down the MX set that DNS has, where it is another than the last one seen."""
        hosts = tuple(sorted(answer.mx_hosts))
        if not answer.settled or (ledger.last_mx is not None and ledger.last_mx.hosts == hosts):
            return
        await self._note(
            domain,
            lambda now: MxSeen(now.next_number, self.now(), hosts, answer.ttl_seconds),
        )

    async def zone_seen(self, domain: str, ledger: Ledger, zone: HostedZone) -> None:
        """Write down where the records are, where that is another zone than the last one seen."""
        if ledger.last_zone == zone:
            return
        await self._note(domain, lambda now: ZoneSeen(now.next_number, self.now(), zone))

    async def hosted(self, domain: str, ledger: Ledger) -> None:
        """Write down which cloud the domain is at, where no cloud was written down yet."""
        if ledger.hosting is None:
            await self._note(domain, lambda now: Hosted(now.next_number, self.now(), self.hosting))

    async def pointed(
        self, domain: str, zone_id: str, hosting: str, ttl_seconds: int, *, anew: bool = False
    ) -> None:
        """Write down where the policy host's name is about to lead in a zone, if that changes.

        With ``anew`` it is written in any case: what was written before did not come about.
        """

        def entry(ledger: Ledger) -> Entry | None:
            known = ledger.pointed(zone_id)
            if not anew and (known.hosting if known else "") == hosting:
                return None
            return Pointed(ledger.next_number, self.now(), zone_id, hosting, ttl_seconds)

        await self._note(domain, entry)

    async def freed(self, domain: str, *, is_free: bool) -> None:
        """Write down whether the host has lost its protection."""
        await self._note(domain, lambda ledger: Freed(ledger.next_number, self.now(), is_free))

    async def delegation_seen(self, domain: str, zone: HostedZone, ttl_seconds: int) -> None:
        """Write down to which of two zones DNS leads, where that was another one before."""

        def entry(ledger: Ledger) -> Entry | None:
            if ledger.delegated is not None and ledger.delegated.zone_id == zone.zone_id:
                return None
            return Delegated(ledger.next_number, self.now(), zone.zone_id, ttl_seconds)

        await self._note(domain, entry)

    async def keep(self, domain: str) -> None:
        """See to what keeps the ledger here whole and cheap to read, as every run does first.

        Raises:
            LedgerError: it is not whole.
            UndeterminedError: a cloud did not tell, or did not do so.
        """

        def work() -> None:
            if self._here.ledger(domain).tells_of_enforce:
                self.store.lock()
                self._here.latch(domain, self.now())
            self._here.condense(domain)

        async with self._turns[domain]:
            await in_thread(work)

    async def _note(self, domain: str, entry: Callable[[Ledger], Entry | None]) -> None:
        """Append what ``entry`` makes of the ledger as it stands, unless that is nothing."""
        async with self._turns[domain]:
            await in_thread(self._append, domain, entry)

    def _append(self, domain: str, entry: Callable[[Ledger], Entry | None]) -> None:
        """As `_note`. What is known of the ledger may lag behind, so it is not the last word.

        An entry that was made of it is refused where another one stands; and that there is nothing
        to write is asked again of the ledger as it stands.
        """
        known = self._here.knows(domain)
        if known:
            with suppress(OvertakenError):
                if self._try(domain, entry):
                    return
        self._try(domain, entry, again=known)

    def _try(
        self, domain: str, entry: Callable[[Ledger], Entry | None], *, again: bool = False
    ) -> bool:
        ledger, is_here = self._read(domain, again=again)
        if not is_here or ledger.hosting not in {None, self.hosting}:
            raise LedgerError(
                f"the ledger of {domain} was not handed over to {self.hosting}: run again"
            )
        made = entry(ledger)
        if made is not None:
            self._here.append(domain, made.number, render_entry(made))
        return made is not None

    async def _enforced(
        self, domain: str, body: Body | Intended, note: Callable[[], Awaitable[None]]
    ) -> None:
        """Have ``note`` write ``body`` down; one that enforces between lock and latch.

        The lock stands before any such body, and the latch before anybody gets it. Neither is asked
        of another body: nothing may hold up the way back.
        """

        def lock() -> None:
            if not self._here.kept(domain).is_latched:
                self.store.lock()

        if not enforces(body):
            await note()
            return
        await in_thread(lock)
        await note()
        async with self._turns[domain]:
            await in_thread(self._here.latch, domain, self.now())

    def _domains(self) -> tuple[str, ...]:
        there = self.elsewhere().domains() if self.elsewhere is not None else ()
        return tuple(sorted({*self.store.domains(), *there}))

    @property
    def _here(self) -> Book:
        return self._books.setdefault("here", Book(self.store))

    def _there(self, elsewhere: Callable[[], Store]) -> Book:
        return self._books.setdefault("there", Book(elsewhere()))

    def _read(self, domain: str, *, again: bool = False) -> tuple[Ledger, bool]:
        """The ledger, and whether the copy here has all of it."""
        kept = self._here.kept(domain, again=again)
        if self.elsewhere is None:
            return self._here.ledger(domain), True
        # A copy that was cut off lacks its beginning.
        found = self._here.ledger(domain) if kept.is_whole else Ledger()
        was_handed_over = found.hosting == self.hosting and found.was_at(self.hosting.other)
        if was_handed_over and domain in self._compared:
            return found, True
        self._compared.add(domain)
        try:
            other = self._there(self.elsewhere)
            there = other.kept(domain, again=again).entries
        except UndeterminedError:
            if was_handed_over:  # a cloud that is left may be the one that is broken
                return found, True
            raise
        here = kept.entries
        differing = sorted(each for each in here.keys() & there.keys() if here[each] != there[each])
        if differing:
            raise LedgerError(
                f"the ledgers of {domain} at the two clouds tell different things from entry "
                f"{differing[0]} on, so one is of an earlier life (docs/moving.md)"
            )
        if len(there) > len(here) or not kept.is_whole:
            return other.ledger(domain), False
        return found, True

    def _take(self, domain: str, elsewhere: Callable[[], Store]) -> None:
        """Have the whole ledger here, too; it says at which cloud it counts."""
        ledger, is_here = self._read(domain, again=True)
        if not ledger.entries or is_here:
            return
        other = self._there(elsewhere)
        if ledger.hosting is None:
            self._host(other, domain, self.hosting.other)
        _copy(other, self._here, domain, self.now())

    def _hand_over(self, domain: str, elsewhere: Callable[[], Store]) -> None:
        # Whatever refuses a write does so before it is told that either does not count.
        self._take(domain, elsewhere)
        ledger, _ = self._read(domain)
        if not ledger.entries or ledger.hosting == self.hosting:
            return
        other = self._there(elsewhere)
        if ledger.hosting is None and not other.kept(domain).entries:
            self._host(self._here, domain, self.hosting)
            return
        _copy(self._here, other, domain, self.now())
        self._host(other, domain, self.hosting)
        _copy(other, self._here, domain, self.now())

    def _host(self, book: Book, domain: str, hosting: Hosting) -> None:
        number = book.ledger(domain).next_number
        book.append(domain, number, render_entry(Hosted(number, self.now(), hosting)))


def _copy(source: Book, target: Book, domain: str, now: dt.datetime) -> None:
    """Copy the entries that ``target`` lacks: the last one first, so that no part looks whole.

    The latch goes along, behind the lock where such a body is kept from then on.
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


def _is_same(found: Entry, wanted: Entry) -> bool:
    """Whether an entry says what is wanted; of what is seen at another time, only its kind."""
    if isinstance(found, Body) and isinstance(wanted, Body):
        return replace(found, at=wanted.at) == wanted
    return type(found) is type(wanted)
