"""DNS look-ups as observations; "no records" and "no answer" are told apart."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.probe.reach import DNS_PORT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import dns.asyncresolver
    import dns.message
    import dns.rdatatype
    import dns.rrset

    from mtasts.probe.reach import Reach

    Read = Callable[[dns.message.Message, str, str], DnsAnswer]

ADDRESS_TYPES = ("A", "AAAA")
_TRY_SECONDS = 3.0
_TRIES = 2
# A chain of CNAMEs may be endless or lead back to itself (RFC 1034 section 3.6.2).
_CHAIN_MAX = 8
_RECORDS_MAX = 1000
_TTL_MAX = 2**31 - 2  # dnspython's word for no TTL at all is one more


class Resolver:
    """Asks recursive resolvers, or the name servers of a zone.

    Every look-up ends within ``deadline_seconds``, retries included, and never raises for what DNS
    answers: a failure is a `DnsAnswer` with status FAILED and a reason. Nothing is cached. Use it
    in one event loop at a time.
    """

    def __init__(
        self,
        reach: Reach,
        *,
        deadline_seconds: float = 10.0,
        system: Callable[[], tuple[tuple[str, int], ...]] | None = None,
    ) -> None:
        """Ask through ``reach``, and where it has no resolver through what ``system`` tells.

        Nothing is sent yet.
        """
        self._find_system = system or system_servers
        self._reach = reach
        self.is_local = reach.is_local
        self._fixed = reach.resolver
        self._deadline_seconds = deadline_seconds
        self._system: tuple[tuple[str, int], ...] | None = None

    async def lookup(self, name: str, type_: str) -> DnsAnswer:
        """The answer of the recursive resolver."""
        return await self._ask(self._recursive(), name, type_, recursive=True)

    async def addresses(self, host: str) -> tuple[tuple[str, ...], str]:
        """The addresses of ``host``, IPv4 first, and the reason if some or all are not known."""
        found = await asyncio.gather(*(self.lookup(host, type_) for type_ in ADDRESS_TYPES))
        reasons = [answer.reason for answer in found if answer.reason]
        values = tuple(value for answer in found for value in answer.values)
        return values, reasons[-1] if reasons else f"{host} has no address"

    async def authoritative(self, servers: Iterable[str], name: str, type_: str) -> DnsAnswer:
        """The answer of the first of the zone's name servers ``servers`` that answers.

        A recursive resolver may have an old or a negative answer in its cache; name servers do not.
        A CNAME that leads out of the zone is followed through the recursive resolver.
        """
        if self._fixed is not None:
            mapped = tuple(filter(None, map(self._reach.name_server, sorted(servers))))
            return await self._ask(mapped or (self._fixed,), name, type_, recursive=False)
        addresses = await self._listening(servers)
        if not addresses:
            return _failed(name, type_, "none of the zone's name servers has an address")
        answer = await self._ask(addresses, name, type_, recursive=False)
        if answer.status is DnsStatus.NO_DATA and answer.canonical != name:
            return replace(await self.lookup(answer.canonical, type_), name=name)
        return answer

    async def delegation(self, zone: str) -> DnsAnswer:
        """The name servers of ``zone``, from the parent's referral and from the zone itself.

        Resolvers use the one set or the other (RFC 2181 section 5.4.1 ranks them, and not all
        resolvers follow it). So no resolver asks a name server only once both sets lack it. With a
        resolver in `Reach` only that one is asked.
        """
        own = await self.lookup(zone, "NS")
        if self._fixed is not None or not own.settled:
            return own
        parent = zone
        addresses: tuple[tuple[str, int], ...] = ()
        while not addresses and (parent := parent.partition(".")[2]):
            addresses = await self._listening((await self.lookup(parent, "NS")).values)
        if not addresses:
            return _failed(zone, "NS", "no name server of its parent has an address")
        named = await self._ask(addresses, zone, "NS", recursive=False, read=read_referral)
        if not named.settled:
            return named
        values = tuple(sorted({*own.values, *named.values}))
        return replace(named, values=values, ttl_seconds=max(own.ttl_seconds, named.ttl_seconds))

    async def _listening(self, servers: Iterable[str]) -> tuple[tuple[str, int], ...]:
        """Where name servers listen."""
        addresses: list[tuple[str, int]] = []
        for server in sorted(servers):
            for each in await asyncio.gather(*(self.lookup(server, t) for t in ADDRESS_TYPES)):
                addresses += [(value, DNS_PORT) for value in each.values]
        return tuple(addresses)

    def _recursive(self) -> tuple[tuple[str, int], ...]:
        if self._fixed is not None:
            return (self._fixed,)
        if self._system is None:
            self._system = self._find_system()
        return self._system

    async def _ask(
        self,
        servers: Sequence[tuple[str, int]],
        name: str,
        type_: str,
        *,
        recursive: bool,
        read: Read | None = None,
    ) -> DnsAnswer:
        import dns.exception  # loading dnspython takes 0.1 s, and not every command needs it
        import dns.flags  # as above
        import dns.message  # as above

        try:
            query = dns.message.make_query(f"{name}.", type_, use_edns=True, payload=1232)
        except dns.exception.DNSException as error:
            return _failed(name, type_, f"no name for DNS: {error}")
        query.flags |= dns.flags.AD  # asks for the result of DNSSEC (RFC 6840 section 5.7)
        if not recursive:
            query.flags &= ~dns.flags.RD
        reason = "no resolver is configured"
        try:
            async with asyncio.timeout(self._deadline_seconds):
                for address, port in itertools.chain(*itertools.repeat(servers, _TRIES)):
                    answer = await _exchange(
                        query, address, port, name, type_, read or read_response
                    )
                    if answer.settled:
                        return answer
                    reason = answer.reason
        except TimeoutError:
            reason = f"no answer within {self._deadline_seconds:g} s"
        return _failed(name, type_, reason)


def _leave_out_https() -> None:
    """Turn off DNS over HTTPS in dnspython, which mtasts does not use.

    Otherwise dnspython loads the HTTP client that checkdmarc has installed, which takes 0.1 s.
    """
    import dns._features  # as in Resolver

    dns._features.force("doh", enabled=False)  # noqa: SLF001 - the one way to say so


def system_servers(path: str = "/etc/resolv.conf") -> tuple[tuple[str, int], ...]:
    """Address and port of the DNS servers that this machine is set to ask; empty if none are.

    ``path`` is the file that says so, where the system has one.
    """
    _leave_out_https()
    import dns.exception  # as in Resolver
    import dns.resolver  # as in Resolver

    try:
        found = dns.resolver.Resolver(path)
    except dns.exception.DNSException:
        return ()
    return tuple((str(server), found.port) for server in found.nameservers)


async def _exchange(  # noqa: PLR0917 - a question, whom to ask it, and how to read the answer
    query: dns.message.Message, address: str, port: int, name: str, type_: str, read: Read
) -> DnsAnswer:
    """One query to one server, over UDP, and over TCP if the answer was truncated."""
    _leave_out_https()
    import dns.asyncquery  # as in Resolver
    import dns.exception  # as in Resolver
    import dns.flags  # as in Resolver

    try:
        response, _ = await dns.asyncquery.udp_with_fallback(
            query, address, timeout=_TRY_SECONDS, port=port, ignore_unexpected=True
        )
    except (dns.exception.DNSException, OSError, EOFError) as error:
        text = str(error) or type(error).__name__
        return _failed(name, type_, f"{address}: {text}")
    answer = read(response, name, type_)
    return replace(answer, authenticated=bool(response.flags & dns.flags.AD))


def read_response(response: dns.message.Message, name: str, type_: str) -> DnsAnswer:
    """The answer for ``name`` and ``type_`` in a response, at the end of its CNAME chain.

    Raises:
        dns.exception.DNSException: it is no answer to that question.
    """
    import dns.exception  # as in Resolver
    import dns.message  # as in Resolver
    import dns.rcode  # as in Resolver

    code = response.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return _failed(name, type_, dns.rcode.to_text(code))
    try:
        if not isinstance(response, dns.message.QueryMessage):
            raise dns.message.NotQueryResponse
        chain = response.resolve_chaining()
    except dns.exception.DNSException as error:
        return _failed(name, type_, str(error) or type(error).__name__)
    canonical = _plain(chain.canonical_name.to_text())
    too_long = len(chain.cnames) > _CHAIN_MAX
    if too_long or (chain.answer is None and not _is_final(response)):
        reason = "too many CNAME records in a row" if too_long else "the server refers to others"
        return _failed(name, type_, reason)
    if chain.answer is None:
        status = DnsStatus.NXDOMAIN if code == dns.rcode.NXDOMAIN else DnsStatus.NO_DATA
        ttl = 0 if chain.minimum_ttl > _TTL_MAX else chain.minimum_ttl
        return DnsAnswer(name, type_, status, canonical=canonical, ttl_seconds=ttl)
    return _positive(name, type_, canonical, chain.answer, int(chain.minimum_ttl))


def read_referral(response: dns.message.Message, name: str, type_: str) -> DnsAnswer:
    """The name servers of the zone ``name`` in a referral from its parent's servers."""
    import dns.rdatatype  # as in Resolver

    for rrset in (*response.answer, *response.authority):
        if rrset.rdtype == dns.rdatatype.NS and _plain(rrset.name.to_text()) == name:
            return _positive(name, type_, name, rrset, rrset.ttl)
    return _failed(name, type_, "its parent names no servers for it")


