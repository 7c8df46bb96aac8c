"""Servers for port 25 that do not speak SMTP: they send fixed texts, or nothing."""

from __future__ import annotations

import asyncio
from typing import NamedTuple


class Words(NamedTuple):
    """What a server sends.

    ``greeting`` comes first, and with ``endless`` again and again; ``reply`` answers every command
    but EHLO. With ``cut`` the server closes the connection at once.
    """

    greeting: bytes
    reply: bytes = b""
    endless: bool = False
    cut: bool = False


class Rude(asyncio.Protocol):
    """One connection of such a server. The reply to EHLO offers STARTTLS.

    The connection is in the set ``open_`` as long as it is open.
    """

    def __init__(self, words: Words, open_: set[asyncio.Transport]) -> None:
        """Prepare to send ``words``."""
        self._words = words
        self._open = open_
        self._transport: asyncio.Transport | None = None
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the greeting, or close the connection."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self._open.add(transport)
            if self._words.cut:
                transport.abort()
            self._say()

    def connection_lost(self, _: Exception | None) -> None:
        """Remove the connection from the set of open ones."""
        if self._transport is not None:
            self._open.discard(self._transport)

    def _say(self) -> None:
        if self._transport is None or self._transport.is_closing() or self._paused:
            return
        self._transport.write(self._words.greeting)
        if self._words.endless:
            asyncio.get_running_loop().call_soon(self._say)

    def pause_writing(self) -> None:
        """Stop sending until the client has read what was sent."""
        self._paused = True

    def resume_writing(self) -> None:
        """Send again."""
        self._paused = False
        self._say()

    def data_received(self, data: bytes) -> None:
        """Reply to whatever the client sent."""
        if self._transport is None or not self._words.reply:
            return
        greets = data[:4].upper() == b"EHLO"
        self._transport.write(b"250-rude\r\n250 STARTTLS\r\n" if greets else self._words.reply)
