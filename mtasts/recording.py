"""The ledger at work: read before a run decides, and written ahead of what it tells of."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from mtasts.clock import utc_now
from mtasts.errors import UndeterminedError
from mtasts.rollout.entries import (
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
from mtasts.rollout.ledger import Ledger, read
from mtasts.threads import in_thread

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from mtasts.config import Hosting
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

    def domains(self) -> tuple[str, ...]:
        """Every domain that has a ledger here, sorted."""

    def append(self, domain: str, number: int, entry: bytes) -> bool:
        """Write an entry unless one of that number exists; whether it was written."""

    def lock(self) -> None:
        """Keep every entry there is from being written over or deleted."""


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
    _compared: set[str] = field(default_factory=set, repr=False, compare=False)
    _turns: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock), repr=False, compare=False
    )

    async def read(self, domain: str) -> Ledger:
        """The ledger of a domain, from the cloud whose copy counts.

        Raises:
            LedgerError: it is incomplete, or the clouds' copies tell different things.
            UndeterminedError: a cloud did not tell; nothing is guessed.
        """
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

    async def lock(self) -> None:
        """Keep the entries for good; raises `UndeterminedError`."""
        await in_thread(self.store.lock)

    async def hand_over(self, domain: str) -> None:
        """Have the copy of the ledger that is here be the one that counts.

        The other cloud's is told so first, so that of two copies never both count. Safe to repeat.
        """
        async with self._turns[domain]:
            await in_thread(self._hand_over, domain)

    async def take(self, domain: str) -> None:
        """Have the whole ledger here, though the copy at the other cloud goes on to count.

        So the domain is not taken for a new one by a run that knows of no other cloud.
        """
        async with self._turns[domain]:
            await in_thread(self._take, domain)

    async def ensure_body(self, domain: str, intended: Intended) -> None:
        """See to it that ``intended`` is the last body of the ledger, before anybody gets it.

        Raises:
            LedgerError: another run has written another body meanwhile.
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

        await self._note(domain, entry)

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

        for number, wanted in enumerate(entries, start=1):
            await self._note(domain, missing(number, wanted))

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

    async def _note(self, domain: str, entry: Callable[[Ledger], Entry | None]) -> None:
        """Append what ``entry`` makes of the ledger as it stands, unless that is nothing."""
        async with self._turns[domain]:
            ledger, is_here = await in_thread(self._read, domain)
            if not is_here or ledger.hosting not in {None, self.hosting}:
                raise LedgerError(
                    f"the ledger of {domain} was not handed over to {self.hosting}: run again"
                )
            made = entry(ledger)
            if made is not None:
                raw = render_entry(made)
                await in_thread(_append, self.store, domain, made.number, raw)

    def _domains(self) -> tuple[str, ...]:
        there = self.elsewhere().domains() if self.elsewhere is not None else ()
        return tuple(sorted({*self.store.domains(), *there}))

    def _read(self, domain: str) -> tuple[Ledger, bool]:
        """The ledger, and whether the copy here has all of it."""
        here = self.store.list(domain)
        if self.elsewhere is None:
            return read(here), True
        # A copy that was cut off lacks its beginning.
        found = read(here) if _is_whole(here) else Ledger()
        was_handed_over = found.hosting == self.hosting and found.was_at(self.hosting.other)
        if was_handed_over and domain in self._compared:
            return found, True
        self._compared.add(domain)
        try:
            there = self.elsewhere().list(domain)
        except UndeterminedError:
            if was_handed_over:  # a cloud that is left may be the one that is broken
                return found, True
            raise
        differing = sorted(each for each in here.keys() & there.keys() if here[each] != there[each])
        if differing:
            raise LedgerError(
                f"the ledgers of {domain} at the two clouds tell different things from entry "
                f"{differing[0]} on, so one is of an earlier life (docs/moving.md)"
            )
        if len(there) > len(here) or not _is_whole(here):
            return read(there), False
        return found, True

    def _take(self, domain: str) -> None:
        """Have the whole ledger here, too; it says at which cloud it counts."""
        if self.elsewhere is None:
            return
        ledger, is_here = self._read(domain)
        if not ledger.entries or is_here:
            return
        other = self.elsewhere()
        if ledger.hosting is None:
            self._host(other, domain, self.hosting.other)
        _copy(other, self.store, domain)

    def _hand_over(self, domain: str) -> None:
        if self.elsewhere is None:
            return
        # Whatever refuses a write does so before it is told that either does not count.
        self._take(domain)
        ledger, _ = self._read(domain)
        if not ledger.entries or ledger.hosting == self.hosting:
            return
        other = self.elsewhere()
        if ledger.hosting is None and not other.list(domain):
            self._host(self.store, domain, self.hosting)
            return
        _copy(self.store, other, domain)
        self._host(other, domain, self.hosting)
        _copy(other, self.store, domain)

    def _host(self, store: Store, domain: str, hosting: Hosting) -> None:
        number = read(store.list(domain)).next_number
        _append(store, domain, number, render_entry(Hosted(number, self.now(), hosting)))


def _is_whole(found: Mapping[int, bytes]) -> bool:
    return found.keys() == set(range(1, len(found) + 1))


def _append(store: Store, domain: str, number: int, raw: bytes) -> None:
    """Append an entry; raises `LedgerError` where somebody else has."""
    if store.append(domain, number, raw):
        return
    # A write whose answer was lost is tried again, and finds its own entry in the way.
    if store.list(domain).get(number) != raw:
        raise LedgerError(
            f"another run has written entry {number} of the ledger of {domain}: run again"
        )


def _copy(source: Store, target: Store, domain: str) -> None:
    """Copy the entries that ``target`` lacks: the last one first, so that no part looks whole."""
    present = target.list(domain)
    for number, raw in sorted(source.list(domain).items(), reverse=True):
        if number not in present:
            _append(target, domain, number, raw)


def _is_same(found: Entry, wanted: Entry) -> bool:
    """Whether an entry says what is wanted; of what is seen at another time, only its kind."""
    if isinstance(found, Body) and isinstance(wanted, Body):
        return replace(found, at=wanted.at) == wanted
    return type(found) is type(wanted)
