"""SPF and DMARC records through checkdmarc's parsers, which look up what a record refers to.

They block, so they run in threads. Every look-up goes through the probes, and their number is
bounded: a record may refer to records without end.
"""

from __future__ import annotations

import os
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import dns.rdata
import dns.resolver
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.TXT import TXT

from mtasts.findings import printable
from mtasts.observations import DnsStatus, Parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from mtasts.observations import DnsAnswer

_LOOKUPS_MAX = 60
_RECORD_MAX = 4000
_WARNINGS_MAX = 10
_TEXT_MAX = 300
_STOPPED = "it refers to more records than are looked up"


class BoundedResolver:
    """A resolver for checkdmarc in place of dnspython's; it limits the number of look-ups.

    ``ask`` blocks, and never raises. ``failure`` is the reason of the last look-up that settled
    nothing: the parser takes such a name for one that does not exist.
    """

    lifetime = 0.0  # required by checkdmarc; the look-ups have deadlines of their own

    def __init__(
        self, ask: Callable[[str, str], DnsAnswer], *, lookups_max: int = _LOOKUPS_MAX
    ) -> None:
        """Ask nothing yet."""
        self._ask = ask
        self._left = lookups_max
        self.failure = ""

    def resolve(self, name: str, type_: str, **_: object) -> list[dns.rdata.Rdata]:
        """The records of ``name``; raises what dnspython does where there are none.

        Raises:
            dns.exception.DNSException: there are none, or nobody answers; as dnspython has it.
        """
        self._left -= 1
        if self._left < 0:
            self.failure = _STOPPED
            raise dns.resolver.NoNameservers
        answer = self._ask(name.rstrip(".").lower(), type_)
        if answer.status is DnsStatus.FAILED:
            self.failure = answer.reason
            raise dns.resolver.NoNameservers
        if answer.status is DnsStatus.NXDOMAIN:
            raise dns.resolver.NXDOMAIN
        if answer.status is DnsStatus.NO_DATA:
            raise dns.resolver.NoAnswer
        if type_ == "TXT":
            return [TXT(RdataClass.IN, RdataType.TXT, strings) for strings in answer.strings]
        return [dns.rdata.from_text("IN", type_, value) for value in answer.values]


def _library(subject: str) -> ModuleType:
    """Checkdmarc's module, without its cache, so that a corrected record is seen at once."""
    os.environ.setdefault("DNS_CACHE_MAX_AGE_SECONDS", "0")
    os.environ.setdefault("DNS_CACHE_MAX_LEN", "1")
    return import_module(f"checkdmarc.{subject}")  # 0.4 s that not every command pays


def parse_spf(record: str, domain: str, resolver: BoundedResolver) -> Parsed:
    """What RFC 7208 makes of ``record``; never raises for what it holds."""
    library = _library("spf")
    return _parsed(record, domain, resolver, library.parse_spf_record, library.SPFError)


def parse_dmarc(record: str, domain: str, resolver: BoundedResolver) -> Parsed:
    """What RFC 7489 makes of ``record``; never raises for what it holds."""
    library = _library("dmarc")
    return _parsed(record, domain, resolver, library.parse_dmarc_record, library.DMARCError)


PARSERS = {"spf": parse_spf, "dmarc": parse_dmarc}


def _parsed(
    record: str,
    domain: str,
    resolver: BoundedResolver,
    parse: Callable[..., Mapping[str, Any]],
    refused: type[Exception],
) -> Parsed:
    so_far = Parsed(printable(record, _TEXT_MAX))
    if len(record) > _RECORD_MAX:
        return Parsed(so_far.record, error=f"it has more than {_RECORD_MAX} characters")
    try:
        found = parse(record, domain, resolver=resolver, syntax_error_marker=">>")
        parsed = replace(so_far, warnings=tuple(map(_text, found["warnings"][:_WARNINGS_MAX])))
    except refused as error:
        parsed = replace(so_far, error=_text(error))
    except Exception as error:  # noqa: BLE001 - a parser's own mistake is no finding about the domain
        parsed = replace(so_far, reason=f"{type(error).__name__}: {_text(error)}")
    return replace(so_far, reason=resolver.failure) if resolver.failure else parsed


def _text(found: object) -> str:
    words = " ".join(str(found).split()).replace("\u00a7", "section")
    return printable(words, _TEXT_MAX)
