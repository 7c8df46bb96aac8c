"""Servers at port 25 that are no mail servers: they talk on whatever they are told, or never."""

from __future__ import annotations

import asyncio
from typing import NamedTuple


class Words(NamedTuple):
    """What one says: first, perhaps again and again, and to all but EHLO; or it hangs up."""

    greeting: bytes
    reply: bytes = b""
    endless: bool = False
    cut: bool = False


class Rude(asyncio.Protocol):
    """One connection, which is in ``open_`` while it lasts; EHLO is told of STARTTLS."""

    def __init__(self, words: Words, open_: set[asyncio.Transport]) -> None:
        """Say ``words``."""
        self._words = words
        self._open = open_
        self._transport: asyncio.Transport | None = None
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self._open.add(transport)
            if self._words.cut:
                transport.abort()
            self._say()

    def connection_lost(self, _: Exception | None) -> None:
        """Forget it."""
        if self._transport is not None:
            self._open.discard(self._transport)

    def _say(self) -> None:
        if self._transport is None or self._transport.is_closing() or self._paused:
            return
        self._transport.write(self._words.greeting)
        if self._words.endless:
            asyncio.get_running_loop().call_soon(self._say)

    def pause_writing(self) -> None:
        """Say no more than the other side reads."""
        self._paused = True

    def resume_writing(self) -> None:
        """Go on."""
        self._paused = False
        self._say()

    def data_received(self, data: bytes) -> None:
        """Answer, whatever it was."""
        if self._transport is None or not self._words.reply:
            return
        greets = data[:4].upper() == b"EHLO"
        self._transport.write(b"250-rude\r\n250 STARTTLS\r\n" if greets else self._words.reply)
