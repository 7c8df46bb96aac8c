"""Limits the call stack that Pulumi stores in the state with each resource.

The SDK sends every frame, and the engine keeps them all: with a program of some depth that was half
of the state, which is written anew at every step, and it told the paths of whoever ran it last.
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
    """Within it, what is registered is kept with the last calls that led to it, and no others.

    Only for code that does not wait meanwhile: the limit is the interpreter's, and one for what it
    prints of errors, too. An error that leaves is printed whole.
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
