"""The DNS server over real sockets, with queries by dnspython, which the probes use as well."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import pytest

from mtasts.localcloud.dns import DnsFault, DnsServer, Outcome
from mtasts.localcloud.resolution import Names, RecordSet, Zone

SOA = "ns-1.example. hostmaster.example. 1 7200 900 1209600 86400"
ZONE = Zone(
    "example.gov",
    (
        RecordSet("example.gov", "SOA", 900, (SOA,)),
        RecordSet("_mta-sts.example.gov", "TXT", 300, ('"v=STSv1; " "id=1;"',)),
        RecordSet("long.example.gov", "TXT", 300, tuple(f'"{n:0250}"' for n in range(8))),
        RecordSet("bad.example.gov", "A", 300, ("nonsense",)),
    ),
)
HOST = "127.0.0.1"
Ask = Callable[[DnsServer, dns.message.Message], Awaitable[dns.message.Message]]


@pytest.fixture
async def server() -> AsyncIterator[DnsServer]:
    server = DnsServer(lambda: Names((ZONE,)))
    await server.start()
    yield server
    await server.stop()


def question(name: str, type_: str = "TXT", **options: Any) -> dns.message.Message:
    return dns.message.make_query(name, type_, **options)


async def udp(
    server: DnsServer, query: dns.message.Message, patience: float = 5
) -> dns.message.Message:
    return await dns.asyncquery.udp(query, HOST, port=server.port, timeout=patience)


async def tcp(server: DnsServer, query: dns.message.Message) -> dns.message.Message:
    return await dns.asyncquery.tcp(query, HOST, port=server.port, timeout=5)


@pytest.mark.parametrize("ask", [udp, tcp], ids=["udp", "tcp"])
async def test_an_answer_is_both_authoritative_and_recursive(server: DnsServer, ask: Ask) -> None:
    reply = await ask(server, question("_mta-sts.example.gov"))
    assert reply.answer[0].to_text() == ('_mta-sts.example.gov. 300 IN TXT "v=STSv1; " "id=1;"')
    assert reply.flags & dns.flags.AA
    assert reply.flags & dns.flags.RA


async def test_the_question_is_matched_without_regard_to_case(server: DnsServer) -> None:
    reply = await udp(server, question("_MTA-sts.Example.GOV"))
    assert len(reply.answer) == 1


async def test_a_name_that_does_not_exist_is_nxdomain_with_soa(server: DnsServer) -> None:
    reply = await udp(server, question("nothing.example.gov"))
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert reply.authority[0].rdtype == dns.rdatatype.SOA


async def test_an_invalid_record_is_servfail(server: DnsServer) -> None:
    reply = await udp(server, question("bad.example.gov", "A"))
    assert reply.rcode() == dns.rcode.SERVFAIL


async def test_a_long_answer_is_truncated_over_udp_and_whole_over_tcp(server: DnsServer) -> None:
    query = question("long.example.gov", use_edns=True)
    reply = await udp(server, query)
    assert reply.flags & dns.flags.TC
    assert not reply.answer
    assert len((await tcp(server, query)).answer[0]) == 8


async def test_several_questions_on_one_tcp_connection(server: DnsServer) -> None:
    reader, writer = await asyncio.open_connection(HOST, server.port)
    wire = question("_mta-sts.example.gov").to_wire()
    writer.write(2 * (struct.pack("!H", len(wire)) + wire))
    for _ in range(2):
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        assert dns.message.from_wire(await reader.readexactly(length)).answer
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("fault", "code", "values"),
    [
        pytest.param(DnsFault(Outcome.SERVFAIL), "SERVFAIL", None, id="servfail"),
        pytest.param(DnsFault(Outcome.NXDOMAIN), "NXDOMAIN", None, id="nxdomain"),
        pytest.param(DnsFault(records=()), "NOERROR", None, id="no-data"),
        pytest.param(DnsFault(records=('"x"', '"y"')), "NOERROR", ['"x"', '"y"'], id="records"),
        pytest.param(DnsFault(delay_seconds=0.01), "NOERROR", ['"v=STSv1; " "id=1;"'], id="delay"),
    ],
)
async def test_a_fault_changes_the_answer(
    server: DnsServer, fault: DnsFault, code: str | None, values: list[str] | None
) -> None:
    server.faults["_mta-sts.example.gov", "TXT"] = fault
    reply = await udp(server, question("_mta-sts.example.gov"))
    assert dns.rcode.to_text(reply.rcode()) == code
    found = sorted(rdata.to_text() for rrset in reply.answer for rdata in rrset)
    assert found == sorted(values or [])  # an RRset has no order


async def test_a_fault_can_shorten_the_ttl(server: DnsServer) -> None:
    server.faults["_mta-sts.example.gov", "TXT"] = DnsFault(ttl_seconds=7)
    reply = await udp(server, question("_mta-sts.example.gov"))
    assert reply.answer[0].ttl == 7


async def test_a_fault_is_for_one_type_only(server: DnsServer) -> None:
    server.faults["_mta-sts.example.gov", "A"] = DnsFault(Outcome.SERVFAIL)
    reply = await udp(server, question("_mta-sts.example.gov"))
    assert reply.rcode() == dns.rcode.NOERROR


async def test_a_timeout_sends_nothing_and_others_are_still_answered(server: DnsServer) -> None:
    server.faults["_mta-sts.example.gov", "TXT"] = DnsFault(Outcome.TIMEOUT)
    with pytest.raises(dns.exception.Timeout):
        await udp(server, question("_mta-sts.example.gov"), patience=0.05)
    assert (await udp(server, question("long.example.gov", "A"))).rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        pytest.param(b"", None, id="empty"),
        pytest.param(b"\x00\x01\x00", None, id="less-than-a-header"),
        pytest.param(b"\x12\x34\x01\x00\x00\x01" + 6 * b"\0" + b"\xc0\x0c", "FORMERR", id="loop"),
        pytest.param(b"\x12\x34\x81\x00\x00\x00" + 6 * b"\0", None, id="a-response"),
        pytest.param(b"\x12\x34\x01\x00\x00\x00" + 6 * b"\0", "FORMERR", id="no-question"),
        pytest.param(b"\x12\x34\x21\x00\x00\x00" + 6 * b"\0", "NOTIMP", id="notify"),
    ],
)
async def test_hostile_messages(server: DnsServer, wire: bytes, code: str | None) -> None:
    reply = await server.respond(wire, datagram=True)
    assert (reply and dns.rcode.to_text(dns.message.from_wire(reply).rcode())) == code


async def test_any_is_refused(server: DnsServer) -> None:
    assert (await udp(server, question("example.gov", "ANY"))).rcode() == dns.rcode.REFUSED


async def test_two_servers_have_ports_of_their_own(server: DnsServer) -> None:
    other = DnsServer(lambda: Names(()))
    await other.start()
    assert other.port != server.port
    await other.stop()
