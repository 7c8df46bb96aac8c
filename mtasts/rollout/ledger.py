"""The ledger of one policy domain: every body ever served, and what was seen of it.

It is the only memory that senders' caches are judged by: what they may still hold is what stands
here. Entries are only ever appended, one immutable object each, numbered from 1; whoever finds one
missing or unreadable knows nothing, and refuses (docs/ledger.md).
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from mtasts.errors import MtaStsError
from mtasts.findings import printable
from mtasts.policy import MAX_AGE_LIMIT, Mode, PolicySyntaxError, parse, policy_id
from mtasts.rollout.phases import Phase
from mtasts.rollout.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mtasts.policy import Policy

VERSION = 1
ENTRY_MAX_BYTES = 256 * 1024
ENTRIES_MAX = 10_000
# Entries are dated by the machines that wrote them, and senders by their own clocks.
_SKEW = dt.timedelta(hours=1)


class LedgerError(MtaStsError):
    """The ledger is incomplete or unreadable: what senders hold is not known, so change nothing."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body that senders may get from ``at`` on, written ahead of the body itself.

    ``id`` is that of the record which names it, ``reroll`` the token it was published under.
    """

    number: int
    at: dt.datetime
    body: bytes
    revision: int
    id: str
    reroll: str = ""

    @property
    def policy(self) -> Policy | None:
        """What senders make of it; None for an adopted body that is no policy."""
        try:
            return parse(self.body)
        except PolicySyntaxError:
            return None

    @property
    def holds_for(self) -> dt.timedelta:
        """How long a sender may keep it; what goes beyond the limit of section 3.2 is cut."""
        policy = self.policy
        return dt.timedelta(seconds=min(policy.max_age, MAX_AGE_LIMIT) if policy else 0)


@dataclass(frozen=True, slots=True)
class Proof:
    """The body with the id ``id`` was seen at every reachable address."""

    number: int
    at: dt.datetime
    id: str
    addresses: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MxSeen:
    """The MX hosts that DNS had; ``ttl_seconds`` is how long resolvers may go on saying so."""

    number: int
    at: dt.datetime
    hosts: tuple[str, ...]
    ttl_seconds: int


@dataclass(frozen=True, slots=True)
class PhaseEntered:
    """A retirement came this far; resolvers may have what it withdrew for ``ttl_seconds`` more."""

    number: int
    at: dt.datetime
    phase: Phase
    ttl_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Adopted:
    """The domain had MTA-STS before its ledger: what was published until then is not known.

    ``max_age_ever`` bounds, in seconds, how long any of it told senders to keep it;
    ``approved_by`` answers for that bound, and is empty where it is the limit of the RFC.
    """

    number: int
    at: dt.datetime
    max_age_ever: int = MAX_AGE_LIMIT
    approved_by: str = ""

    @property
    def held_until(self) -> dt.datetime:
        """Until when a sender may hold something that the ledger does not know."""
        return self.at + dt.timedelta(seconds=min(self.max_age_ever, MAX_AGE_LIMIT)) + _SKEW


@dataclass(frozen=True, slots=True)
class ZoneSeen:
    """Where the records are: a look-up that fails later leaves the domain where it is."""

    number: int
    at: dt.datetime
    zone: HostedZone


Entry: TypeAlias = Body | Proof | MxSeen | PhaseEntered | Adopted | ZoneSeen


@dataclass(frozen=True, slots=True)
class Departure:
    """When a host was first missing among the MX, and how long resolvers may have it after that."""

    since: dt.datetime
    ttl_seconds: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """All entries of one domain, oldest first."""

    entries: tuple[Entry, ...] = ()

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

    def is_proven(self, body: Body) -> bool:
        """Whether ``body`` was seen to be served since it was written down."""
        return self.proven_at(body) is not None

    @property
    def has_enforced(self) -> bool:
        """Whether any body ever told senders to refuse, or may have before the ledger began."""
        return self.adopted is not None or any(map(enforces, self.bodies))

    @property
    def adopted(self) -> Adopted | None:
        """That the domain had MTA-STS before, if it did."""
        return next((entry for entry in self.entries if isinstance(entry, Adopted)), None)

    @property
    def last_zone(self) -> HostedZone | None:
        """The zone that the records were last written to."""
        zones = (entry.zone for entry in reversed(self.entries) if isinstance(entry, ZoneSeen))
        return next(zones, None)

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
        replaced = min(
            (
                when
                for later in self.bodies
                if later.number > body.number and (when := self.proven_at(later)) is not None
            ),
            default=now,
        )
        return replaced + body.holds_for + _SKEW

    def may_be_held(self, now: dt.datetime) -> tuple[Body, ...]:
        """The bodies that a sender may hold at ``now``, oldest first."""
        return tuple(body for body in self.bodies if self.held_until(body, now) > now)

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
        return next(
            (
                entry.at
                for entry in self.entries
                if isinstance(entry, Proof) and entry.number > body.number and entry.id == body.id
            ),
            None,
        )


def read(objects: Mapping[int, bytes]) -> Ledger:
    """The ledger of the entries with those numbers.

    Raises:
        LedgerError: one is missing, unreadable, or not what its number says.
    """
    if len(objects) > ENTRIES_MAX:
        raise LedgerError(f"the ledger has {len(objects)} entries; {ENTRIES_MAX} are read")
    missing = sorted(set(range(1, max(objects, default=0) + 1)) - objects.keys())
    if missing:
        raise LedgerError(f"entry {missing[0]} of the ledger is missing: restore it")
    return Ledger(tuple(parse_entry(objects[number], number) for number in sorted(objects)))


def parse_entry(raw: bytes, number: int) -> Entry:
    """One entry from its JSON; raises `LedgerError`."""
    if len(raw) > ENTRY_MAX_BYTES:
        raise LedgerError(f"entry {number} of the ledger is larger than {ENTRY_MAX_BYTES} bytes")
    try:
        found = json.loads(raw)
        if found["version"] != VERSION or found["number"] != number:
            raise LedgerError(
                f"entry {number} of the ledger says it is version {found['version']}, number "
                f"{found['number']}: it was written by a newer release, or moved"
            )
        at = dt.datetime.fromisoformat(found["at"])
        if at.tzinfo is None:
            raise LedgerError(f"entry {number} of the ledger has a time without a zone")
        return _READERS[found["kind"]](number, at, found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = printable(f"{type(error).__name__}: {error}")
        raise LedgerError(f"entry {number} of the ledger cannot be read: {why}") from error


def render_entry(entry: Entry) -> bytes:
    """The JSON of one entry, one line, keys in order."""
    common = {"version": VERSION, "number": entry.number, "at": entry.at.isoformat()}
    match entry:
        case Body():
            own: dict[str, object] = {
                "kind": "body",
                "body": base64.b64encode(entry.body).decode("ascii"),
                "revision": entry.revision,
                "id": entry.id,
                "reroll": entry.reroll,
            }
        case Proof():
            own = {
                "kind": "proof",
                "id": entry.id,
                "addresses": list(entry.addresses),
                "unseen": list(entry.unseen),
            }
        case PhaseEntered():
            own = {"kind": "phase", "phase": entry.phase, "ttl_seconds": entry.ttl_seconds}
        case ZoneSeen():
            own = {
                "kind": "zone",
                "zone_id": entry.zone.zone_id,
                "name": entry.zone.name,
                "name_servers": sorted(entry.zone.name_servers),
            }
        case Adopted():
            own = {
                "kind": "adopted",
                "max_age_ever": entry.max_age_ever,
                "approved_by": entry.approved_by,
            }
        case _:  # MxSeen
            own = {
                "kind": "mx",
                "hosts": list(entry.hosts),
                "ttl_seconds": entry.ttl_seconds,
            }
    return json.dumps(common | own).encode("ascii") + b"\n"


def _body(number: int, at: dt.datetime, found: dict[str, Any]) -> Body:
    try:
        body = base64.b64decode(found["body"], validate=True)
    except binascii.Error as error:
        raise LedgerError(f"entry {number} of the ledger holds no readable body") from error
    revision = _whole(found["revision"])
    return Body(number, at, body, revision, _word(found["id"]), _word(found["reroll"]))


def _proof(number: int, at: dt.datetime, found: dict[str, Any]) -> Proof:
    return Proof(
        number, at, _word(found["id"]), _words(found["addresses"]), _words(found["unseen"])
    )


def _mx(number: int, at: dt.datetime, found: dict[str, Any]) -> MxSeen:
    return MxSeen(number, at, _words(found["hosts"]), _whole(found["ttl_seconds"]))


def _phase(number: int, at: dt.datetime, found: dict[str, Any]) -> PhaseEntered:
    return PhaseEntered(number, at, Phase(_word(found["phase"])), _whole(found["ttl_seconds"]))


def _adopted(number: int, at: dt.datetime, found: dict[str, Any]) -> Adopted:
    return Adopted(number, at, _whole(found["max_age_ever"]), _word(found["approved_by"]))


def _zone(number: int, at: dt.datetime, found: dict[str, Any]) -> ZoneSeen:
    servers = frozenset(_words(found["name_servers"]))
    return ZoneSeen(number, at, HostedZone(_word(found["zone_id"]), _word(found["name"]), servers))


_READERS: dict[str, Callable[[int, dt.datetime, dict[str, Any]], Entry]] = {
    "body": _body,
    "proof": _proof,
    "mx": _mx,
    "phase": _phase,
    "adopted": _adopted,
    "zone": _zone,
}


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return tuple(_word(each) for each in value)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"{value!r} is no whole number")
    return value


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
