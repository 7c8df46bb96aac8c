"""The state of one Cloudflare account: zones, records, Workers, custom domains and buckets.

It has no server; `api` is the server. A request that Cloudflare refuses raises `ApiError` with
Cloudflare's status, code and message.
"""

from __future__ import annotations

import hashlib
import itertools
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mtasts.localcloud.cloudflare.bindings import Worker
from mtasts.localcloud.cloudflare.email_routing import EmailRouting
from mtasts.localcloud.cloudflare.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mtasts.localcloud.cloudflare.bindings import Binding

ACCOUNT_ID = "f0e1d2c3b4a5968778695a4b3c2d1e0f"
WORKERS_DEV = "local-agency.workers.dev"
NAME_SERVERS = ("ada.ns.cloudflare.com", "bob.ns.cloudflare.com")
_ADDRESS_TYPES = ("A", "AAAA", "CNAME")
_KNOWN_TYPES = (*_ADDRESS_TYPES, "CAA", "MX", "NS", "TLSA", "TXT")
# The settings of a new zone on the free plan.
_SETTINGS: dict[str, Any] = {
    "min_tls_version": "1.0",
    "security_level": "medium",
    "browser_check": "off",
    "always_use_https": "off",
}
_OF_EMAIL_ROUTING = (
    "This zone is managed by Email Routing. Disable Email Routing to add/modify MX records."
)
_MULTIPART_RULE: dict[str, Any] = {
    "id": "Default Multipart Abort Rule",
    "enabled": True,
    "conditions": {"prefix": ""},
    "abortMultipartUploadsTransition": {"condition": {"type": "Age", "maxAge": 604_800}},
}


@dataclass(slots=True)
class Record:
    """A DNS record with one value; ``ttl`` is in seconds, or 1 for automatic.

    ``worker`` is the id of the custom domain that owns the record, or empty. With ``email`` the
    record is locked by Email Routing. Only MX records have a ``priority``.
    """

    id: str
    name: str
    type: str
    content: str
    ttl: int
    proxied: bool = False
    comment: str = ""
    worker: str = ""
    priority: int | None = None
    email: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """Name, type and content, which no two records have in common."""
        return self.name, self.type, self.content


@dataclass(slots=True)
class Zone:
    """A zone: ``settings`` by name, ``rules`` by phase, and ``bots``, its bot management.

    ``status`` is ``active`` while DNS is delegated to it, ``pending`` before that, and ``moved``
    afterwards.
    """

    id: str
    name: str
    records: dict[str, Record] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=lambda: dict(_SETTINGS))
    rules: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    bots: dict[str, Any] = field(default_factory=lambda: {"fight_mode": False})
    email: EmailRouting = field(default_factory=EmailRouting)
    status: str = "pending"
    was_active: bool = False

    def holds(self, name: str) -> bool:
        """Whether ``name`` is the zone's name or below it."""
        return name == self.name or name.endswith(f".{self.name}")


@dataclass(frozen=True, slots=True)
class Version:
    """One upload of a script: ``key`` is its name in workerd, ``at`` its time by the clock."""

    key: str
    source: str
    at: float
    bindings: tuple[Binding, ...] = ()

    @property
    def worker(self) -> Worker:
        """The module and bindings that workerd runs."""
        return Worker(self.source, self.bindings)


@dataclass(slots=True)
class Script:
    """A Worker: all uploads, the newest last; ``subdomain``: whether it answers at workers.dev.

    ``observability`` are its settings of logs, in the form of the API; nothing is logged here.
    """

    name: str
    versions: list[Version] = field(default_factory=list)
    compatibility_date: str = ""
    main_module: str = ""
    subdomain: bool = False
    observability: dict[str, Any] | None = None


@dataclass(slots=True)
class Bucket:
    """A bucket of R2; ``created`` is a date in the form of RFC 3339.

    ``lock`` and ``lifecycle`` are rules in the form of the API. R2 gives each new bucket a rule
    that aborts multipart uploads after a week (R2 docs, "Object lifecycles").
    """

    name: str
    created: str
    location: str = ""
    storage_class: str = "Standard"
    lock: list[Any] = field(default_factory=list)
    lifecycle: list[Any] = field(default_factory=lambda: [dict(_MULTIPART_RULE)])


@dataclass(frozen=True, slots=True)
class CustomDomain:
    """A host name that leads to the Worker ``service`` since the time ``at``."""

    id: str
    hostname: str
    service: str
    zone_id: str
    at: float


