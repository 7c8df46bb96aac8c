"""Blocking work gets a thread of the toolkit's own, however busy the event loop's are."""

from __future__ import annotations

import ast
import asyncio
import contextvars
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mtasts.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

from figures import files
from syntax_trees import nodes

ROOT = Path(__file__).resolve().parents[2]
# These have pools of their own.
POOLS = ("mtasts/observe/record_parsers.py", "mtasts/threads.py")
# Its callers give it an address, which the event loop connects to without a look-up.
DIALS = ("mtasts/probe/dial.py",)
LOOK_UPS = ("getaddrinfo", "getnameinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr")
# By a host's name these look it up in the default executor; a connected socket needs no look-up.
CONNECTING = ("open_connection", "create_connection", "create_datagram_endpoint", "sock_connect")


def uses(source: str, file: str) -> Iterator[str]:
    """What in a file would wait for a thread of the event loop's default executor."""
    for node in nodes(source):
        if isinstance(node, ast.Attribute | ast.Name | ast.alias):
            names = (getattr(node, each, None) for each in ("attr", "id", "name"))
            name = str(next(filter(None, names)))
            if name in ("to_thread", "set_default_executor", *LOOK_UPS):
                yield name
            if name == "run_in_executor" and file not in POOLS:
                yield name
            if name == "sock_connect" and file not in DIALS:
                yield name
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
        own = node.args and not (isinstance(node.args[0], ast.Constant) and not node.args[0].value)
        if called == "run_in_executor" and file in POOLS and not own:
            yield "run_in_executor(None)"
        has_socket = any(each.arg == "sock" for each in node.keywords)
        # The module's own function blocks the thread that calls it, and wants no other.
        blocks = getattr(getattr(node.func, "value", None), "id", None) == "socket"
        if called in CONNECTING[:-1] and not has_socket and not blocks:
            yield str(called)


@pytest.mark.xdist_group("syntax-trees")
def test_nothing_waits_for_a_thread_of_the_default_executor() -> None:
    every = files("mtasts", "components")
    found = {
        name: used
        for name, source in ((str(each.relative_to(ROOT)), each.read_text()) for each in every)
        if (used := sorted(set(uses(source, name))))
    }

    assert len(every) > 100
    assert found == {}


@pytest.mark.parametrize(
    ("file", "source", "found"),
    [
        ("mtasts/run/proof.py", "await asyncio.to_thread(work)", ["to_thread"]),
        ("mtasts/run/proof.py", "from asyncio import to_thread as away", ["to_thread"]),
        ("mtasts/run/proof.py", "loop.run_in_executor(pool, work)", ["run_in_executor"]),
        ("mtasts/threads.py", "loop.run_in_executor(pool, work)", []),
        ("mtasts/threads.py", "loop.run_in_executor(None, work)", ["run_in_executor(None)"]),
        ("components/hooks.py", "run = loop.run_in_executor", ["run_in_executor"]),
        ("components/hooks.py", "loop.set_default_executor(pool)", ["set_default_executor"]),
        ("mtasts/run/proof.py", "await loop.getaddrinfo(host, 443)", ["getaddrinfo"]),
        ("mtasts/run/proof.py", "asyncio.open_connection(host, 443)", ["open_connection"]),
        ("mtasts/run/proof.py", "asyncio.open_connection(sock=dialled)", []),
        ("mtasts/run/proof.py", "loop.create_connection(made, host)", ["create_connection"]),
        ("mtasts/run/proof.py", "socket.create_connection((host, 25))", []),
        ("mtasts/run/proof.py", "await loop.sock_connect(dialled, place)", ["sock_connect"]),
        ("mtasts/probe/dial.py", "await loop.sock_connect(dialled, place)", []),
        ("mtasts/run/proof.py", "await in_thread(work)", []),
    ],
)
def test_what_would_wait_there_is_found(file: str, source: str, found: list[str]) -> None:
    module = f"async def run():\n    {source}\n"

    assert sorted(set(uses(module, file))) == found


async def test_a_name_to_connect_to_would_be_looked_up_there() -> None:
    """So an address it has to be: this is what the tests of the library refuse."""
    with socket.socket() as dialled:
        dialled.setblocking(False)  # noqa: FBT003 - the standard library's signature
        with pytest.raises(AssertionError, match="default executor"):
            await asyncio.get_running_loop().sock_connect(dialled, ("localhost", 1))


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
