"""Kill the engine before or after one operation, to test what a later run does then.

``MTASTS_LOCAL_CRASH`` names the moment, the operation and the resource: ``after create NAME``.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VARIABLE = "MTASTS_LOCAL_CRASH"


@contextmanager
def crashing(environment: Mapping[str, str], operation: str, urn: str) -> Iterator[None]:
    """Kill engine and provider before or after the operation, if ``MTASTS_LOCAL_CRASH`` names it.

    Killed after the operation, the account has the result, and the engine's state does not.
    """
    crash_point = environment.get(VARIABLE, "")
    what = f"{operation} {urn.rpartition('::')[2]}"
    if crash_point == f"before {what}":
        _crash()
    yield
    if crash_point == f"after {what}":
        _crash()


def _crash() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    os._exit(1)
