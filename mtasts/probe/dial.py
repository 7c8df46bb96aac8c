"""Opens a TCP connection to one address, before any protocol is spoken.

So a host that cannot be reached is told apart from one that accepts a connection and says nothing.
"""

from __future__ import annotations

import asyncio
import socket

# TCP repeats its SYN after 1, 3 and 7 s (RFC 6298). A host silent for that long drops packets.
CONNECT_SECONDS = 10.0


async def dial(address: str, port: int) -> socket.socket:
    """A connected socket, which the caller must close; ``address`` is an IP address.

    Raises:
        TimeoutError: no connection within `CONNECT_SECONDS`.
        OSError: the connection was refused, or there is no route.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    dialled = socket.socket(family, socket.SOCK_STREAM)
    try:
        dialled.settimeout(0.0)
        async with asyncio.timeout(CONNECT_SECONDS):
            await asyncio.get_running_loop().sock_connect(dialled, (address, port))
    except BaseException:
        dialled.close()
        raise
    return dialled
