"""The resources of a program, sorted by policy domain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from mtasts.names import POLICY_LABEL, STS_LABEL, TLSRPT_LABEL
from mtasts.policypack.reading import (
    ADDRESS_TYPES,
    DISTRIBUTION,
    RECORDS,
    SCRIPTS,
    is_body,
    is_object,
    owner_of,
    policy_hosts,
)
from mtasts.policypack.resources import NotKnownError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mtasts.policypack.resources import Resource

CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
_ZONES = {"aws:route53/zone:Zone": "name", "cloudflare:index/zone:Zone": "name"}
_BUCKETS = frozenset({"aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"})
# The inputs that hold the name of a script, and those in which a host names its script.
_SCRIPT_NAMES = ("scriptName", "name")
_WORKER_OF = ("service", "script", "scriptName")
P = ParamSpec("P")
Value = TypeVar("Value")
_LABELS = (STS_LABEL, TLSRPT_LABEL, POLICY_LABEL)


@dataclass(slots=True)
class Domain:
    """A policy domain, and the resources that the program has for it.

    ``name`` is empty if all its records have names relative to a zone that the program does not
    create; ``shown`` is the name in messages. ``sts`` and ``tlsrpt`` are TXT record sets,
    ``addresses`` the other record sets of the policy host, ``mx`` the MX record sets of the domain
    itself. ``hosts`` serve the policy, and ``bodies`` hold it.
    """

    name: str
    shown: str
    stack: Stack
    sts: list[Resource] = field(default_factory=list)
    tlsrpt: list[Resource] = field(default_factory=list)
    addresses: list[Resource] = field(default_factory=list)
    hosts: list[Resource] = field(default_factory=list)
    bodies: list[Resource] = field(default_factory=list)
    mx: list[Resource] = field(default_factory=list)

    @property
    def policy_host(self) -> str:
        """The name of its policy host in messages."""
        return f"{POLICY_LABEL}.{self.name}" if self.name else f"{POLICY_LABEL} in {self.shown}"


class Stack:
    """The resources of one program, by URN, and its policy domains."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        """Sort ``resources`` by domain; ``unnamed`` are record sets without a known name."""
        self.resources: Mapping[str, Resource] = {each.urn: each for each in resources}
        self._zones = {
            urn: known(each.text, _ZONES[each.type]) or ""
            for urn, each in self.resources.items()
            if each.type in _ZONES
        }
        self._buckets = {
            urn: known(each.text, "bucket") or ""
            for urn, each in self.resources.items()
            if each.type in _BUCKETS
        }
        self._domains: dict[str, Domain] = {}
        self.unnamed: list[Resource] = []
        for each in self.resources.values():
            if each.type in RECORDS:
                self._place_record(each)
            for host in known(policy_hosts, each) or ():
                self._domain(host.removeprefix(f"{POLICY_LABEL}."), "").hosts.append(each)
        for each in self.resources.values():
            if each.type in RECORDS:
                self._place_mx(each)
        self._place_bodies()

    @property
    def domains(self) -> tuple[Domain, ...]:
        """The policy domains, in the order of their names."""
        return tuple(self._domains[key] for key in sorted(self._domains))

    def all_before(self, resource: Resource) -> frozenset[str]:
        """The URNs of all resources that are written before ``resource``."""
        found: set[str] = set()
        left = list(resource.waits_for)
        while left:
            urn = left.pop()
            if urn not in found and urn in self.resources:
                found.add(urn)
                left.extend(self.resources[urn].waits_for)
        return frozenset(found)

    def of_type(self, *types: str) -> list[Resource]:
        """The resources of any of these types."""
        return [each for each in self.resources.values() if each.type in types]

    def is_validation(self, record: Resource) -> bool:
        """Whether a record set is the one with which a certificate is validated.

        The certificate gives the record set its name, so a preview does not know the name.
        """
        named_by = record.by_property.get("name", frozenset())
        kinds = {self.resources[urn].type for urn in named_by if urn in self.resources}
        return CERTIFICATE in kinds

    def zone_of(self, record: Resource) -> str:
        """A key for the zone of a record set: the zone's id, or the URNs that the id comes from."""
        named = known(record.text, "zoneId")
        return named or " ".join(sorted(record.by_property.get("zoneId", ())))

    def owner(self, record: Resource) -> str:
        """The full name of a record set, if the program also has its zone.

        Both clouds append the zone's name to a name that does not end in it.

        Raises:
            NotKnownError: the name is not known yet.
        """
        owner = owner_of(record)
        for urn in record.by_property.get("zoneId", ()):
            zone = self._zones.get(urn, "")
            # Both spellings mean the name of the zone itself.
            if zone and owner in ("", "@"):
                return zone
            if zone and owner != zone and not owner.endswith(f".{zone}"):
                return f"{owner}.{zone}"
        return owner

    def buckets(self, resource: Resource) -> frozenset[str]:
        """Keys for the bucket of a resource: its name, and its URN if the program creates it."""
        if resource.type in _BUCKETS:
            urns = {resource.urn}
        else:
            urns = {urn for urn in resource.by_property.get("bucket", ()) if urn in self._buckets}
        names = {known(resource.text, "bucket")} | {self._buckets[urn] for urn in urns}
        names -= {None, ""}
        urns |= {urn for urn, name in self._buckets.items() if name in names}
        return frozenset(urns | {name for name in names if name})

    def _domain(self, name: str, zone: str) -> Domain:
        key = name or f"zone {zone}"
        if key not in self._domains:
            self._domains[key] = Domain(name, key, self)
        return self._domains[key]

    def _place_record(self, record: Resource) -> None:
        try:
            owner, type_ = self.owner(record), record.text("type").upper()
        except NotKnownError:
            if not self.is_validation(record):
                self.unnamed.append(record)
            return
        for label in _LABELS:
            if owner != label and not owner.startswith(f"{label}."):
                continue
            has_role = type_ in ADDRESS_TYPES if label == POLICY_LABEL else type_ == "TXT"
            if has_role:
                domain = self._domain(owner[len(label) + 1 :], self.zone_of(record))
                {
                    POLICY_LABEL: domain.addresses,
                    STS_LABEL: domain.sts,
                    TLSRPT_LABEL: domain.tlsrpt,
                }[label].append(record)

    def _place_mx(self, record: Resource) -> None:
        owner = known(self.owner, record)
        if owner in self._domains and (known(record.text, "type") or "").upper() == "MX":
            self._domains[owner].mx.append(record)

    def _place_bodies(self) -> None:
        """Assign each body to the domains whose host serves it, or whose name is in its key."""
        bodies = [each for each in self.resources.values() if known(is_body, each)]
        served = _Served(self, bodies)
        placed: set[str] = set()
        for domain in self.domains:
            found = [body for host in domain.hosts for body in served.bodies_of(host)]
            found += [body for body in bodies if is_object(body) and _names(body, domain)]
            domain.bodies = list({each.urn: each for each in found}.values())
            placed |= {each.urn for each in found}
        # A program with one domain has one policy, so any other body is that domain's.
        if len(self._domains) == 1:
            self.domains[0].bodies += [each for each in bodies if each.urn not in placed]


