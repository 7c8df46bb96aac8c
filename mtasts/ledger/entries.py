"""The entries of a ledger: what each holds, and its JSON (docs/ledger.md)."""

from __future__ import annotations

import base64
import datetime as dt
import json
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from mtasts.clock import SKEW
from mtasts.errors import MtaStsError
from mtasts.findings import printable
from mtasts.json_fields import JsonError, read_fields
from mtasts.ledger.phases import Phase
from mtasts.ledger.stages import Stage
from mtasts.policy import MAX_AGE_LIMIT, PolicySyntaxError, parse
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtasts.json_fields import Fields
    from mtasts.policy import Policy

VERSION = 1
# Enough for a body of 64 KB in base64 and the rest of an entry; mtasts wrote no larger object.
ENTRY_MAX_BYTES = 256 * 1024


class LedgerError(MtaStsError):
    """The ledger is incomplete, unreadable or contradictory.

    Then it is not known which policies senders hold, so the domain is held: nothing is changed.
    """


@lru_cache(maxsize=1024)
def policy_in(body: bytes) -> Policy | None:
    """The policy as senders read it; None if the body is no valid policy.

    A run asks for the same few bodies again and again.
    """
    try:
        return parse(body)
    except PolicySyntaxError:
        return None


@dataclass(frozen=True, slots=True)
class Body:
    """A body that senders may get from ``at`` on; the entry is written before the body is served.

    ``id`` is the policy id in the STS record, ``reroll`` the text of the config at that time.
    """

    number: int
    at: dt.datetime
    body: bytes
    revision: int
    id: str
    reroll: str = ""

    @property
    def policy(self) -> Policy | None:
        """The policy as senders read it; None for an adopted body that is no valid policy."""
        return policy_in(self.body)

    @property
    def holds_for(self) -> dt.timedelta:
        """How long a sender may keep it: max_age, at most the limit of RFC 8461 section 3.2."""
        policy = self.policy
        return dt.timedelta(seconds=min(policy.max_age, MAX_AGE_LIMIT) if policy else 0)


@dataclass(frozen=True, slots=True)
class Proof:
    """The body with the policy id ``id`` was served at every reachable address.

    ``unseen`` are the addresses that this machine had no route to.
    """

    number: int
    at: dt.datetime
    id: str
    addresses: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MxSeen:
    """The MX hosts that DNS had; resolvers may keep that answer for ``ttl_seconds``."""

    number: int
    at: dt.datetime
    hosts: tuple[str, ...]
    ttl_seconds: int


@dataclass(frozen=True, slots=True)
class PhaseEntered:
    """A retirement entered ``phase``; resolvers keep withdrawn records for ``ttl_seconds``."""

    number: int
    at: dt.datetime
    phase: Phase
    ttl_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Adopted:
    """The domain had MTA-STS before its ledger began: earlier policies are not known.

    ``max_age_ever`` is the longest max_age, in seconds, that any of them can have had.
    ``approved_by`` is the person who vouches for that number; it is empty if the number is the
    limit of RFC 8461 section 3.2. ``is_lost`` says that a ledger had these policies and was lost.
    """

    number: int
    at: dt.datetime
    max_age_ever: int = MAX_AGE_LIMIT
    approved_by: str = ""
    is_lost: bool = False

    @property
    def held_until(self) -> dt.datetime:
        """Until when a sender may hold a policy that the ledger does not have."""
        return self.at + dt.timedelta(seconds=min(self.max_age_ever, MAX_AGE_LIMIT)) + SKEW


@dataclass(frozen=True, slots=True)
class ZoneSeen:
    """The zone that has the records.

    If a later run cannot find the zone, the domain keeps this one.
    """

    number: int
    at: dt.datetime
    zone: HostedZone


@dataclass(frozen=True, slots=True)
class StageEntered:
    """A domain with dns delegated or manual entered ``stage`` (`mtasts.rollout.handover`)."""

    number: int
    at: dt.datetime
    stage: Stage


@dataclass(frozen=True, slots=True)
class Delegated:
    """During a move of DNS: the parent zone delegates to this zone alone since ``at``.

    Resolvers may ask the name servers of the former zone for ``ttl_seconds`` more.
    """

    number: int
    at: dt.datetime
    zone_id: str
    ttl_seconds: int

    @property
    def settled_at(self) -> dt.datetime:
        """When no resolver asks the former zone any more."""
        return self.at + dt.timedelta(seconds=self.ttl_seconds) + SKEW


@dataclass(frozen=True, slots=True)
class Hosted:
    """From this entry on, the authoritative copy of the ledger is the one at the cloud ``hosting``.

    The entry is written into the copy that was authoritative before, and then copied to the other
    cloud (docs/moving.md).
    """

    number: int
    at: dt.datetime
    hosting: str


@dataclass(frozen=True, slots=True)
class HostTarget:
    """The records of the policy host in the zone ``zone_id`` will lead to the cloud ``hosting``.

    It is written before the records change. Resolvers may keep the former addresses for
    ``ttl_seconds``. ``hosting`` is None if the zone's records will be deleted.
    """

    number: int
    at: dt.datetime
    zone_id: str
    hosting: str | None
    ttl_seconds: int

    @property
    def settled_at(self) -> dt.datetime:
        """When no resolver has a former address any more."""
        return self.at + dt.timedelta(seconds=self.ttl_seconds) + SKEW


@dataclass(frozen=True, slots=True)
class ProtectionChanged:
    """The host's protection changed: ``is_free`` says that a move may remove it from its zone."""

    number: int
    at: dt.datetime
    is_free: bool


