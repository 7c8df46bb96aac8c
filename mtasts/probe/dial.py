"""A TCP connection to one address, apart from what is spoken on it.

So that a host which cannot be reached, and one that takes connections and says nothing, differ.
"""

from __future__ import annotations

import asyncio
import socket


async def dial(address: str, port: int) -> socket.socket:
    """A connected socket, which is the caller's to close; ``address`` is an IP address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    dialled = socket.socket(family, socket.SOCK_STREAM)
    try:
        dialled.settimeout(0.0)
        await asyncio.get_running_loop().sock_connect(dialled, (address, port))
    except BaseException:
        dialled.close()
        raise
    return dialled
