"""Make sure that a stand-in works on its own running local cloud, and on nothing else."""

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
    """The stand-in was configured for something else than its own running local cloud.

    It then makes no call at all.
    """


def own_backend(provider: str, environment: Mapping[str, str]) -> Cloud:
    """The local cloud that the environment names.

    Raises:
        UnsafeError: the environment names none, none runs there, or the stack's state is in another
            backend than that of the local cloud.
    """
    directory = environment.get(MARKER)
    if not directory:
        raise UnsafeError(
            f"this is the local stand-in of the {provider} provider, and {MARKER} names no local "
            'cloud: run `mtasts local up`, and then `eval "$(mtasts local env)"`'
        )
    try:
        cloud = Cloud.read(Path(directory))
    except (FileNotFoundError, ValueError, TypeError, KeyError) as error:
        raise UnsafeError(f"no local cloud runs in {directory}; run `mtasts local up`") from error
    backend = environment.get("PULUMI_BACKEND_URL", "")
    if backend.rstrip("/") != cloud.backend.rstrip("/"):
        raise UnsafeError(
            f"the backend is {backend or 'not set'}, but the local stand-in works only with the "
            f"local cloud's backend {cloud.backend}"
        )
    return cloud


def require_running(cloud: Cloud, url: str) -> None:
    """Require that the local cloud's process runs, and that its server at ``url`` listens.

    Raises:
        UnsafeError: it does not.
    """
    parts = urlsplit(url)
    try:
        os.kill(cloud.pid, 0)
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2).close()
    except PermissionError:  # the process runs, and belongs to another user
        return
    except OSError as error:
        raise UnsafeError(
            f"the local cloud in {cloud.directory} is not running; run `mtasts local up`"
        ) from error