def _is_final(response: dns.message.Message) -> bool:
    """Whether an answer without records is final, and no referral to other servers (NS)."""
    import dns.flags  # as in Resolver
    import dns.rdatatype  # as in Resolver

    if response.flags & (dns.flags.AA | dns.flags.RA) or response.answer:
        return True
    kinds = {rrset.rdtype for rrset in response.authority}
    return dns.rdatatype.NS not in kinds or dns.rdatatype.SOA in kinds


def _positive(
    name: str, type_: str, canonical: str, rrset: dns.rrset.RRset, ttl_seconds: int
) -> DnsAnswer:
    records = list(itertools.islice(rrset, _RECORDS_MAX))
    left_out = len(rrset) - len(records)
    answer = DnsAnswer(
        name,
        type_,
        DnsStatus.ANSWERED,
        canonical=canonical,
        ttl_seconds=ttl_seconds,
        reason=f"{left_out} more records were left out" if left_out else "",
    )
    if type_ == "TXT":
        return replace(answer, strings=tuple(tuple(record.strings) for record in records))
    return replace(answer, values=tuple(sorted(_present(type_, record) for record in records)))


def _present(type_: str, record: object) -> str:
    text = str(record)
    if type_ == "MX":
        preference, _, exchange = text.partition(" ")
        return f"{preference} {_plain(exchange) or '.'}"
    return _plain(text) if type_ in ("NS", "CNAME", "PTR") else text


def _plain(name: str) -> str:
    return name.lower().removesuffix(".")


def _failed(name: str, type_: str, reason: str) -> DnsAnswer:
    return DnsAnswer(name, type_, DnsStatus.FAILED, reason=printable(reason))
