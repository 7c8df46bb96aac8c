"""The ledger of one policy domain: every body ever served, and what was seen of it.

It is the only memory that senders' caches are judged by: what they may still hold is what stands
here. Entries are only ever appended, one immutable object each, numbered from 1; whoever finds one
missing or unreadable knows nothing, and refuses (docs/ledger.md).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mtasts.ledger.entries import (
    SKEW,
    Adopted,
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
    parse_entry,
)
from mtasts.ledger.kept import LATCH
from mtasts.policy import Mode, PolicySyntaxError, parse, policy_id

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from mtasts.ledger.entries import Entry
    from mtasts.ledger.kept import Kept
    from mtasts.ledger.stages import Stage
    from mtasts.policy import Policy
    from mtasts.zones import HostedZone


@dataclass(frozen=True, slots=True)
class Departure:
    """When a host was first missing among the MX, and how long resolvers may have it after that."""

    since: dt.datetime
    ttl_seconds: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """All entries of one domain, oldest first.

    ``notes`` tell what somebody did to its objects that changed nothing of it.
    """

    entries: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()
    _proofs: dict[int, dt.datetime] = field(init=False, repr=False, compare=False)
    _replaced: dict[int, dt.datetime] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Look once through the entries for what is asked of every body."""
        proofs: dict[int, dt.datetime] = {}
        replaced: dict[int, dt.datetime] = {}
        after: dict[str, dt.datetime] = {}  # the first proof of an id behind the present entry
        earliest: dt.datetime | None = None  # of the proofs of all bodies behind it
        for entry in reversed(self.entries):
            if isinstance(entry, Proof):
                after[entry.id] = entry.at
            elif isinstance(entry, Body):
                if earliest is not None:
                    replaced[entry.number] = earliest
                proven = after.get(entry.id)
                if proven is not None:
                    proofs[entry.number] = proven
                    earliest = proven if earliest is None else min(earliest, proven)
        object.__setattr__(self, "_proofs", proofs)
        object.__setattr__(self, "_replaced", replaced)

    @property
    def next_number(self) -> int:
        """The number of the entry that may be appended."""
        return len(self.entries) + 1

    @property
    def bodies(self) -> tuple[Body, ...]:
        """Every body, oldest first."""
        return tuple(entry for entry in self.entries if isinstance(entry, Body))

    @property
    def last_body(self) -> Body | None:
        """The body that was meant to be served last."""
        return self.bodies[-1] if self.bodies else None

    @property
    def last_proven(self) -> Body | None:
        """The newest body that was seen to be served."""
        return next((body for body in reversed(self.bodies) if self.is_proven(body)), None)

    def in_force_since(self, live_id: str | None) -> tuple[Body, ...]:
        """The body that DNS names by ``live_id``, and those after it; none before a first proof.

        A sender may have got any of them: one that was never proven was served all the same, under
        the id before. Where DNS names none, and where the one that it names was never proven, the
        last one that was proven stands for it. None, too, where DNS names one that is not here:
        what senders got by that, nobody knows.
        """
        last = self.last_proven
        if last is None or (live_id is not None and not self.has_id(live_id)):
            return ()
        named = (body.number for body in self.bodies if body.id == live_id)
        start = min(next(named, last.number), last.number)
        return tuple(body for body in self.bodies if body.number >= start)

    def has_id(self, id_: str) -> bool:
        """Whether any body was ever written down under this policy id."""
        return any(body.id == id_ for body in self.bodies)

    def is_proven(self, body: Body) -> bool:
        """Whether ``body`` was seen to be served since it was written down."""
        return self.proven_at(body) is not None

    @property
    def has_enforced(self) -> bool:
        """Whether any body ever told senders to refuse, or may have before the ledger began."""
        return self.adopted is not None or any(map(enforces, self.bodies))

    @property
    def tells_of_enforce(self) -> bool:
        """Whether it has a body that told senders to refuse, or says that such may be lost."""
        lost = any(isinstance(each, Adopted) and each.is_lost for each in self.entries)
        return lost or any(map(enforces, self.bodies))

    @property
    def adopted(self) -> Adopted | None:
        """That the domain had MTA-STS which the ledger does not know; what may be held longest."""
        found = (entry for entry in self.entries if isinstance(entry, Adopted))
        return max(found, key=lambda each: each.held_until, default=None)

    @property
    def zones(self) -> tuple[HostedZone, ...]:
        """The zones that the records were ever written to, the last one first."""
        return tuple(each.zone for each in reversed(self.entries) if isinstance(each, ZoneSeen))

    @property
    def last_zone(self) -> HostedZone | None:
        """The zone that the records were last written to."""
        return next(iter(self.zones), None)

    @property
    def delegated(self) -> Delegated | None:
        """To which of two zones DNS led when that was last looked at in this move.

        What was seen before the records went to the zone where they are is of another one.
        """
        found, zone_id = None, None
        for entry in self.entries:
            if isinstance(entry, ZoneSeen) and entry.zone.zone_id != zone_id:
                found, zone_id = None, entry.zone.zone_id
            elif isinstance(entry, Delegated):
                found = entry
        return found

    @property
    def hosting(self) -> str | None:
        """The cloud whose copy of this ledger counts; None where none was written down yet."""
        found = (each.hosting for each in reversed(self.entries) if isinstance(each, Hosted))
        return next(found, None)

    def was_at(self, hosting: str) -> bool:
        """Whether another cloud's copy of this ledger ever counted."""
        return any(each.hosting == hosting for each in self.entries if isinstance(each, Hosted))

    def pointed(self, zone_id: str) -> Pointed | None:
        """Where the policy host's name leads in a zone, if that was written down."""
        return next(iter(self._pointed(zone_id)), None)

    def has_moved(self, zone_id: str) -> bool:
        """Whether the policy host's name ever led to another cloud in a zone than now."""
        return len({each.hosting for each in self._pointed(zone_id)}) > 1

    def _pointed(self, zone_id: str) -> tuple[Pointed, ...]:
        """Where it led since the zone has records of the domain, the last one first."""
        found = [e for e in self.entries if isinstance(e, Pointed) and e.zone_id == zone_id]
        return tuple(itertools.takewhile(lambda each: each.hosting, reversed(found)))

    @property
    def is_freed(self) -> bool:
        """Whether the host's protection was dropped, so that it may leave its zone."""
        found = (each.is_free for each in reversed(self.entries) if isinstance(each, Freed))
        return next(found, False)

    @property
    def stage(self) -> Stage | None:
        """How far a domain has come whose records somebody else publishes."""
        found = (each.stage for each in reversed(self.entries) if isinstance(each, StageEntered))
        return next(found, None)

    @property
    def last_phase(self) -> PhaseEntered | None:
        """How far a retirement has come since the last body was published."""
        for entry in reversed(self.entries):
            if isinstance(entry, PhaseEntered):
                return entry
            if isinstance(entry, Body):
                return None
        return None

    def held_until(self, body: Body, now: dt.datetime) -> dt.datetime:
        """Until when a sender that follows RFC 8461 may hold ``body``.

        Its clock starts with its last fetch, which brought this body for as long as no later one
        was seen everywhere.
        """
        return self._replaced.get(body.number, now) + body.holds_for + SKEW

    def may_be_held(self, now: dt.datetime) -> tuple[Body, ...]:
        """The bodies that a sender may hold at ``now``, oldest first."""
        proven = self._proven_times()
        held: list[Body] = []
        replaced: dt.datetime | None = None
        for body in reversed(self.bodies):
            if (now if replaced is None else replaced) + body.holds_for + SKEW > now:
                held.append(body)
            if body.number in proven:
                seen = proven[body.number]
                replaced = seen if replaced is None else min(replaced, seen)
        return tuple(reversed(held))

    def _proven_times(self) -> dict[int, dt.datetime]:
        """When each body was first seen served everywhere, by its number: one pass for all."""
        found: dict[int, dt.datetime] = {}
        waiting: dict[str, list[int]] = {}
        for entry in self.entries:
            if isinstance(entry, Body):
                waiting.setdefault(entry.id, []).append(entry.number)
            elif isinstance(entry, Proof):
                found |= dict.fromkeys(waiting.pop(entry.id, ()), entry.at)
        return found

    def departed(self, now: dt.datetime) -> dict[str, Departure]:
        """The hosts that were among the MX, and were not when DNS was last looked at.

        One that the newest entry still has counts as gone from ``now`` on: whoever asks has looked,
        and does not see it.
        """
        since: dict[str, dt.datetime] = {}
        ttls: dict[str, int] = {}
        for entry in self.entries:
            if isinstance(entry, MxSeen):
                for host in entry.hosts:
                    since.pop(host, None)
                    ttls[host] = entry.ttl_seconds
                for host in ttls.keys() - set(entry.hosts):
                    since.setdefault(host, entry.at)
        return {host: Departure(since.get(host, now), ttl) for host, ttl in ttls.items()}

    @property
    def last_mx(self) -> MxSeen | None:
        """The newest MX set."""
        sightings = (entry for entry in reversed(self.entries) if isinstance(entry, MxSeen))
        return next(sightings, None)

    def proven_at(self, body: Body) -> dt.datetime | None:
        """When ``body`` was first seen served everywhere, if it ever was."""
        return self._proofs.get(body.number)