@dataclass(frozen=True, slots=True)
class Route:
    """A pattern of URLs that a Worker answers, if DNS leads the host name to Cloudflare's edge."""

    id: str
    zone_id: str
    pattern: str
    script: str
    at: float

    def serves(self, host: str) -> bool:
        """Whether the pattern is ``host/*``: all URLs of a host. No other one is modelled."""
        return self.pattern == f"{host}/*"


class Account:
    """The account; its methods raise `ApiError` if Cloudflare would refuse."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin empty; changes get the time ``clock()`` in seconds, for the lag of the edge."""
        self._clock = clock
        self._numbers = itertools.count(1)
        self.zones: dict[str, Zone] = {}
        self.scripts: dict[str, Script] = {}
        self.domains: dict[str, CustomDomain] = {}
        self.routes: dict[str, Route] = {}
        self.buckets: dict[str, Bucket] = {}

    def zone(self, zone_id: str) -> Zone:
        """The zone of that id."""
        try:
            return self.zones[zone_id]
        except KeyError:
            text = "perhaps your object identifier is invalid?"
            raise ApiError(404, 7003, f"Could not route to /zones/{zone_id}, {text}") from None

    def add_zone(self, name: str) -> Zone:
        """The zone of that name; it is made if it does not exist."""
        found = next((zone for zone in self.zones.values() if zone.name == name), None)
        if found is None:
            found = Zone(hashlib.md5(name.encode(), usedforsecurity=False).hexdigest(), name)
            self.zones[found.id] = found
        return found

    def remove_zone(self, zone_id: str) -> None:
        """Delete a zone with its records, custom domains and routes."""
        self.zone(zone_id)
        self.domains = {k: v for k, v in self.domains.items() if v.zone_id != zone_id}
        self.routes = {k: v for k, v in self.routes.items() if v.zone_id != zone_id}
        del self.zones[zone_id]

    def add_record(self, zone: Zone, record: Record, *, replacing: str = "") -> Record:
        """Add a record, or replace the one with the id ``replacing``."""
        _require_sound(zone, record)
        if replacing:
            _require_own(zone.records[replacing])
        others = [each for each in zone.records.values() if each.id != replacing]
        same_name = [each for each in others if each.name == record.name]
        if record.type == "MX" and any(each.email for each in same_name):
            raise ApiError(403, 1046, _OF_EMAIL_ROUTING)
        if any(each.key == record.key for each in same_name):
            raise ApiError(400, 81058, "An identical record already exists.")
        if any(_conflict(record, each) for each in same_name):
            text = "An A, AAAA, or CNAME record with that host already exists."
            raise ApiError(400, 81053, text)
        zone.records[record.id] = record
        return record

    def record(self, zone: Zone, record_id: str) -> Record:
        """The record with that id."""
        if record_id not in zone.records:
            raise ApiError(404, 81044, "Record does not exist.")
        return zone.records[record_id]

    def remove_record(self, zone: Zone, record_id: str) -> None:
        """Delete a record, unless a custom domain or Email Routing owns it."""
        _require_own(self.record(zone, record_id))
        del zone.records[record_id]

    def script(self, name: str) -> Script:
        """The script of that name."""
        if name not in self.scripts:
            raise ApiError(404, 10007, "This Worker does not exist on your account.")
        return self.scripts[name]

    def next_key(self) -> str:
        """A key for an upload that no other upload has had."""
        return f"w{next(self._numbers)}"

    def put_script(self, name: str, key: str, main: str, date: str, worker: Worker) -> Script:
        """Record an upload that workerd has accepted: its key, main module, date and Worker."""
        script = self.scripts.setdefault(name, Script(name))
        version = Version(key, worker.source, self._clock(), worker.bindings)
        script.versions.append(version)
        script.main_module, script.compatibility_date = main, date
        return script

    def remove_script(self, name: str, *, force: bool) -> None:
        """Delete a script; ``force`` also detaches its custom domains, else they refuse it."""
        self.script(name)
        bound = [each for each in self.domains.values() if each.service == name]
        if bound and not force:
            raise ApiError(400, 10064, f"{name} is still used by {bound[0].hostname}.")
        for each in bound:
            self.detach(each.id)
        del self.scripts[name]

    def attach(
        self, hostname: str, service: str, zone_id: str, *, override: bool = False
    ) -> CustomDomain:
        """Have a host name lead to the Worker ``service``, with a DNS record for it.

        A name that has address records is refused; with ``override`` they are replaced.
        """
        self.script(service)
        zone = self.zone(zone_id)
        if not zone.holds(hostname):
            raise ApiError(400, 100124, f"{hostname} is not part of the zone {zone.name}.")
        existing = next((each for each in self.domains.values() if each.hostname == hostname), None)
        if existing is not None and existing.service != service and not override:
            text = f"Hostname '{hostname}' already in use by another Worker."
            raise ApiError(409, 100115, text)
        rows = [each for each in zone.records.values() if each.name == hostname]
        foreign = [each for each in rows if each.type in _ADDRESS_TYPES and not each.worker]
        if foreign and not override:
            text = (
                f"Hostname '{hostname}' already has externally managed DNS records (A, CNAME, "
                "etc). Either delete them, try a different hostname, or use the option "
                "'override_existing_dns_record' to override."
            )
            raise ApiError(409, 100117, text)
        for each in foreign:
            del zone.records[each.id]
        at = existing.at if existing and existing.service == service else self._clock()
        id_ = existing.id if existing else uuid.uuid4().hex
        found = CustomDomain(id_, hostname, service, zone_id, at)
        self.domains[id_] = found
        if existing is None:
            row = Record(uuid.uuid4().hex, hostname, "AAAA", "100::", 1, proxied=True, worker=id_)
            zone.records[row.id] = row
        return found

    def add_route(self, zone_id: str, pattern: str, script: str) -> Route:
        """Have the Worker ``script`` answer a pattern of URLs of the zone."""
        self.zone(zone_id)
        self.script(script)
        if any(each.pattern == pattern for each in self.routes.values()):
            raise ApiError(409, 10020, "A route with the same pattern already exists.")
        made = Route(uuid.uuid4().hex, zone_id, pattern, script, self._clock())
        self.routes[made.id] = made
        return made

    def domain(self, id_: str) -> CustomDomain:
        """The custom domain with that id."""
        if id_ not in self.domains:
            raise ApiError(404, 100114, "Custom domain not found.")
        return self.domains[id_]

    def detach(self, id_: str) -> None:
        """Delete a custom domain and its DNS records."""
        found = self.domain(id_)
        zone = self.zone(found.zone_id)
        for each in [each for each in zone.records.values() if each.worker == id_]:
            del zone.records[each.id]
        del self.domains[id_]

    def hosts(self) -> Iterator[tuple[str, str]]:
        """All host names of custom domains and of workers.dev, each with its Worker's name."""
        yield from ((each.hostname, each.service) for each in self.domains.values())
        yield from (
            (f"{script.name}.{WORKERS_DEV}", script.name)
            for script in self.scripts.values()
            if script.subdomain
        )