class _Served:
    """The bodies that each host serves, indexed once: a stack may have hundreds of hosts."""

    def __init__(self, stack: Stack, bodies: Sequence[Resource]) -> None:
        self._stack = stack
        self._objects: dict[str, list[Resource]] = {}
        for body in bodies:
            for bucket in stack.buckets(body) if is_object(body) else ():
                self._objects.setdefault(bucket, []).append(body)
        self._scripts: dict[str, list[Resource]] = {}
        for script in stack.of_type(*SCRIPTS):
            if known(is_body, script) is False:
                continue
            names = {known(script.text, key) for key in _SCRIPT_NAMES}
            for name in {script.urn, *names} - {None, ""}:
                self._scripts.setdefault(str(name), []).append(script)

    def bodies_of(self, host: Resource) -> Iterator[Resource]:
        """The bodies that ``host`` serves; a script counts even if its source is not known yet."""
        waits = host.waits_for
        for urn in waits:
            yield from self._scripts.get(urn, ())
        if host.type == DISTRIBUTION:
            yield from self._origins(host)
        else:
            for key in _WORKER_OF:
                yield from self._scripts.get(known(host.text, key) or "", ())

    def _origins(self, host: Resource) -> Iterator[Resource]:
        origins = host.by_property.get("origins", frozenset())
        found = set(origins & self._objects.keys())
        for index in range(len(known(host.items, "origins") or ())):
            name = known(host.text, "origins", index, "domainName") or ""
            # An origin in S3 is BUCKET.s3.REGION.amazonaws.com, or an older form of that name.
            found.add(name.partition(".s3")[0])
        path = (known(host.text, "origins", 0, "originPath") or "").strip("/")
        for bucket in found:
            for body in self._objects.get(bucket, ()):
                if not path or body.text("key").startswith(f"{path}/"):
                    yield body


def _names(body: Resource, domain: Domain) -> bool:
    return bool(domain.name) and f"/{domain.name}/" in f"/{body.text('key')}"


def known(read: Callable[P, Value], *args: P.args, **named: P.kwargs) -> Value | None:
    """The result of ``read``, or None if it raises `NotKnownError`."""
    try:
        return read(*args, **named)
    except NotKnownError:
        return None
