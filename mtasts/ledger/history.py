"""The ledger of one policy domain: every body ever served, its proof, MX hosts, zones, phases.

Only the ledger says which policies senders may still hold. Entries are appended and never changed,
one object each, numbered from 1. If one is missing or unreadable, nothing is known, and the domain
is held (docs/ledger.md).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mtasts.clock import SKEW
from mtasts.ledger.entries import (
    Adopted,
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
    parse_entry,
    policy_in,
)
from mtasts.ledger.kept import LATCH
from mtasts.policy import Mode, policy_id

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
    """DNS lacks an MX host since ``since``; resolvers may cache it for ``ttl_seconds`` more."""

    since: dt.datetime
    ttl_seconds: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """All entries of one domain, oldest first.

    ``notes`` are warnings about objects that somebody changed without harm to the ledger.
    """

    entries: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()
    bodies: tuple[Body, ...] = field(init=False, repr=False, compare=False)
    """Every body, oldest first."""
    _proofs: dict[int, dt.datetime] = field(init=False, repr=False, compare=False)
    _replaced: dict[int, dt.datetime] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find the bodies, and when each was proven, and when a later one was, in one pass."""
        bodies: list[Body] = []
        proofs: dict[int, dt.datetime] = {}
        replaced: dict[int, dt.datetime] = {}
        after: dict[str, dt.datetime] = {}  # by id: the first proof after the present entry
        earliest: dt.datetime | None = None  # the first proof of any body after it
        for entry in reversed(self.entries):
            if isinstance(entry, Proof):
                after[entry.id] = entry.at
            elif isinstance(entry, Body):
                bodies.append(entry)
                if earliest is not None:
                    replaced[entry.number] = earliest
                proven = after.get(entry.id)
                if proven is not None:
                    proofs[entry.number] = proven
                    earliest = proven if earliest is None else min(earliest, proven)
        object.__setattr__(self, "bodies", tuple(reversed(bodies)))
        object.__setattr__(self, "_proofs", proofs)
        object.__setattr__(self, "_replaced", replaced)

    @property
    def next_number(self) -> int:
        """The number of the next entry to append."""
        return len(self.entries) + 1

    @property
    def last_body(self) -> Body | None:
        """The newest body, proven or not."""
        return self.bodies[-1] if self.bodies else None

    @property
    def last_proven(self) -> Body | None:
        """The newest body whose proof passed."""
        return next((body for body in reversed(self.bodies) if self.is_proven(body)), None)

    def in_force_since(self, live_id: str | None) -> tuple[Body, ...]:
        """The body whose id the STS record has (``live_id``), and every later body.

        Senders may have fetched any of them: a body that was never proven may have been served
        under the id before. If ``live_id`` is None, or its body was never proven, the list begins
        with the last proven body. The list is empty if no body was ever proven, and if the ledger
        does not have ``live_id``: then it is not known what senders fetched.
        """
        last = self.last_proven
        if last is None or (live_id is not None and not self.has_id(live_id)):
            return ()
        named = (body.number for body in self.bodies if body.id == live_id)
        # If the record has an older id than the last proven body, a run ended between proof and
        # record.
        start = min(next(named, last.number), last.number)
        return tuple(body for body in self.bodies if body.number >= start)

    def has_id(self, id_: str) -> bool:
        """Whether the ledger has a body with this policy id."""
        return any(body.id == id_ for body in self.bodies)

    def is_proven(self, body: Body) -> bool:
        """Whether a proof of ``body`` passed."""
        return self.proven_at(body) is not None

    @property
    def has_enforced(self) -> bool:
        """Whether a body was in enforce, or may have been before the ledger began."""
        return self.adopted is not None or any(map(enforces, self.bodies))

    @property
    def tells_of_enforce(self) -> bool:
        """Whether it has a body in enforce, or an `Adopted` entry for a ledger that was lost."""
        lost = any(isinstance(each, Adopted) and each.is_lost for each in self.entries)
        return lost or any(map(enforces, self.bodies))

    @property
    def adopted(self) -> Adopted | None:
        """The `Adopted` entry whose unknown policies senders may hold longest, if there is one."""
        found = (entry for entry in self.entries if isinstance(entry, Adopted))
        return max(found, key=lambda each: each.held_until, default=None)

    @property
    def zones(self) -> tuple[HostedZone, ...]:
        """Every zone that ever had the records, the newest first."""
        return tuple(each.zone for each in reversed(self.entries) if isinstance(each, ZoneSeen))

    @property
    def last_zone(self) -> HostedZone | None:
        """The zone that has the records now."""
        return next(iter(self.zones), None)

    @property
    def delegated(self) -> Delegated | None:
        """The zone that the parent delegated to, as last seen in the present move of DNS.

        An entry from before the present zone got the records is about an earlier move.
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
        """The cloud that has the authoritative copy; None if no entry says so yet."""
        found = (each.hosting for each in reversed(self.entries) if isinstance(each, Hosted))
        return next(found, None)

    def was_hosted_at(self, hosting: str) -> bool:
        """Whether the copy at the cloud ``hosting`` was ever the authoritative one."""
        return any(each.hosting == hosting for each in self.entries if isinstance(each, Hosted))

    def host_target(self, zone_id: str) -> HostTarget | None:
        """To which cloud the policy host leads in a zone; None if the ledger names no cloud."""
        return next(iter(self._host_targets(zone_id)), None)

    def has_moved(self, zone_id: str) -> bool:
        """Whether the policy host's name ever led to another cloud in a zone than now."""
        return len({each.hosting for each in self._host_targets(zone_id)}) > 1

    def _host_targets(self, zone_id: str) -> tuple[HostTarget, ...]:
        """The entries for a zone since it has records of the domain, the last one first."""
        found = [e for e in self.entries if isinstance(e, HostTarget) and e.zone_id == zone_id]
        return tuple(itertools.takewhile(lambda each: each.hosting, reversed(found)))

    @property
    def is_freed(self) -> bool:
        """Whether the host is unprotected, so that a move may remove it from its zone."""
        found = (
            each.is_free for each in reversed(self.entries) if isinstance(each, ProtectionChanged)
        )
        return next(found, False)

    @property
    def stage(self) -> Stage | None:
        """The stage of a domain with dns delegated or manual; None for every other domain."""
        found = (each.stage for each in reversed(self.entries) if isinstance(each, StageEntered))
        return next(found, None)

    @property
    def last_phase(self) -> PhaseEntered | None:
        """The phase of a retirement; None if a body was written after the last phase."""
        for entry in reversed(self.entries):
            if isinstance(entry, PhaseEntered):
                return entry
            if isinstance(entry, Body):
                return None
        return None

    @property
    def has_withdrawn_addresses(self) -> bool:
        """Whether a retirement has withdrawn the addresses of the policy host."""
        last = self.last_phase
        return last is not None and not last.phase.parts.addresses.is_declared

    def held_until(self, body: Body, now: dt.datetime) -> dt.datetime:
        """Until when a sender that follows RFC 8461 may hold ``body``.

        max_age counts from the sender's last fetch (RFC 8461 section 3.2). That fetch may have
        brought ``body`` until a later body was proven at every address.
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
        """When each body was first proven, by its number, in one pass."""
        found: dict[int, dt.datetime] = {}
        waiting: dict[str, list[int]] = {}
        for entry in self.entries:
            if isinstance(entry, Body):
                waiting.setdefault(entry.id, []).append(entry.number)
            elif isinstance(entry, Proof):
                found |= dict.fromkeys(waiting.pop(entry.id, ()), entry.at)
        return found

    def departed(self, now: dt.datetime) -> dict[str, Departure]:
        """Every host that was an MX host at any time, with the time since which DNS lacks it.

        For a host of the newest entry the time is ``now``: the caller has looked up DNS, and uses
        the result only for hosts that DNS lacks.
        """
        since: dict[str, dt.datetime] = {}
        ttls: dict[str, int] = {}
        for entry in self.entries:
            if isinstance(entry, MxSeen):
                for host in entry.hosts:
                    # A host that is in DNS again has not left; a later departure has its own date.
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
        """When the first proof of ``body`` passed; None if none did."""
        return self._proofs.get(body.number)


def read(objects: Mapping[int, bytes], before: Ledger | None = None) -> Ledger:
    """The ledger from the JSON of its entries by number.

    The entries of ``before`` were parsed earlier and are taken over.

    Raises:
        LedgerError: an entry is missing, unreadable, or has another number; the domain is held.
    """
    # Entries are numbered from 1 without a gap, so a deleted one is noticed. The latch shows if the
    # last entries were deleted.
    missing = sorted(set(range(1, max(objects, default=0) + 1)) - objects.keys())
    if missing:
        raise LedgerError(f"entry {missing[0]} of the ledger is missing")
    known = before.entries if before is not None else ()
    new = (parse_entry(objects[number], number) for number in sorted(objects)[len(known) :])
    return Ledger((*known, *new))


def read_kept(kept: Kept, before: Ledger | None = None) -> Ledger:
    """The ledger that a store keeps; the entries of ``before`` were parsed earlier.

    Raises:
        LedgerError: as `read`, or the last entries are lost: there is a latch, and no entry in
            enforce.
    """
    way = f": {kept.repair}" if kept.repair else ""
    try:
        ledger = read(kept.entries, before)
    except LedgerError as error:
        raise LedgerError(f"{error}{way}") from error
    if kept.is_latched and not ledger.tells_of_enforce:
        raise LedgerError(
            f"the ledger has lost its last entries: it has {len(ledger.entries)} and none in "
            f"enforce, but {LATCH} says that there was one{way}"
        )
    return replace(ledger, notes=kept.notes)


@dataclass(frozen=True, slots=True)
class Intended:
    """The body to serve and its policy id, as one run declares them.

    ``is_recorded`` says that it is the last body of the ledger, so that no new entry is needed.
    """

    body: bytes
    revision: int
    id: str
    reroll: str = ""
    is_recorded: bool = False

    def entry(self, number: int, now: dt.datetime) -> Body:
        """The ledger entry, which is written before the body is served."""
        return Body(number, now, self.body, self.revision, self.id, self.reroll)


def intend(
    ledger: Ledger, policy: Policy, reroll: str = "", *, live_id: str | None = None
) -> Intended:
    """The body to serve for ``policy``, with an id that no other body ever had.

    If policy and ``reroll`` equal those of the last body, the result is that body with its revision
    and id: a failed run and its rerun give one id, and an adopted body keeps its bytes. Otherwise
    the revision is the next one, also for a policy that an older body had.

    ``live_id`` is the id of the STS record. If its body was never proven, the id is burnt: a sender
    may hold another body under it, so the same policy gets a new id (RFC 8461 section 3.1).
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
    """Whether it is a valid policy in enforce; with one, senders refuse MX hosts that fail it."""
    policy = policy_in(body.body)
    return policy is not None and policy.mode is Mode.ENFORCE


def held_at(ledger: Ledger) -> Intended | None:
    """The body that a held domain keeps: its last body, if that is proven; otherwise None.

    An older body cannot be kept: a run that stopped half way may have served the last body under
    the id of the older one, so senders may hold the last body under that id.
    """
    last = ledger.last_body
    if last is None or not ledger.is_proven(last):
        return None
    return Intended(last.body, last.revision, last.id, last.reroll, is_recorded=True)


def _fresh(policy: Policy, revision: int, reroll: str) -> Intended:
    body = policy.render()
    return Intended(body, revision, policy_id(body, revision), reroll)
