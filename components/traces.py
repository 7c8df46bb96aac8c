"""Limits the call stack that Pulumi stores in the state with each resource.

The SDK sends every frame of the call stack, and the engine stores them all. In a program as deep as
this one they were half of the state, which the engine writes again at each step. They also held
file paths of whoever ran the program last.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Six of these frames are the SDK's own, which it leaves out; the last two are of the code that
# places the resource.
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
