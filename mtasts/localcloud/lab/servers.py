"""The lab's servers: DNS, HTTPS and mail for the domains of the lab.

They listen on free ports of 127.0.0.1, to which a connect-to map leads. In a network namespace
(`mtasts.localcloud.lab.namespace`) each host can have an address and the standard ports instead
(``addressed``).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from mtasts.localcloud.authority import CRL_HOST
from mtasts.localcloud.dns import DnsServer
from mtasts.localcloud.lab.setup import ZONE, Setup
from mtasts.localcloud.lab.setups import setups
from mtasts.localcloud.lab.web import WebHosts
from mtasts.localcloud.mail import Flavour, MailServers
from mtasts.localcloud.resolution import Names, RecordSet, Zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mtasts.localcloud.authority import Authority

_HTTP, _HTTPS, _SMTP, _SUBMISSIONS, _DNS = 80, 443, 25, 465, 53
_CONNECTIONS_MAX = 2000
_TTL_SECONDS = 300
_SOA = "ns.lab.example. hostmaster.lab.example. 1 7200 900 1209600 300"


class Lab:
    """The servers of some set-ups; by default of all."""

    def __init__(
        self,
        authority: Authority,
        wanted: Iterable[Setup] | None = None,
        *,
        addressed: bool = False,
        delay_seconds: float = 0.0,
    ) -> None:
        """Make the servers; `start` makes them listen.

        With ``addressed`` each host has its own address in 127.0.0.0/8, and the standard port of
        its protocol. DNS answers after ``delay_seconds``.
        """
        self.setups = {each.domain: each for each in (setups() if wanted is None else wanted)}
        self._addressed = addressed
        self._free = itertools.count(1)
        self._hosts: dict[str, str] = {}
        self._records: list[RecordSet] = []
        self._closed: list[str] = []
        self._clear_port = 0
        self.web = WebHosts(authority)
        self.mail = MailServers(authority, _CONNECTIONS_MAX)
        self.dns = DnsServer(self._names, self._signed, delay_seconds=delay_seconds)

    async def start(self) -> None:
        """Start all servers; DNS of an ``addressed`` lab listens on 127.0.0.1:53."""
        for setup in self.setups.values():
            await self._listen(setup)
        address = self._address()
        where, port = self._bound(address, _HTTP)
        self._clear_port = await self.web.listen_clear(address=where, port=port)
        self._records.append(RecordSet(CRL_HOST, "A", _TTL_SECONDS, (address,)))
        self._index = Names([self._zone()], self._records)
        for setup in self.setups.values():
            self.dns.faults.update(setup.faults)
        await self.dns.start(port=_DNS if self._addressed else 0)

    async def stop(self) -> None:
        """Stop all servers."""
        for server in (self.dns, self.web, self.mail):
            await server.stop()

    def connect_to(self) -> tuple[str, ...]:
        """Rows ``host:port:address:port``, as curl's ``--connect-to`` takes them.

        An ``addressed`` lab needs none.
        """
        if self._addressed:
            return ()
        pairs = [(host, _HTTPS, port) for host, port in self.web.ports.items()]
        pairs.append((CRL_HOST, _HTTP, self._clear_port))
        pairs += [
            (host, _mail_port(self.mail.flavours[host]), port)
            for host, port in self.mail.ports.items()
        ]
        # A domain without MX records is its own MX host (RFC 5321 section 5.1).
        mail = self.mail.ports
        pairs += [
            (each, _SMTP, mail[f"mx1.{each}"]) for each in self.setups if f"mx1.{each}" in mail
        ]
        # Port 1 is privileged, and nothing listens there.
        pairs += [(each, port, 1) for each in self._closed for port in (_HTTPS, _SMTP)]
        closed = [s for s in self.setups.values() if not s.web.listens]
        pairs += [(f"mta-sts.{each.domain}", _HTTPS, 1) for each in closed]
        implicit = [h for h, each in self.mail.flavours.items() if each is Flavour.IMPLICIT]
        pairs += [(host, _SMTP, 1) for host in implicit]
        # The first row that matches is used. Sorting puts addresses, which begin with a digit,
        # before names.
        return tuple(f"{host}:{port}:127.0.0.1:{to}" for host, port, to in sorted(pairs))

    async def _listen(self, setup: Setup) -> None:
        host = f"mta-sts.{setup.domain}"
        addresses = {label: self._address() for label in ("web", "closed", *setup.mail)}
        self._closed.append(addresses["closed"])
        if setup.web.listens:
            where, port = self._bound(addresses["web"], _HTTPS)
            await self.web.listen(host, setup.web, address=where, port=port)
        for label, flavour in setup.mail.items():
            where, port = self._bound(addresses[label], _mail_port(flavour))
            name = f"{label}.{setup.domain}"
            await self.mail.listen(name, flavour, address=where, port=port)
        self._records += _records(setup, addresses, ipv6=setup.ipv6 and not self._addressed)

    def _bound(self, address: str, port: int) -> tuple[str, int]:
        """The address and port to bind for a server that clients reach at ``address``:``port``."""
        return (address, port) if self._addressed else ("127.0.0.1", 0)

    def _address(self) -> str:
        """An unused address: of 198.18.0.0/15, which is for tests (RFC 2544), or of loopback."""
        number = next(self._free)
        high, low = divmod(number, 250)
        return f"127.1.{high}.{low + 1}" if self._addressed else f"198.18.{high}.{low + 1}"

    def _names(self) -> Names:
        return self._index

    def _signed(self, name: str) -> bool:
        while name and name not in self.setups:
            name = name.partition(".")[2]
        return not name or self.setups[name].signed

    @staticmethod
    def _zone() -> Zone:
        return Zone(
            ZONE,
            (
                RecordSet(ZONE, "SOA", _TTL_SECONDS, (_SOA,)),
                RecordSet(ZONE, "NS", _TTL_SECONDS, (f"ns.{ZONE}.",)),
            ),
        )


def _mail_port(flavour: Flavour) -> int:
    return _SUBMISSIONS if flavour is Flavour.IMPLICIT else _SMTP


def _records(setup: Setup, addresses: dict[str, str], *, ipv6: bool) -> Iterator[RecordSet]:
    """The records of a set-up, including the addresses of its hosts."""
    for (owner, type_), values in setup.records.items():
        name = setup.domain if owner == "@" else f"{owner}.{setup.domain}"
        found = tuple(each.format(**addresses) if type_ == "A" else each for each in values)
        yield RecordSet(name, type_, setup.ttls.get((owner, type_), _TTL_SECONDS), found)
    if "mta-sts" not in setup.bare:
        host = f"mta-sts.{setup.domain}"
        yield RecordSet(host, "A", _TTL_SECONDS, (addresses["web"],))
        if ipv6:
            yield RecordSet(host, "AAAA", _TTL_SECONDS, ("2001:db8::1",))
    for label in setup.mail:
        name = f"{label}.{setup.domain}"
        if label not in setup.bare:
            yield RecordSet(name, "A", _TTL_SECONDS, (addresses[label],))
        reverse_names = setup.reverse_names.get(label, (f"{name}.",))
        if reverse_names:
            reverse = ".".join(reversed(addresses[label].split("."))) + ".in-addr.arpa"
            yield RecordSet(reverse, "PTR", _TTL_SECONDS, reverse_names)