def read(objects: Mapping[int, bytes], before: Ledger | None = None) -> Ledger:
    """The ledger of the entries with those numbers; those of ``before`` were understood already.

    Raises:
        LedgerError: one is missing, unreadable, or not what its number says.
    """
    missing = sorted(set(range(1, max(objects, default=0) + 1)) - objects.keys())
    if missing:
        raise LedgerError(f"entry {missing[0]} of the ledger is missing")
    known = before.entries if before is not None else ()
    new = (parse_entry(objects[number], number) for number in sorted(objects)[len(known) :])
    return Ledger((*known, *new))


def read_kept(kept: Kept, before: Ledger | None = None) -> Ledger:
    """The ledger that a store keeps, if it is whole; ``before`` is the beginning of it.

    Raises:
        LedgerError: as `read`, or its end is lost: the latch says that a policy in enforce was
            written down, and none is there.
    """
    way = f": {kept.repair}" if kept.repair else ""
    try:
        ledger = read(kept.entries, before)
    except LedgerError as error:
        raise LedgerError(f"{error}{way}") from error
    if kept.is_latched and not ledger.tells_of_enforce:
        raise LedgerError(
            f"the ledger has lost its end: it has {len(ledger.entries)} entries and none in "
            f"enforce, but {LATCH} beside them says that there was one{way}"
        )
    return replace(ledger, notes=kept.notes)