def _conflict(record: Record, other: Record) -> bool:
    """Whether two records of one name exclude each other (RFC 1034 section 3.6.2)."""
    if "CNAME" in (record.type, other.type):
        return True
    return bool(other.worker) and record.type in _ADDRESS_TYPES


def _require_own(found: Record) -> None:
    """Refuse to change a record that Workers or Email Routing manages."""
    if found.worker:
        raise ApiError(403, 1043, "This DNS record is managed by Workers.")
    if found.email:
        raise ApiError(403, 1046, _OF_EMAIL_ROUTING)


def _require_sound(zone: Zone, record: Record) -> None:
    if record.type not in _KNOWN_TYPES:
        raise ApiError(400, 9004, f"The local API does not model {record.type} records.")
    if not zone.holds(record.name):
        raise ApiError(400, 9005, f"{record.name} is not part of the zone {zone.name}.")
    if record.ttl != 1 and not 60 <= record.ttl <= 86_400:
        text = "Invalid TTL. Must be between 60 and 86,400 seconds, or 1 for Automatic."
        raise ApiError(400, 9021, text)
    if record.proxied and record.type not in _ADDRESS_TYPES:
        raise ApiError(400, 9004, "This record type cannot be proxied.")
    if record.type == "MX" and record.priority is None:
        raise ApiError(400, 9100, "Priority is required for this record type.")
    if record.type == "TXT" and not _fits_txt(record.content):
        raise ApiError(400, 9207, "Content for TXT record is invalid.")


def _fits_txt(content: str) -> bool:
    """Whether a TXT content is quoted strings of at most 255 bytes each, as the API requires."""
    parts = content.split('" "') if content.startswith('"') else []
    whole = len(content) >= 2 and content.endswith('"')
    return whole and all(len(part.strip('"')) <= 255 for part in parts)
