"""The entries of a ledger: what each holds, and its JSON (docs/ledger.md)."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeAlias

from mtasts.errors import MtaStsError
from mtasts.findings import printable
from mtasts.ledger.phases import Phase
from mtasts.ledger.stages import Stage
from mtasts.policy import MAX_AGE_LIMIT, PolicySyntaxError, parse
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtasts.policy import Policy

VERSION = 1
ENTRY_MAX_BYTES = 256 * 1024
# Entries are dated by the machines that wrote them, and senders by their own clocks.
SKEW = dt.timedelta(hours=1)


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
    ``is_lost`` says that it was in the ledger once, and stands where that was lost.
    """

    number: int
    at: dt.datetime
    max_age_ever: int = MAX_AGE_LIMIT
    approved_by: str = ""
    is_lost: bool = False

    @property
    def held_until(self) -> dt.datetime:
        """Until when a sender may hold something that the ledger does not know."""
        return self.at + dt.timedelta(seconds=min(self.max_age_ever, MAX_AGE_LIMIT)) + SKEW


@dataclass(frozen=True, slots=True)
class ZoneSeen:
    """Where the records are: a look-up that fails later leaves the domain where it is."""

    number: int
    at: dt.datetime
    zone: HostedZone


@dataclass(frozen=True, slots=True)
class StageEntered:
    """A domain whose records somebody else publishes came this far (`mtasts.rollout.handover`)."""

    number: int
    at: dt.datetime
    stage: Stage


@dataclass(frozen=True, slots=True)
class Delegated:
    """While records moved: since ``at`` DNS leads to this zone and no other.

    Resolvers may go on asking the other one for ``ttl_seconds``.
    """

    number: int
    at: dt.datetime
    zone_id: str
    ttl_seconds: int

    @property
    def settled_at(self) -> dt.datetime:
        """When no resolver asks the other zone any more."""
        return self.at + dt.timedelta(seconds=self.ttl_seconds) + SKEW


@dataclass(frozen=True, slots=True)
class Hosted:
    """From here on ``hosting`` is the domain's cloud, and the ledger there is the one that counts.

    It is written into the ledger that counted until then, and copied with it (docs/moving.md).
    """

    number: int
    at: dt.datetime
    hosting: str


@dataclass(frozen=True, slots=True)
class Pointed:
    """In the zone ``zone_id`` the policy host's name is about to lead to the cloud ``hosting``.

    Resolvers may go on leading to the one before, if there was one, for ``ttl_seconds``. An empty
    ``hosting`` says that the records of the zone go.
    """

    number: int
    at: dt.datetime
    zone_id: str
    hosting: str
    ttl_seconds: int

    @property
    def settled_at(self) -> dt.datetime:
        """When no resolver has the address before any more."""
        return self.at + dt.timedelta(seconds=self.ttl_seconds) + SKEW


@dataclass(frozen=True, slots=True)
class Freed:
    """The host is about to leave its zone, and lost its protection; or it has it again."""

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
    | Pointed
    | Freed
)


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
    return json.dumps(common | {"kind": kind_of(entry)} | told(entry)).encode("ascii") + b"\n"


def kind_of(entry: Entry) -> str:
    """The word for what an entry is."""
    return _KINDS[type(entry)]


def told(entry: Entry) -> dict[str, object]:
    """What an entry says beyond its number, time and kind, as JSON has it."""
    if isinstance(entry, ZoneSeen):
        zone = entry.zone
        servers = sorted(zone.name_servers)
        return {"zone_id": zone.zone_id, "name": zone.name, "name_servers": servers}
    own = {each.name: getattr(entry, each.name) for each in fields(entry)}
    del own["number"], own["at"]
    if isinstance(entry, Body):
        own["body"] = base64.b64encode(entry.body).decode("ascii")
    return own


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
    # A release before this word took over what was never in a ledger.
    is_lost = _flag(found.get("is_lost", False))
    return Adopted(number, at, _whole(found["max_age_ever"]), _word(found["approved_by"]), is_lost)


def _zone(number: int, at: dt.datetime, found: dict[str, Any]) -> ZoneSeen:
    servers = frozenset(_words(found["name_servers"]))
    return ZoneSeen(number, at, HostedZone(_word(found["zone_id"]), _word(found["name"]), servers))


def _stage(number: int, at: dt.datetime, found: dict[str, Any]) -> StageEntered:
    return StageEntered(number, at, Stage(_word(found["stage"])))


def _delegated(number: int, at: dt.datetime, found: dict[str, Any]) -> Delegated:
    return Delegated(number, at, _word(found["zone_id"]), _whole(found["ttl_seconds"]))


def _hosted(number: int, at: dt.datetime, found: dict[str, Any]) -> Hosted:
    return Hosted(number, at, _word(found["hosting"]))


def _pointed(number: int, at: dt.datetime, found: dict[str, Any]) -> Pointed:
    zone_id, hosting = _word(found["zone_id"]), _word(found["hosting"])
    return Pointed(number, at, zone_id, hosting, _whole(found["ttl_seconds"]))


def _freed(number: int, at: dt.datetime, found: dict[str, Any]) -> Freed:
    return Freed(number, at, _flag(found["is_free"]))


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
    Pointed: "pointed",
    Freed: "freed",
}
_READERS: dict[str, Callable[[int, dt.datetime, dict[str, Any]], Entry]] = {
    "body": _body,
    "proof": _proof,
    "mx": _mx,
    "phase": _phase,
    "adopted": _adopted,
    "zone": _zone,
    "stage": _stage,
    "delegated": _delegated,
    "hosted": _hosted,
    "pointed": _pointed,
    "freed": _freed,
}


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return tuple(_word(each) for each in value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"{value!r} is no whole number")
    return value
