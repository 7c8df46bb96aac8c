"""What the probe makes of DNS: answers, silence, and servers that do not mean well."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset
import dns.update
import pytest
from loopback import closed_port

from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.probe.dns import Resolver, read_response, system_servers
from mtasts.probe.reach import ConnectTo, Reach

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    Reply = Callable[[dns.message.Message], dns.message.Message | bytes | None]

NAME = "example.gov"
SOA = "ns1.example.gov. hostmaster.example.gov. 1 7200 900 1209600 300"


def reply(
    query: dns.message.Message,
    *answer: tuple[str, str, tuple[str, ...]],
    authority: tuple[tuple[str, str, tuple[str, ...]], ...] = (),
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
    flags: int = dns.flags.RA,
) -> dns.message.Message:
    """A response with those RRsets: owner, type and presentation of each record."""
    response = dns.message.make_response(query)
    response.set_rcode(rcode)
    response.flags |= flags
    for section, rrsets in ((response.answer, answer), (response.authority, authority)):
        for owner, type_, values in rrsets:
            section.append(dns.rrset.from_text(f"{owner}.", 60, "IN", type_, *values))
    return response


def read(type_: str, *answer: tuple[str, str, tuple[str, ...]], **more: Any) -> DnsAnswer:
    query = dns.message.make_query(f"{NAME}.", type_)
    wire = reply(query, *answer, **more).to_wire()
    return read_response(dns.message.from_wire(wire), NAME, type_)


@pytest.mark.parametrize(
    ("type_", "records", "values"),
    [
        ("A", ("192.0.2.2", "192.0.2.1"), ("192.0.2.1", "192.0.2.2")),
        ("AAAA", ("2001:DB8::1",), ("2001:db8::1",)),
        ("MX", ("20 MX2.example.gov.", "10 mx1.example.gov."), None),
        ("MX", ("0 .",), ("0 .",)),
        ("NS", ("NS1.example.gov.",), ("ns1.example.gov",)),
        ("CAA", ('0 issue "amazon.com"',), ('0 issue "amazon.com"',)),
    ],
)
def test_records_have_one_spelling(
    type_: str, records: tuple[str, ...], values: tuple[str, ...] | None
) -> None:
    found = read(type_, (NAME, type_, records))
    expected = ("10 mx1.example.gov", "20 mx2.example.gov") if values is None else values
    assert (found.status, found.values, found.ttl_seconds) == (DnsStatus.ANSWERED, expected, 60)
    assert found.canonical == NAME


def test_texts_keep_their_strings() -> None:
    found = read("TXT", (NAME, "TXT", ('"v=STSv1; " "id=1"', '"caf\\195\\169"')))
    assert set(found.strings) == {(b"v=STSv1; ", b"id=1"), ("café".encode(),)}
    assert found.values == ()


def test_a_chain_of_cnames_is_followed_to_its_end() -> None:
    found = read(
        "A",
        (NAME, "CNAME", ("a.example.net.",)),
        ("a.example.net", "CNAME", ("B.example.net.",)),
        ("b.example.net", "A", ("192.0.2.1",)),
    )
    assert (found.canonical, found.values) == ("b.example.net", ("192.0.2.1",))


def chain(length: int) -> list[tuple[str, str, tuple[str, ...]]]:
    names = [NAME, *(f"n{number}.example.net" for number in range(1, length + 1))]
    links = [(owner, "CNAME", (f"{target}.",)) for owner, target in pairwise(names)]
    return [*links, (names[-1], "A", ("192.0.2.1",))]


@pytest.mark.parametrize(("length", "status"), [(8, "answered"), (9, "failed"), (20, "failed")])
def test_a_chain_of_cnames_is_bounded(length: int, status: str) -> None:
    assert read("A", *chain(length)).status == status


def test_a_loop_of_cnames_settles_nothing() -> None:
    loop = [(NAME, "CNAME", ("a.example.net.",)), ("a.example.net", "CNAME", (f"{NAME}.",))]
    assert read("A", *loop).status is DnsStatus.FAILED


@pytest.mark.parametrize(
    ("rcode", "status"),
    [
        (dns.rcode.NOERROR, DnsStatus.NO_DATA),
        (dns.rcode.NXDOMAIN, DnsStatus.NXDOMAIN),
        (dns.rcode.SERVFAIL, DnsStatus.FAILED),
        (dns.rcode.REFUSED, DnsStatus.FAILED),
    ],
)
def test_that_there_is_nothing_differs_from_no_answer(
    rcode: dns.rcode.Rcode, status: DnsStatus
) -> None:
    found = read("A", authority=((NAME, "SOA", (SOA,)),), rcode=rcode)
    assert found.status is status
    assert found.settled is (status is not DnsStatus.FAILED)


def test_a_referral_settles_nothing() -> None:
    found = read("A", authority=(("gov", "NS", ("a.gov.",)),), flags=0)
    assert (found.status, found.reason) == (DnsStatus.FAILED, "the server refers to others")


def test_an_authoritative_negative_answer_counts_even_with_name_servers_beside() -> None:
    found = read("A", authority=((NAME, "NS", ("ns1.example.gov.",)),), flags=dns.flags.AA)
    assert found.status is DnsStatus.NO_DATA


def test_too_many_records_are_left_out_with_a_word() -> None:
    records = tuple(f"10.0.{number >> 8}.{number & 255}" for number in range(1001))
    found = read("A", (NAME, "A", records))
    assert (len(found.values), found.reason) == (1000, "1 more records were left out")


@asynccontextmanager
async def server(*replies: Reply) -> AsyncIterator[tuple[Resolver, list[dns.message.Message]]]:
    """A resolver asking a server that gives one reply after the other, the last one for ever."""
    queries: list[dns.message.Message] = []

    class Talk(asyncio.DatagramProtocol):
        transport: asyncio.DatagramTransport

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast("asyncio.DatagramTransport", transport)

        def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
            query = dns.message.from_wire(data)
            said = replies[min(len(queries), len(replies) - 1)](query)
            queries.append(query)
            if said is not None:
                wire = said if isinstance(said, bytes) else said.to_wire()
                self.transport.sendto(wire, address)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Talk, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    try:
        yield Resolver(Reach(("127.0.0.1", port)), deadline_seconds=1), queries
    finally:
        transport.close()
        await asyncio.sleep(0)


def positive(query: dns.message.Message) -> dns.message.Message:
    return reply(query, (NAME, "A", ("192.0.2.1",)))


def broken(query: dns.message.Message) -> dns.message.Message:
    return reply(query, rcode=dns.rcode.SERVFAIL)


async def test_a_server_that_fails_is_asked_once_more() -> None:
    async with server(broken, positive) as (resolver, queries):
        found = await resolver.lookup(NAME, "A")
    assert (found.status, len(queries)) == (DnsStatus.ANSWERED, 2)


async def test_a_name_server_of_the_map_is_asked_itself() -> None:
    async with server(positive) as (own, queries), server(broken) as (general, others):
        assert own._fixed
        row = ConnectTo("ns.example", 53, *own._fixed)
        resolver = Resolver(Reach(general._fixed, connect_to=(row,)), deadline_seconds=1)
        found = await resolver.authoritative(("ns.example", "unmapped.example"), NAME, "A")
        assert (found.status, len(queries), len(others)) == (DnsStatus.ANSWERED, 1, 0)
        found = await resolver.authoritative(("unmapped.example",), NAME, "A")
        assert (found.status, len(queries), len(others)) == (DnsStatus.FAILED, 1, 2)


async def test_a_server_that_goes_on_failing_settles_nothing() -> None:
    async with server(broken) as (resolver, queries):
        found = await resolver.lookup(NAME, "A")
    assert (found.status, found.reason, len(queries)) == (DnsStatus.FAILED, "SERVFAIL", 2)


async def test_silence_ends_at_the_deadline() -> None:
    async with server(lambda _: None) as (resolver, _):
        found = await resolver.lookup(NAME, "A")
    assert (found.status, found.reason) == (DnsStatus.FAILED, "no answer within 1 s")


async def test_noise_settles_nothing() -> None:
    async with server(lambda _: b"\xff" * 40) as (resolver, _):
        assert (await resolver.lookup(NAME, "A")).status is DnsStatus.FAILED


async def test_an_answer_to_another_question_is_not_taken() -> None:
    def other(query: dns.message.Message) -> dns.message.Message:
        forged = dns.message.make_query("other.example.", "A", id=query.id)
        return reply(forged, ("other.example", "A", ("192.0.2.66",)))

    async with server(other) as (resolver, _):
        assert (await resolver.lookup(NAME, "A")).status is DnsStatus.FAILED


async def test_nobody_listens() -> None:
    resolver = Resolver(Reach(("127.0.0.1", closed_port())), deadline_seconds=1)
    found = await resolver.lookup(NAME, "A")
    assert found.status is DnsStatus.FAILED
    assert found.reason


@pytest.mark.parametrize("name", ["a..b", f"{'x' * 64}.example", "caf\xe9" * 80])
async def test_what_dns_cannot_carry_is_not_asked(name: str) -> None:
    found = await Resolver(Reach(("127.0.0.1", closed_port()))).lookup(name, "A")
    assert found.status is DnsStatus.FAILED
    assert found.reason.startswith("no name for DNS")


async def test_recursion_is_wanted_of_resolvers_only() -> None:
    async with server(positive) as (resolver, queries):
        await resolver.lookup(NAME, "A")
        await resolver.authoritative(("ns1.example.gov",), NAME, "A")
    assert [bool(query.flags & dns.flags.RD) for query in queries] == [True, False]


def away(query: dns.message.Message) -> dns.message.Message:
    return reply(query, (NAME, "CNAME", ("a.example.net.",)), flags=dns.flags.AA)


class Outside(Resolver):
    """A resolver for whom every server listens at one address, as in the real world on port 53."""

    def __init__(self, addresses: dict[str, tuple[str, ...]]) -> None:
        super().__init__(Reach(), deadline_seconds=1)
        self.known = addresses
        self.asked: list[tuple[tuple[tuple[str, int], ...], str]] = []

    async def lookup(self, name: str, type_: str) -> DnsAnswer:
        if name in self.known and type_ == "A":
            values = self.known[name]
            return DnsAnswer(name, type_, DnsStatus.ANSWERED, values, canonical=name)
        if name == "a.example.net":
            return DnsAnswer(name, type_, DnsStatus.ANSWERED, ("192.0.2.9",), canonical=name)
        return DnsAnswer(name, type_, DnsStatus.NO_DATA, canonical=name)

    async def _ask(
        self,
        servers: Sequence[tuple[str, int]],
        name: str,
        type_: str,
        *,
        recursive: bool,
        read: Any = None,
    ) -> DnsAnswer:
        assert not recursive
        assert read is None
        self.asked.append((tuple(servers), name))
        wire = away(dns.message.make_query(f"{name}.", type_)).to_wire()
        return read_response(dns.message.from_wire(wire), name, type_)


async def test_the_zones_own_servers_are_asked_and_what_leads_away_is_followed() -> None:
    resolver = Outside({"ns1.example.gov": ("192.0.2.53",), "ns2.example.gov": ("192.0.2.54",)})
    found = await resolver.authoritative({"ns2.example.gov", "ns1.example.gov"}, NAME, "A")
    assert resolver.asked == [((("192.0.2.53", 53), ("192.0.2.54", 53)), NAME)]
    assert (found.name, found.canonical, found.values) == (NAME, "a.example.net", ("192.0.2.9",))


def referral(query: dns.message.Message) -> dns.message.Message:
    """What a registry says: no answer, and whom to ask."""
    response = dns.message.make_response(query)
    row = dns.rrset.from_text("example.gov.", 172_800, "IN", "NS", "ns1.old.example.", "NS2.new.")
    response.authority.append(row)
    return response


def of_the_parent(query: dns.message.Message) -> dns.message.Message:
    """The parent's own servers, which are not the zone's."""
    response = dns.message.make_response(query)
    response.authority.append(dns.rrset.from_text("gov.", 172_800, "IN", "NS", "ns1.gov."))
    return response


class Registry(Outside):
    """The world outside, with a parent zone that names servers."""

    def __init__(self, own: tuple[str, ...], says: Callable[..., dns.message.Message]) -> None:
        super().__init__({"a.gov-servers.example": ("192.0.2.1",)})
        self.own, self.says = own, says

    async def lookup(self, name: str, type_: str) -> DnsAnswer:
        names = {("gov", "NS"): ("a.gov-servers.example",), ("example.gov", "NS"): self.own}
        if values := names.get((name, type_)):
            return DnsAnswer(name, type_, DnsStatus.ANSWERED, values, ttl_seconds=300)
        return await super().lookup(name, type_)

    async def _ask(self, *args: Any, **more: Any) -> DnsAnswer:
        servers, name, type_ = args
        assert (servers, more["recursive"]) == ((("192.0.2.1", 53),), False)
        wire = self.says(dns.message.make_query(f"{name}.", type_)).to_wire()
        answer: DnsAnswer = more["read"](dns.message.from_wire(wire), name, type_)
        return answer


async def test_a_zone_is_delegated_to_whom_its_parent_names_and_whom_it_names_itself() -> None:
    found = await Registry(("ns2.new", "ns3.new"), referral).delegation("example.gov")
    assert found.values == ("ns1.old.example", "ns2.new", "ns3.new")
    assert (found.ttl_seconds, found.settled) == (172_800, True)


async def test_a_parent_that_names_nobody_or_is_not_found_settles_nothing() -> None:
    for says in (dns.message.make_response, of_the_parent):
        found = await Registry(("ns2.new",), says).delegation("example.gov")
        assert (found.settled, found.reason) == (False, "its parent names no servers for it")
    lost = Registry(("ns2.new",), referral)
    lost.known.clear()
    assert "no name server of its parent" in (await lost.delegation("example.gov")).reason


async def test_a_fixed_resolver_is_its_own_registry_and_silence_settles_nothing() -> None:
    async with server(lambda query: reply(query, (NAME, "NS", ("ns1.example.",)))) as (fixed, _):
        assert (await fixed.delegation(NAME)).values == ("ns1.example",)
    assert not (
        await Resolver(Reach(("127.0.0.1", closed_port())), deadline_seconds=1).delegation(NAME)
    ).settled


async def test_what_the_zone_itself_says_stands() -> None:
    class Home(Outside):
        async def _ask(self, *_: object, **__: object) -> DnsAnswer:
            return read("A", (NAME, "A", ("192.0.2.1",)), flags=dns.flags.AA)

    resolver = Home({"ns1.example.gov": ("192.0.2.53",)})
    assert (await resolver.authoritative({"ns1.example.gov"}, NAME, "A")).values == ("192.0.2.1",)


def test_a_response_to_no_query_settles_nothing() -> None:
    update = dns.update.UpdateMessage(f"{NAME}.")
    assert read_response(dns.message.from_wire(update.to_wire()), NAME, "A").settled is False


async def test_name_servers_without_addresses_settle_nothing() -> None:
    found = await Outside({}).authoritative({"ns1.example.gov"}, NAME, "A")
    assert found.status is DnsStatus.FAILED
    assert "has an address" in found.reason


async def test_the_systems_resolvers_are_read_once() -> None:
    asked = []

    def system() -> tuple[tuple[str, int], ...]:
        asked.append(1)
        return (("127.0.0.1", closed_port()),)

    resolver = Resolver(Reach(), deadline_seconds=1, system=system)
    for _ in range(2):
        assert (await resolver.lookup(NAME, "A")).status is DnsStatus.FAILED
    assert len(asked) == 1


def test_the_systems_resolvers_are_those_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text("nameserver 192.0.2.53\nnameserver 2001:db8::53\n")
    assert system_servers(str(path)) == (("192.0.2.53", 53), ("2001:db8::53", 53))
    path.write_text("# none\n")
    assert system_servers(str(path)) == ()


async def test_a_system_without_resolvers_settles_nothing() -> None:
    found = await Resolver(Reach(), system=lambda: ()).lookup(NAME, "A")
    assert (found.status, found.reason) == (DnsStatus.FAILED, "no resolver is configured")


def test_mx_hosts_come_in_order_of_preference() -> None:
    found = read("MX", (NAME, "MX", ("100 c.example.", "20 b.example.", "5 a.example.")))
    assert found.exchanges == ((5, "a.example"), (20, "b.example"), (100, "c.example"))
    assert read("MX", (NAME, "MX", ("0 .",))).exchanges == ((0, "."),)


def test_no_client_for_dns_over_https_is_loaded_though_one_is_installed() -> None:
    program = (
        "import sys\n"
        "from mtasts.probe.dns import system_servers\n"
        "system_servers()\n"
        "import dns.query\n"
        "assert not dns.query.have_doh\n"
        "assert 'httpcore2' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
