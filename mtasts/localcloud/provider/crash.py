"""A run that ends half way, on purpose: the engine is killed around one operation of the provider.

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
    """Kill engine and provider before or after the operation, if that is what was asked for.

    After it, the engine has not learnt of the result; the account has it.
    """
    asked = environment.get(VARIABLE, "")
    what = f"{operation} {urn.rpartition('::')[2]}"
    if asked == f"before {what}":
        _crash()
    yield
    if asked == f"after {what}":
        _crash()


def _crash() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    os._exit(1)
