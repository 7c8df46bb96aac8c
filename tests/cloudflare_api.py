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
from mtasts.localcloud.cloudflare.r2 import R2
from mtasts.localcloud.cloudflare.servers import CloudflareServers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def settings(url: str, token: str = CLOUDFLARE_TOKEN) -> CloudflareSettings:
    return CloudflareSettings(ACCOUNT_ID, token, url)


class EmptyBuckets:
    """As much of S3 as buckets need in which nothing ever is."""

    def create_bucket(self, **_: object) -> None:
        """Nothing is made."""

    def list_objects_v2(self, **_: object) -> dict[str, int]:
        return {"KeyCount": 0}

    def delete_bucket(self, **_: object) -> None:
        """Nothing was there."""


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


def no_runtime() -> Any:
    raise AssertionError("no script is uploaded here")


@contextmanager
def api(
    connect: Callable[[], Any] = EmptyBuckets, program: Callable[[], Path] = no_runtime
) -> Iterator[CloudflareServers]:
    """The API; ``connect`` makes a client of the S3 that R2's buckets lie in."""
    with looping() as loop:
        servers = CloudflareServers(program, R2(connect))
        asyncio.run_coroutine_threadsafe(servers.start(), loop).result(10)
        try:
            yield servers
        finally:
            asyncio.run_coroutine_threadsafe(servers.stop(), loop).result(10)
