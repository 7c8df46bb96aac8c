"""The DNS server: UDP and TCP on one loopback port.

It answers as a recursive resolver and as an authoritative server at once: probes ask it as both.
A fault is set by name and type, so that one look-up fails while the zones stay as they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from mtasts.findings import printable
from mtasts.localcloud.resolution import Answer, BadRecordError, Names, RecordSet

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

_UDP_MAX = 1232  # the size that DNS flag day 2020 recommends; larger answers go over TCP
_UDP_MAX_WITHOUT_EDNS = 512
_TCP_IDLE_SECONDS = 5.0
_TCP_CONNECTIONS_MAX = 64
_DELAYED_MAX = 2048
_BIND_TRIES = 20


class Outcome(StrEnum):
    """How a look-up with a fault ends, instead of with the answer."""

    SERVFAIL = "servfail"
    NXDOMAIN = "nxdomain"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class DnsFault:
    """What goes wrong when one name and type are looked up; None changes nothing.

    ``records`` replaces the records of the answer, in presentation form (RFC 1035 section 5.1).
    An empty tuple means that the name has no records of this type.
    """

    outcome: Outcome | None = None
    delay_seconds: float = 0.0
    ttl_seconds: int | None = None
    records: tuple[str, ...] | None = None


class DnsServer:
    """A DNS server that calls ``names()`` for each query and answers from the result."""

    def __init__(
        self,
        names: Callable[[], Names],
        signed: Callable[[str], bool] = lambda _: False,
        *,
        delay_seconds: float = 0.0,
    ) -> None:
        """Make the server; `start` makes it listen.

        For a name for which ``signed`` holds, the answer has the AD bit: validated by DNSSEC (RFC
        4035 section 3.2.3). Every answer is sent after ``delay_seconds``.
        """
        self._names = names
        self._delay_seconds = delay_seconds
        self._signed = signed
        self.faults: dict[tuple[str, str], DnsFault] = {}
        self.port = 0
        self._tcp: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen on one port with UDP and TCP; 0 takes a free port.

        Raises:
            OSError: the port, or each of several free ones, is taken for UDP or TCP.
        """
        loop = asyncio.get_running_loop()
        for attempt in range(_BIND_TRIES):
            tcp = await asyncio.start_server(self._serve_tcp, host, port)
            found = tcp.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(self), (host, found), family=socket.AF_INET
                )
            except OSError:
                tcp.close()
                if attempt == _BIND_TRIES - 1:
                    raise
                continue
            self._tcp, self.port = tcp, found
            return

    async def stop(self) -> None:
        """Stop listening, and drop queries that are not answered yet."""
        if self._tcp:
            self._tcp.close()
        if self._udp:
            self._udp.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the next turn of the loop

    async def respond(self, wire: bytes, *, datagram: bool) -> bytes | None:
        """The response to one message in wire format; None if no response is sent.

        A ``datagram`` is cut to the size that the query allows, and has the TC bit then.
        """
        try:
            query = dns.message.from_wire(wire, ignore_trailing=True)
        except dns.exception.DNSException:
            return _format_error(wire)
        if query.flags & dns.flags.QR:
            return None  # two servers that answer each other's responses would never stop
        response = dns.message.make_response(query, recursion_available=True)
        limit = max(query.payload, _UDP_MAX_WITHOUT_EDNS) if query.edns >= 0 else 512
        if not self._refused(query, response):
            question = query.question[0]
            name = question.name.to_text(omit_final_dot=True).lower()
            type_ = dns.rdatatype.to_text(question.rdtype)
            fault = self.faults.get((name, type_), DnsFault())
            if delay := max(fault.delay_seconds, self._delay_seconds):
                await asyncio.sleep(delay)
            if fault.outcome is Outcome.TIMEOUT:
                return None
            _fill(response, self._answer(name, type_, fault), fault)
            if self._signed(name) and fault.outcome is None:
                response.flags |= dns.flags.AD
        return _to_wire(response, min(limit, _UDP_MAX) if datagram else 65535)

    @staticmethod
    def _refused(query: dns.message.Message, response: dns.message.Message) -> bool:
        """Whether the query is one that is not looked up; ``response`` has the error code then."""
        if query.opcode() != dns.opcode.QUERY:
            response.set_rcode(dns.rcode.NOTIMP)
        elif len(query.question) != 1:
            response.set_rcode(dns.rcode.FORMERR)
        elif query.question[0].rdclass != dns.rdataclass.IN or dns.rdatatype.is_metatype(
            query.question[0].rdtype
        ):
            response.set_rcode(dns.rcode.REFUSED)
        else:
            return False
        return True

    def _answer(self, name: str, type_: str, fault: DnsFault) -> Answer:
        try:
            if fault.outcome is Outcome.SERVFAIL:
                return Answer(dns.rcode.SERVFAIL)
            names = self._names()
            if fault.outcome is Outcome.NXDOMAIN:
                return names.negative(name, dns.rcode.NXDOMAIN)
            if fault.records == ():
                return names.negative(name, dns.rcode.NOERROR)
            if fault.records is not None:
                record = RecordSet(name, type_, fault.ttl_seconds or 300, fault.records)
                return Names((), (record,)).resolve(name, type_)
            return names.resolve(name, type_)
        except BadRecordError as error:
            logger.warning("SERVFAIL for a record that is not valid: %s", printable(str(error)))
            return Answer(dns.rcode.SERVFAIL)

    def datagram(self, wire: bytes, peer: tuple[str, int]) -> None:
        """Answer one datagram in a task of its own; drop it if too many are being answered."""
        if len(self._tasks) < _DELAYED_MAX:
            task = asyncio.create_task(self._serve_datagram(wire, peer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve_datagram(self, wire: bytes, peer: tuple[str, int]) -> None:
        reply = await self.respond(wire, datagram=True)
        if reply and self._udp and not self._udp.is_closing():
            self._udp.sendto(reply, peer)

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or self._connections >= _TCP_CONNECTIONS_MAX:
            writer.close()
            return
        self._connections += 1
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                await self._serve_messages(reader, writer)
        finally:
            self._connections -= 1
            writer.close()

    async def _serve_messages(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            async with asyncio.timeout(_TCP_IDLE_SECONDS):
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                wire = await reader.readexactly(length)
            reply = await self.respond(wire, datagram=False)
            if reply:
                writer.write(struct.pack("!H", len(reply)) + reply)
                await writer.drain()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.datagram(data, addr)


def _fill(response: dns.message.Message, answer: Answer, fault: DnsFault) -> None:
    response.set_rcode(answer.rcode)
    if answer.authoritative:
        response.flags |= dns.flags.AA
    for section, sets in ((response.answer, answer.answer), (response.authority, answer.authority)):
        for rrset in sets:
            if fault.ttl_seconds is not None:
                rrset.ttl = fault.ttl_seconds
            section.append(rrset)


def _to_wire(response: dns.message.Message, limit: int) -> bytes:
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        response.answer.clear()
        response.authority.clear()
        response.flags |= dns.flags.TC
        return response.to_wire(max_size=limit)


def _format_error(wire: bytes) -> bytes | None:
    """FORMERR with the message's id; None if the message is too short for one, or a response."""
    header = 12
    if len(wire) < header or wire[2] & 0x80:
        return None
    response = dns.message.Message(id=struct.unpack("!H", wire[:2])[0])
    response.flags |= dns.flags.QR
    response.set_rcode(dns.rcode.FORMERR)
    return response.to_wire()
