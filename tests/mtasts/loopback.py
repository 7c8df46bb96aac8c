"""Servers on loopback whose every word a test writes itself, and a resolver that is a literal."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.probe.dns import Resolver
from mtasts.probe.reach import ConnectTo, Reach

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path

    Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def served(talk: Talk, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that runs ``talk`` on each connection; its port."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left; that is its right
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


def leading(port: int, ca_file: Path | None = None) -> Reach:
    """A reach that leads every connection to ``port`` on this machine."""
    return Reach(None, ca_file, (ConnectTo("", None, "127.0.0.1", port),))


def closed_port() -> int:
    """A port that nothing listens on: taken a moment ago, and given back."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Zone(Resolver):
    """A resolver that is a literal: name and type to values; what is missing does not exist.

    No values at a name say that it has no records of that type. ``failing`` are the look-ups that
    nobody answers.
    """

    def __init__(
        self,
        values: Mapping[tuple[str, str], tuple[str, ...]],
        failing: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        super().__init__(Reach())
        # A test may change the literal that it gave.
        self.values = cast("dict[tuple[str, str], tuple[str, ...]]", values)
        self.failing = failing
        self.asked: list[tuple[str, str]] = []

    async def lookup(self, name: str, type_: str) -> DnsAnswer:
        self.asked.append((name, type_))
        if (name, type_) in self.failing:
            return DnsAnswer(name, type_, DnsStatus.FAILED, reason="SERVFAIL")
        values = self.values.get((name, type_))
        if values is None:
            return DnsAnswer(name, type_, DnsStatus.NXDOMAIN)
        if not values:
            return DnsAnswer(name, type_, DnsStatus.NO_DATA)
        if type_ == "TXT":
            strings = tuple((value.encode(),) for value in values)
            return DnsAnswer(name, type_, DnsStatus.ANSWERED, strings=strings)
        return DnsAnswer(name, type_, DnsStatus.ANSWERED, values)


class Silent(Zone):
    """The same, of servers that never answer."""

    async def lookup(self, name: str, type_: str) -> DnsAnswer:
        await asyncio.Event().wait()
        raise AssertionError(f"nobody waits for {name} {type_}")
