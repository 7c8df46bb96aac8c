"""Limits the call stack that Pulumi stores in the state with each resource.

The SDK sends every frame, and the engine keeps them all. For a program of some depth that was half
of the state, which the engine writes again at each step; and it had file paths of the last user in
it.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Six of them are the SDK's own, which it leaves out; the others lead to where a resource is placed.
_FRAMES = 8


@contextmanager
def short_traces() -> Iterator[None]:
    """Inside the block, resources are registered with the last calls of the stack only.

    Use it only for code that does not wait: the limit is the interpreter's, and also shortens its
    printed tracebacks. An error that leaves the block is printed whole.
    """
    before = getattr(sys, "tracebacklimit", None)
    sys.tracebacklimit = _FRAMES
    try:
        yield
    finally:
        if before is None:
            del sys.tracebacklimit
        else:
            sys.tracebacklimit = before
