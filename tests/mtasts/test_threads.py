"""Blocking work gets a thread of the toolkit's own, however busy the event loop's are."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mtasts.threads import in_thread


async def test_work_is_done_while_every_thread_of_the_event_loop_waits_for_it() -> None:
    """As in a run: registrations wait in the default executor for what a hook does."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    done = threading.Event()
    waiting = loop.run_in_executor(None, done.wait)

    assert await in_thread(lambda: 42) == 42
    done.set()
    assert await waiting


async def test_what_the_work_raises_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 1, 0)


async def test_the_work_sees_the_callers_context() -> None:
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("set")

    assert await in_thread(variable.get) == "set"
