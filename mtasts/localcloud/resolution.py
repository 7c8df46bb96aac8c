"""DNS answers from hosted zones, without I/O (RFC 1034, RFC 2308, RFC 4592).

One server stands for all of DNS, so an answer is the one that a recursive resolver would give:
CNAME chains are followed from zone to zone. Route 53's alias records are answered as A and AAAA
records, as Route 53 does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CHAIN_MAX = 16
_ALIAS_TTL_SECONDS = 60  # the TTL that Route 53 gives an alias to a CloudFront distribution
_ROOT_SOA = ". 900 IN SOA a.root.invalid. hostmaster.invalid. 1 7200 900 1209600 900"


@dataclass(frozen=True, slots=True)
class RecordSet:
    """The records of one name and type, or a Route 53 alias to the name ``alias``.

    ``name`` is in lower case without a trailing dot. ``values`` are in presentation form (RFC 1035
    section 5.1), and empty for an alias.
    """

    name: str
    type: str
    ttl_seconds: int
    values: tuple[str, ...] = ()
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Zone:
    """A hosted zone and its record sets, including SOA and NS."""

    name: str
    records: tuple[RecordSet, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The content of a response: code, answer section and authority section.

    ``authoritative`` is the AA bit: set for names inside of a known zone.
    """

    rcode: dns.rcode.Rcode
    answer: tuple[dns.rrset.RRset, ...] = ()
    authority: tuple[dns.rrset.RRset, ...] = ()
    authoritative: bool = True


class BadRecordError(Exception):
    """A zone has a record that cannot be put into a message; a real provider would refuse it."""


class Names:
    """All names that exist in DNS: those of zones, and records outside of any zone (``overlay``).

    If a zone and the overlay have records of the same name and type, those of the zone are used.
    """

    def __init__(self, zones: Iterable[Zone], overlay: Iterable[RecordSet] = ()) -> None:
        """Index all records once, so that each look-up is fast."""
        self._zones = {zone.name: zone for zone in zones}
        self._sets: dict[tuple[str, str], RecordSet] = {}
        self._existing: set[str] = set()
        for record in overlay:
            self._add(record)
        for zone in self._zones.values():
            for record in zone.records:
                self._add(record)

    def _add(self, record: RecordSet) -> None:
        self._sets[record.name, record.type] = record
        name = record.name
        while name and name not in self._existing:  # an empty non-terminal exists (RFC 8020)
            self._existing.add(name)
            name = name.partition(".")[2]

    def resolve(self, name: str, type_: str) -> Answer:
        """The answer to a query for ``name`` and ``type_``; ``name`` is in lower case, without dot.

        Raises:
            BadRecordError: a record of the answer is not valid.
        """
        chain: list[dns.rrset.RRset] = []
        for _ in range(_CHAIN_MAX):
            source = self._source(name)
            found = self._find(source, type_) if source else None
            if found:
                chain.append(self._rrset(name, found))
                return Answer(dns.rcode.NOERROR, tuple(chain), authoritative=self._has_zone(name))
            cname = self._sets.get((source, "CNAME")) if source else None
            if cname is None:
                code = dns.rcode.NOERROR if source else dns.rcode.NXDOMAIN
                return self.negative(name, code, tuple(chain))
            chain.append(self._rrset(name, cname))
            name = cname.values[0].rstrip(".").lower()
        return Answer(dns.rcode.SERVFAIL, tuple(chain))

    def negative(
        self, name: str, code: dns.rcode.Rcode, chain: tuple[dns.rrset.RRset, ...] = ()
    ) -> Answer:
        """A negative answer with that code, and the SOA that gives its TTL (RFC 2308).

        ``chain`` has the CNAME records that led to ``name``.
        """
        return Answer(code, chain, (self._soa(name),), self._has_zone(name))

    def _source(self, name: str) -> str:
        """The owner name whose records answer for ``name``.

        That is ``name`` itself or a wildcard (RFC 4592); empty if neither exists.
        """
        if name in self._existing:
            return name
        encloser = name
        while encloser and encloser not in self._existing:
            encloser = encloser.partition(".")[2]
        wildcard = f"*.{encloser}"
        return wildcard if encloser and wildcard in self._existing else ""

    def _find(self, source: str, type_: str, depth: int = 0) -> RecordSet | None:
        found = self._sets.get((source, type_))
        if found is None or not found.alias:
            return found
        if depth > _CHAIN_MAX:
            return None
        target = self._find(self._source(found.alias), type_, depth + 1)
        return target and RecordSet(source, type_, _ALIAS_TTL_SECONDS, target.values)

    def _zone_of(self, name: str) -> Zone | None:
        while name:
            if name in self._zones:
                return self._zones[name]
            name = name.partition(".")[2]
        return None

    def _has_zone(self, name: str) -> bool:
        return self._zone_of(name) is not None

    def _soa(self, name: str) -> dns.rrset.RRset:
        """The SOA of the zone of ``name``; its TTL is that of a negative answer."""
        zone = self._zone_of(name)
        found = self._sets.get((zone.name, "SOA")) if zone else None
        if zone is None or found is None:
            owner, ttl, *_, value = _ROOT_SOA.split(" ", 4)
            return self._rrset(owner, RecordSet("", "SOA", int(ttl), (value,)))
        soa = self._rrset(zone.name, found)
        soa.update_ttl(min(soa.ttl, soa[0].minimum))
        return soa

    @staticmethod
    def _rrset(owner: str, found: RecordSet) -> dns.rrset.RRset:
        try:
            rrset = dns.rrset.RRset(
                dns.name.from_text(owner),
                dns.rdataclass.IN,
                dns.rdatatype.from_text(found.type),
            )
            for value in found.values:
                rrset.add(_rdata(found.type, value), found.ttl_seconds)
        except (dns.exception.DNSException, ValueError) as error:
            raise BadRecordError(f"{owner} {found.type}: {error}") from error
        return rrset


def records(names: Iterable[str], type_: str, *values: str) -> Iterator[RecordSet]:
    """Record sets for an overlay: the same type and values for each of ``names``."""
    for name in names:
        yield RecordSet(name, type_, 300, values)


@lru_cache(maxsize=4096)
def _rdata(type_: str, value: str) -> dns.rdata.Rdata:
    # Route 53 treats names in values as absolute, with and without a trailing dot.
    return dns.rdata.from_text(
        dns.rdataclass.IN,
        dns.rdatatype.from_text(type_),
        value,
        origin=dns.name.root,
        relativize=False,
    )