@dataclass(frozen=True, slots=True)
class Intended:
    """The body to serve and the id that names it, as one run declares them.

    ``is_recorded`` says that the ledger's last entry for a body stands for it already.
    """

    body: bytes
    revision: int
    id: str
    reroll: str = ""
    is_recorded: bool = False

    def entry(self, number: int, now: dt.datetime) -> Body:
        """The entry to write ahead of the body."""
        return Body(number, now, self.body, self.revision, self.id, self.reroll)


def intend(
    ledger: Ledger, policy: Policy, reroll: str = "", *, live_id: str | None = None
) -> Intended:
    """What to serve for ``policy``, under an id that no other body ever had.

    Policy and token equal to the last entry's: that entry's body, revision and id, so that a failed
    run and its rerun give one id, and an adopted body stays as it is. Otherwise the next revision,
    even where the body is an older one come back.

    ``live_id`` is what DNS has now. An id there whose body was never seen served is burnt: a sender
    may have taken another body under it, so the same policy gets a new one.
    """
    last = ledger.last_body
    if last is None:
        return _fresh(policy, 0, reroll)
    if last.policy != policy or last.reroll != reroll:
        return _fresh(policy, last.revision + 1, reroll)
    if live_id == last.id and not ledger.is_proven(last):
        return _fresh(policy, last.revision + 1, reroll)
    return Intended(last.body, last.revision, last.id, reroll, is_recorded=True)


def enforces(body: Body | Intended) -> bool:
    """Whether a sender that gets it refuses hosts."""
    try:
        return parse(body.body).mode is Mode.ENFORCE
    except PolicySyntaxError:
        return False


def held_at(ledger: Ledger) -> Intended | None:
    """What a domain is held at: its last body, if that was seen served.

    After a rollout that stopped half way there is nothing to hold it at: the former body under its
    former id would meet senders that have the later one under it.
    """
    last = ledger.last_body
    if last is None or not ledger.is_proven(last):
        return None
    return Intended(last.body, last.revision, last.id, last.reroll, is_recorded=True)


def _fresh(policy: Policy, revision: int, reroll: str) -> Intended:
    body = policy.render()
    return Intended(body, revision, policy_id(body, revision), reroll)
