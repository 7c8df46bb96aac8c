"""The v4 API of Cloudflare on loopback."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mtasts.cloud.cloudflare.account import (
    CloudflareSettings,
)
from mtasts.localcloud.cloud import CLOUDFLARE_TOKEN
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID
from mtasts.localcloud.cloudflare.servers import CloudflareServers

if TYPE_CHECKING:
    from collections.abc import Iterator


def settings(url: str, token: str = CLOUDFLARE_TOKEN) -> CloudflareSettings:
    return CloudflareSettings(ACCOUNT_ID, token, url)


@contextmanager
def looping() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own: the calls under test block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def api() -> Iterator[CloudflareServers]:
    def no_runtime() -> Any:
        raise AssertionError("no script is uploaded here")

    with looping() as loop:
        servers = CloudflareServers(no_runtime, lambda _: None)
        asyncio.run_coroutine_threadsafe(servers.start(), loop).result(10)
        try:
            yield servers
        finally:
            asyncio.run_coroutine_threadsafe(servers.stop(), loop).result(10)