Entry: TypeAlias = (
    Body
    | Proof
    | MxSeen
    | PhaseEntered
    | Adopted
    | ZoneSeen
    | StageEntered
    | Delegated
    | Hosted
    | HostTarget
    | ProtectionChanged
)


def parse_entry(raw: bytes, number: int) -> Entry:
    """One entry from its JSON.

    Raises:
        LedgerError: the JSON is no entry with this number, or a newer release wrote it.
    """
    try:
        found = read_fields(raw, ENTRY_MAX_BYTES)
        version, said = found.whole("version"), found.whole("number")
        if (version, said) != (VERSION, number):
            raise LedgerError(
                f"entry {number} of the ledger says it is version {version}, number {said}: it was "
                "written by a newer release, or moved"
            )
        return _reader(found.text("kind"))(number, found.time("at"), found)
    except JsonError as error:
        why = printable(str(error))
        raise LedgerError(f"entry {number} of the ledger cannot be read: {why}") from error


def render_entry(entry: Entry) -> bytes:
    """The JSON of one entry: one line of ASCII that ends in a line feed."""
    common = {"version": VERSION, "number": entry.number, "at": entry.at.isoformat()}
    return json.dumps(common | {"kind": kind_of(entry)} | payload(entry)).encode("ascii") + b"\n"


def kind_of(entry: Entry) -> str:
    """The word for this type of entry, as the JSON key ``kind`` has it."""
    return _KINDS[type(entry)]


def payload(entry: Entry) -> dict[str, object]:
    """The JSON keys of an entry, without number, time and kind."""
    if isinstance(entry, ZoneSeen):
        zone = entry.zone
        servers = sorted(zone.name_servers)
        return {"zone_id": zone.zone_id, "name": zone.name, "name_servers": servers}
    own = {each.name: getattr(entry, each.name) for each in fields(entry)}
    del own["number"], own["at"]
    if isinstance(entry, HostTarget):
        own["hosting"] = entry.hosting or ""
    if isinstance(entry, Body):
        own["body"] = base64.b64encode(entry.body).decode("ascii")
    return own


def _body(number: int, at: dt.datetime, found: Fields) -> Body:
    """The entry of a body.

    Raises:
        LedgerError: its bytes are not in Base64.
        JsonError: a key is missing, or of another type.
    """
    try:
        body = base64.b64decode(found.text("body"), validate=True)
    except ValueError as error:
        raise LedgerError(f"entry {number} of the ledger holds no readable body") from error
    revision = found.whole("revision")
    return Body(number, at, body, revision, found.text("id"), found.text("reroll"))


def _proof(number: int, at: dt.datetime, found: Fields) -> Proof:
    return Proof(number, at, found.text("id"), found.texts("addresses"), found.texts("unseen"))


def _mx(number: int, at: dt.datetime, found: Fields) -> MxSeen:
    return MxSeen(number, at, found.texts("hosts"), found.whole("ttl_seconds"))


def _phase(number: int, at: dt.datetime, found: Fields) -> PhaseEntered:
    return PhaseEntered(number, at, found.word("phase", Phase), found.whole("ttl_seconds"))


def _adopted(number: int, at: dt.datetime, found: Fields) -> Adopted:
    # Earlier releases wrote no is_lost: they adopted only domains that never had a ledger.
    is_lost = found.flag("is_lost") if "is_lost" in found else False
    longest, approved_by = found.whole("max_age_ever"), found.text("approved_by")
    return Adopted(number, at, longest, approved_by, is_lost)


def _zone(number: int, at: dt.datetime, found: Fields) -> ZoneSeen:
    servers = frozenset(found.texts("name_servers"))
    return ZoneSeen(number, at, HostedZone(found.text("zone_id"), found.text("name"), servers))


def _stage(number: int, at: dt.datetime, found: Fields) -> StageEntered:
    return StageEntered(number, at, found.word("stage", Stage))


def _delegated(number: int, at: dt.datetime, found: Fields) -> Delegated:
    return Delegated(number, at, found.text("zone_id"), found.whole("ttl_seconds"))


def _hosted(number: int, at: dt.datetime, found: Fields) -> Hosted:
    return Hosted(number, at, found.text("hosting"))


def _host_target(number: int, at: dt.datetime, found: Fields) -> HostTarget:
    zone_id, hosting = found.text("zone_id"), found.text("hosting") or None
    return HostTarget(number, at, zone_id, hosting, found.whole("ttl_seconds"))


def _protection_changed(number: int, at: dt.datetime, found: Fields) -> ProtectionChanged:
    return ProtectionChanged(number, at, found.flag("is_free"))


_KINDS: dict[type[Entry], str] = {
    Body: "body",
    Proof: "proof",
    MxSeen: "mx",
    PhaseEntered: "phase",
    Adopted: "adopted",
    ZoneSeen: "zone",
    StageEntered: "stage",
    Delegated: "delegated",
    Hosted: "hosted",
    HostTarget: "pointed",
    ProtectionChanged: "freed",
}
_READERS: dict[str, Callable[[int, dt.datetime, Fields], Entry]] = {
    "body": _body,
    "proof": _proof,
    "mx": _mx,
    "phase": _phase,
    "adopted": _adopted,
    "zone": _zone,
    "stage": _stage,
    "delegated": _delegated,
    "hosted": _hosted,
    "pointed": _host_target,
    "freed": _protection_changed,
}


def _reader(kind: str) -> Callable[[int, dt.datetime, Fields], Entry]:
    """The function that reads an entry of that kind.

    Raises:
        JsonError: there is no such kind; a newer release may have written it.
    """
    try:
        return _READERS[kind]
    except KeyError:
        raise JsonError(f"kind: {kind!r} is none of {', '.join(_READERS)}") from None
