"""SPF and DMARC records through checkdmarc's parsers, which look up what a record refers to.

They block, so they run in threads. Every look-up goes to the resolver of the probes, and their
number and time are bounded: a record may refer to records without end.
"""

from __future__ import annotations

import os
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import dns.exception
import dns.resolver

from mtasts.findings import printable
from mtasts.observations import Parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

_LOOKUPS_MAX = 60
_LOOKUP_SECONDS = 3.0
_RECORD_MAX = 4000
_WARNINGS_MAX = 10
_TEXT_MAX = 300
_STOPPED = "it refers to more records than are looked up"


class BoundedResolver(dns.resolver.Resolver):
    """Asks one server, no more often than `_LOOKUPS_MAX` times, and not past ``end``."""

    def __init__(
        self, servers: Sequence[tuple[str, int]], end: float, now: Callable[[], float]
    ) -> None:
        """Ask ``servers`` until ``now()`` reaches ``end``."""
        super().__init__(configure=False)
        self.nameservers = [address for address, _ in servers]
        self.nameserver_ports = dict(servers)
        self._end = end
        self._now = now
        self._left = _LOOKUPS_MAX
        self.failure = ""  # of the last look-up that settled nothing

    def resolve(self, *arguments: Any, **options: Any) -> dns.resolver.Answer:  # noqa: ANN401 - dnspython's signature, passed on
        """As dnspython does, within the bounds."""
        left = self._end - self._now()
        self._left -= 1
        try:
            if self._left < 0 or left <= 0:
                raise dns.exception.Timeout  # noqa: TRY301 - told like one of the library's own
            options["lifetime"] = min(left, _LOOKUP_SECONDS)
            return super().resolve(*arguments, **options)
        except (dns.exception.Timeout, dns.resolver.NoNameservers, OSError) as error:
            self.failure = _text(error) if self._left >= 0 else _STOPPED
            raise


def _library(subject: str) -> ModuleType:
    """Checkdmarc's module, without its cache: what was corrected is to be seen at once."""
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
    # The parser takes a name that could not be looked up for one that does not exist.
    return replace(so_far, reason=resolver.failure) if resolver.failure else parsed


def _text(found: object) -> str:
    words = " ".join(str(found).split()).replace("\u00a7", "section")
    return printable(words, _TEXT_MAX)
