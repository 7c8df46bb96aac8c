"""The Worker of a policy in workerd: its exact answers, and the requests that it refuses."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from mtasts.localcloud.cloudflare.bindings import Worker
from mtasts.localcloud.cloudflare.forwarding import forward
from mtasts.localcloud.cloudflare.workerd import Workerd, WorkerdError, find
from mtasts.localcloud.http1 import HttpRequest
from mtasts.render.worker import worker_source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from mtasts.localcloud.http1 import HttpResponse

    Ask = Callable[..., "asyncio.Future[HttpResponse]"]

BODY = b"version: STSv1\r\nmode: enforce\r\nmx: mx.example.gov\r\nmax_age: 604800\r\n"
PATH = "/.well-known/mta-sts.txt"
HOST = "mta-sts.example.gov"
# Each upload starts a workerd process: too many at once for a small machine.
pytestmark = pytest.mark.xdist_group("workerd")


@pytest.fixture(scope="module")
def program() -> Path:
    return find(os.environ, print)


@pytest.fixture
async def runtime(program: Path) -> AsyncIterator[Workerd]:
    found = Workerd(lambda: program)
    yield found
    await found.stop()


def policy(more: bytes = b"") -> Worker:
    return Worker(worker_source("example.gov", BODY + more, 60))


async def ask(runtime: Workerd, method: str, target: str, key: str = "w1") -> HttpResponse:
    return await forward(runtime.ports[key], HOST, HttpRequest(method, target, ()))


async def test_get_and_head_of_the_exact_path_bring_the_exact_bytes(runtime: Workerd) -> None:
    await runtime.serve({"w1": policy()})
    for target in (PATH, f"{PATH}?x=1"):
        found = await ask(runtime, "GET", target)
        assert (found.status, found.body) == (200, BODY)
        headers = dict(found.headers)
        assert headers["Content-Type"] == "text/plain"
        assert headers["Cache-Control"] == "max-age=60"
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
    head = await ask(runtime, "HEAD", PATH)
    assert (head.status, head.body) == (200, b"")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", f"{PATH}/"),
        ("GET", f"/x/..{PATH}"),
        ("GET", f"/.{PATH}"),
        ("GET", "/.well-known/%6dta-sts.txt"),
        ("GET", "/.WELL-KNOWN/mta-sts.txt"),
        ("GET", "/.well-known//mta-sts.txt"),
        ("GET", f"/{PATH}"),
        ("GET", "/.well-known/mta-sts.txt%00"),
        ("GET", "/?/.well-known/mta-sts.txt"),
        ("POST", PATH),
        ("PUT", PATH),
        ("DELETE", PATH),
        ("OPTIONS", PATH),
        ("PATCH", PATH),
        ("OPTIONS", "/"),
    ],
)
async def test_nothing_else_answers_2xx_or_3xx(runtime: Workerd, method: str, target: str) -> None:
    await runtime.serve({"w1": policy()})
    found = await ask(runtime, method, target)
    assert found.status in (404, 405)
    assert BODY not in found.body


async def test_without_tls_there_is_no_policy(runtime: Workerd) -> None:
    await runtime.serve({"w1": policy()})
    reader, writer = await asyncio.open_connection("127.0.0.1", runtime.ports["w1"])
    writer.write(f"GET {PATH} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
    assert (await reader.read()).startswith(b"HTTP/1.1 404")
    writer.close()


async def test_a_change_of_scripts_has_no_gap(runtime: Workerd) -> None:
    first, second = policy(), policy(b"x: y\r\n")
    await runtime.serve({"w1": first})
    await runtime.serve({"w1": first})
    await runtime.serve({"w1": first, "w2": second})
    assert (await ask(runtime, "GET", PATH)).body == BODY
    assert (await ask(runtime, "GET", PATH, "w2")).body == BODY + b"x: y\r\n"
    await runtime.serve({"w2": second})
    assert set(runtime.ports) == {"w2"}
    await runtime.serve({})
    assert runtime.ports == {}


async def test_a_bad_module_is_refused_and_the_others_keep_running(runtime: Workerd) -> None:
    good = policy()
    await runtime.serve({"w1": good})
    with pytest.raises(WorkerdError, match="SyntaxError"):
        await runtime.serve({"w1": good, "w2": Worker("export default {")})
    assert (await ask(runtime, "GET", PATH)).body == BODY


def test_without_npm_workerd_cannot_be_installed(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(WorkerdError, match="no npm on PATH"):
        find({"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}, said.append)
    assert said


def test_the_output_of_a_failing_npm_is_reported(tmp_path: Path) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
    npm.chmod(0o755)
    with pytest.raises(WorkerdError, match="npm ci failed: no network"):
        find({"PATH": f"{tmp_path}:/bin:/usr/bin", "XDG_CACHE_HOME": str(tmp_path)}, print)
    npm.write_text("#!/bin/sh\nexit 0\n")
    with pytest.raises(WorkerdError, match="no workerd for this machine"):
        find({"PATH": f"{tmp_path}:/bin:/usr/bin", "XDG_CACHE_HOME": str(tmp_path)}, print)
