"""Threads for calls that block: a bounded pool of the toolkit's own, never the event loop's.

The Pulumi SDK waits for the engine in threads of the event loop's default executor, one for each
resource that is being registered, and the engine in turn waits for the hooks of those resources. A
hook that needed a thread of that executor would wait for threads that wait for the hook. So
everything that blocks goes through `in_thread`; ruff refuses ``asyncio.to_thread``, and a test
whatever else asks for a thread of that executor, look-ups of host names among it.
"""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

# What blocks here waits for a network, not for a processor. Nothing in the pool waits for other
# work of the pool.
THREADS_MAX = 32


async def in_thread(
    work: Callable[_Arguments, _Result], /, *args: _Arguments.args, **kwargs: _Arguments.kwargs
) -> _Result:
    """What ``work`` returns, or raises, called in a thread of the pool.

    A caller that is cancelled no longer waits; ``work`` itself runs to its end.
    """
    loop = asyncio.get_running_loop()
    call = partial(contextvars.copy_context().run, work, *args, **kwargs)
    return await loop.run_in_executor(_pool(), call)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="mtasts")
