"""A TCP connection to one address, apart from what is spoken on it.

So that a host which cannot be reached, and one that takes connections and says nothing, differ.
"""

from __future__ import annotations

import asyncio
import socket

# Three times what a system waits before it asks anew; who has not answered then drops what comes.
CONNECT_SECONDS = 10.0


async def dial(address: str, port: int) -> socket.socket:
    """A connected socket, which is the caller's to close; ``address`` is an IP address.

    Raises:
        TimeoutError: nobody took the connection within `CONNECT_SECONDS`.
        OSError: it was refused, or there is no way there.
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
