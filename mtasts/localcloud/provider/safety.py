"""A stand-in works on its own running local cloud, and on nothing else."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mtasts.destinations import MARKER
from mtasts.localcloud.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnsafeError(Exception):
    """The stand-in was asked to work on something other than its own running local cloud."""


def own_backend(provider: str, environment: Mapping[str, str]) -> Cloud:
    """The local cloud that the environment names, whose backend holds the state.

    Raises:
        UnsafeError: there is none, or the state lies elsewhere.
    """
    directory = environment.get(MARKER)
    if not directory:
        raise UnsafeError(
            f"this is the local stand-in of the {provider} provider, and {MARKER} names no "
            "local cloud; run `mtasts local up`"
        )
    try:
        cloud = Cloud.read(Path(directory))
    except (FileNotFoundError, ValueError, TypeError, KeyError) as error:
        raise UnsafeError(f"no local cloud runs in {directory}; run `mtasts local up`") from error
    backend = environment.get("PULUMI_BACKEND_URL", "")
    if backend.rstrip("/") != cloud.backend.rstrip("/"):
        raise UnsafeError(
            f"the state is kept in {backend or 'no named backend'} and not in the local cloud's "
            f"backend {cloud.backend}; the local stand-in serves that one only"
        )
    return cloud


def require_running(cloud: Cloud, url: str) -> None:
    """Refuse a local cloud whose server at ``url`` does not run; raises `UnsafeError`."""
    parts = urlsplit(url)
    try:
        os.kill(cloud.pid, 0)
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2).close()
    except PermissionError:  # another user's process is a running one
        return
    except OSError as error:
        raise UnsafeError(
            f"the local cloud in {cloud.directory} is not running; run `mtasts local up`"
        ) from error
