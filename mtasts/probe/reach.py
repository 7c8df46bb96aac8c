"""How the probes reach the network: resolver, certificate roots and a map of connections."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.addresses import is_global, is_loopback, is_stand_in
from mtasts.destinations import require_local
from mtasts.errors import MtaStsError, UsageError
from mtasts.observations import ClientProfile
from mtasts.probe.tls import tls_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

RESOLVER = "MTASTS_RESOLVER"
CA_FILE = "MTASTS_CA_FILE"
CONNECT_TO = "MTASTS_CONNECT_TO"
DNS_PORT = 53
_ROW = re.compile(r"(?:\[([^\]]+)\]|([^:\[\]]*)):([0-9]*):(?:\[([^\]]+)\]|([^:\[\]]*)):([0-9]*)")


class NotGlobalError(MtaStsError):
    """The address is not global (RFC 6890): no sender can reach it, and no connection was made."""


@dataclass(frozen=True, slots=True)
class ConnectTo:
    """One row of curl's ``--connect-to``; empty host and port mean any, empty target the same.

    ``host`` may be an IP address: the row then matches every host that resolved to it.
    """

    host: str
    port: int | None
    to_address: str
    to_port: int | None

    @classmethod
    def parse(cls, text: str) -> ConnectTo:
        """Read ``host:port:address:port``, with an IPv6 address in brackets.

        Raises:
            UsageError: it has another form.
        """
        found = _ROW.fullmatch(text)
        try:
            literal, host, port, to_literal, to_host, to_port = found.groups() if found else ()
            to_address = to_literal or to_host
            for address in filter(None, (literal, to_address)):
                ipaddress.ip_address(address)
            return cls(
                (literal or host).lower(),
                int(port) if port else None,
                to_address,
                int(to_port) if to_port else None,
            )
        except ValueError as error:
            raise UsageError(f"{text!r} is not HOST:PORT:ADDRESS:PORT") from error

    def __str__(self) -> str:
        to_address = f"[{self.to_address}]" if ":" in self.to_address else self.to_address
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port or ''}:{to_address}:{self.to_port or ''}"

    def applies(self, host: str, port: int, address: str) -> bool:
        """Whether this row matches ``host``, its ``address``, and ``port``."""
        return self.host in ("", host, address) and self.port in (None, port)


@dataclass(frozen=True, slots=True)
class Reach:
    """Resolver, trust anchors and connection map of every probe.

    ``resolver`` is the address and port of the DNS server that answers every query, recursive and
    authoritative, except for name servers in ``connect_to``; None means the system's servers.
    ``ca_file`` None means the Mozilla roots (certifi). ``is_local`` says that it comes from a local
    cloud's environment, so that observations say nothing about the Internet.

    Connections are made to global addresses, to the targets in ``connect_to``, and in a local cloud
    to this machine; with ``allow_private`` to any address.
    """

    resolver: tuple[str, int] | None = None
    ca_file: Path | None = None
    connect_to: tuple[ConnectTo, ...] = ()
    is_local: bool = False
    allow_private: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Reach:
        """The reach that `mtasts local env` set, or the default one.

        Raises:
            UsageError: the environment is not a local cloud's own, or a variable is malformed or
                leads off this machine: a proof that trusted a private authority elsewhere would
                prove nothing.
        """
        require_local((RESOLVER, CA_FILE, CONNECT_TO), environment)
        resolver = environment.get(RESOLVER)
        ca_file = environment.get(CA_FILE)
        rows = tuple(ConnectTo.parse(row) for row in environment.get(CONNECT_TO, "").split())
        reach = cls(
            endpoint(resolver) if resolver else None,
            Path(ca_file) if ca_file else None,
            rows,
            is_local=bool(resolver and ca_file),
        )
        if ca_file and not resolver:
            raise UsageError(f"{CA_FILE} is set without {RESOLVER}; both belong to a local cloud")
        targets = [row.to_address for row in rows if row.to_address]
        if reach.resolver:
            targets.append(reach.resolver[0])
        strays = [address for address in targets if not ipaddress.ip_address(address).is_loopback]
        if strays:
            raise UsageError(
                f"{RESOLVER} and {CONNECT_TO} may lead to loopback addresses only, "
                f"not to {', '.join(strays)}: unset them"
            )
        return reach

    def target(self, host: str, port: int, address: str) -> tuple[str, int]:
        """Address and port to connect to, for ``host``:``port`` that resolved to ``address``.

        Raises:
            NotGlobalError: the address is not global. DNS answers of strangers must not lead a
                probe into the operator's own network.
        """
        for row in self.connect_to:
            if row.applies(host, port, address):
                port = row.to_port or port
                if row.to_address:
                    return row.to_address, port
                break
        here = self.is_local and is_loopback(address)
        if not (here or self.allow_private or is_global(address)):
            raise NotGlobalError("nobody outside can reach that address (RFC 6890)")
        return address, port

    def reaches_all(self, address: str) -> bool:
        """Whether ``address`` is global, or stands for a global one in a local cloud."""
        return is_global(address) or (self.is_local and is_stand_in(address))

    def name_server(self, server: str) -> tuple[str, int] | None:
        """Address and port of a name server in ``connect_to``; None if it is not listed."""
        for row in self.connect_to:
            if (row.host, row.port) == (server, DNS_PORT) and row.to_address:
                return row.to_address, row.to_port or DNS_PORT
        return None

    def tls_context(self, profile: ClientProfile = ClientProfile.USUAL) -> ssl.SSLContext:
        """A context that trusts the roots alone; see `mtasts.probe.tls.tls_context`."""
        return tls_context(self.roots, profile)

    @property
    def roots(self) -> Path:
        """The file of the trusted root certificates."""
        import certifi  # only needed once a connection is made

        return self.ca_file or Path(certifi.where())


def endpoint(text: str) -> tuple[str, int]:
    """Address and port of ``ADDRESS:PORT``, IPv6 in brackets; raises `UsageError`."""
    address, _, port = text.rpartition(":")
    address = address.strip("[]")
    try:
        ipaddress.ip_address(address)
        return address, int(port)
    except ValueError as error:
        raise UsageError(f"{text!r} is not ADDRESS:PORT") from error
