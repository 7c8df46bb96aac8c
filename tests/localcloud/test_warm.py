"""A child of the warm process has the state of a cold process, and ends as one does."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mtasts.localcloud import warm, warm_client
from mtasts.localcloud.warm_parent import settings_of_python

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="Linux only")

SHOW = """
import json, os, sys
print(json.dumps({
    "name": __name__, "argv": sys.argv[1:], "script": sys.argv[0], "path": sys.path[0],
    "folder": os.getcwd(), "environment": sorted(os.environ.items()), "parent": os.getppid(),
    "input": sys.stdin.read(), "encodings": [sys.stdin.encoding, sys.stdout.encoding],
    "write_through": sys.stdout.write_through, "line_buffering": sys.stderr.line_buffering,
    "warm": "mtasts.components" in sys.modules,
}))
"""

# What it prints stays in a buffer, whose file is gone as it ends.
GONE = """
import os, sys
sys.stdout = os.fdopen(os.dup(1), "w", 4096)
os.close(sys.stdout.fileno())
print("to nobody")
"""


def run(
    warmth: Mapping[str, str], tmp_path: Path, *arguments: str, **more: str
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **own(), **more, **warmth}
    return subprocess.run(
        warm.words(arguments, environment),
        cwd=tmp_path,
        env=environment,
        input="words",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def own() -> dict[str, str]:
    """The variables that Python itself reads, as this process and the warm one have them."""
    return settings_of_python(os.environ)


@pytest.mark.parametrize("unbuffered", [(), ("-u",)])
@pytest.mark.parametrize("way", ["file", "module"])
def test_a_script_has_the_same_state_as_in_a_cold_process(
    warmth: Mapping[str, str], tmp_path: Path, way: str, unbuffered: tuple[str, ...]
) -> None:
    (tmp_path / "shown.py").write_text(SHOW)
    named = (str(tmp_path / "shown.py"),) if way == "file" else ("-m", "shown")
    rows = []
    for each in (warmth, {}):
        done = run(each, tmp_path, *unbuffered, *named, "one", "", "two words")
        assert done.returncode == 0, done.stderr
        rows.append(json.loads(done.stdout))
    assert [row.pop("warm") for row in rows] == [True, False]
    rows[1]["environment"] = sorted(map(list, {**dict(rows[1]["environment"]), **warmth}.items()))
    assert rows[0] == rows[1]
    assert rows[0]["parent"] == os.getpid()


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("", 0, ""),
        ("raise SystemExit(3)", 3, ""),
        ("raise SystemExit", 0, ""),
        ("raise SystemExit(300)", 300 & 0xFF, ""),
        ("raise SystemExit('no')", 1, "no\n"),
        ("raise ValueError('no such luck')", 1, "ValueError: no such luck\n"),
        ("import os; os._exit(32)", 32, ""),
        ("import atexit; atexit.register(print, 'end')", 0, ""),
        ("print('no line end', end='')", 0, ""),
        ("import threading as t; t.Timer(0.1, print, ('a thread is waited for',)).start()", 0, ""),
        ("import sys; sys.stdout.close()", 0, ""),
        (GONE, 120, "Bad file descriptor"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, ""),
        ("import signal; signal.raise_signal(signal.SIGINT)", -signal.SIGINT, "KeyboardInterrupt"),
    ],
)
def test_a_child_ends_as_a_cold_process_does(
    warmth: Mapping[str, str], tmp_path: Path, source: str, code: int, said: str
) -> None:
    (tmp_path / "script.py").write_text(source)
    warmed, cold = (run(each, tmp_path, str(tmp_path / "script.py")) for each in (warmth, {}))
    assert (warmed.returncode, warmed.stdout) == (cold.returncode, cold.stdout)
    assert warmed.returncode == code
    assert said in warmed.stderr
    assert said in cold.stderr


@pytest.mark.parametrize(
    ("more", "expect"),
    [
        ({}, True),
        ({"ANOTHER": "x"}, True),
        ({"PYTHONPATH": "x"}, False),
        ({"PYTHONWARNINGS": "error"}, False),
        ({"LC_ALL": "POSIX"}, False),
    ],
)
def test_other_settings_of_python_make_a_process_cold(
    warmth: Mapping[str, str], tmp_path: Path, more: dict[str, str], *, expect: bool
) -> None:
    (tmp_path / "script.py").write_text("import sys; print('mtasts.components' in sys.modules)")
    done = run(warmth, tmp_path, str(tmp_path / "script.py"), **more)
    assert (done.stdout, done.stderr) == (f"{expect}\n", "")


WAITING = "import os, threading; print(os.getpid(), flush=True); threading.Event().wait()"
PARENT = """
import os, subprocess, sys
subprocess.run(sys.argv[1:])
"""


def ended(handle: int) -> bool:
    with os.fdopen(handle, "rb", closefd=True) as file:
        return bool(select.select([file], [], [], 10)[0])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_ends_client_and_child(
    warmth: Mapping[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "script.py").write_text(WAITING)
    environment = {**own(), **warmth}
    words = warm.words([str(tmp_path / "script.py")], environment)
    with subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as client:
        assert client.stdout is not None
        handle = os.pidfd_open(int(client.stdout.readline()))
        client.send_signal(number)
        try:
            assert client.wait(10) == -number
        finally:
            client.kill()  # leaving the block waits for it
        assert ended(handle), "the child lives on"


def test_a_child_ends_with_a_client_that_has_not_read_its_number(
    warmth: Mapping[str, str], tmp_path: Path
) -> None:
    (tmp_path / "script.py").write_text(WAITING)
    fields = [str(os.getpid()), "1", str(tmp_path / "script.py")]
    fields += [f"{name}={value}" for name, value in own().items()]
    message = b"\0".join(map(os.fsencode, fields))
    reading, writing = os.pipe()
    folder = os.open(tmp_path, os.O_RDONLY)
    null = os.open(os.devnull, os.O_RDWR)
    with socket.socket(socket.AF_UNIX) as client, os.fdopen(reading) as said:
        client.connect(warmth[warm_client.VARIABLE])
        length = len(message).to_bytes(warm_client.NUMBER_BYTES, "big")
        socket.send_fds(client, [length], [null, writing, null, folder])
        client.sendall(message)
        for each in (null, writing, folder):
            os.close(each)
        handle = os.pidfd_open(int(said.readline()))
    assert ended(handle), "the child lives on"


def test_a_child_ends_with_the_parent_of_its_client(
    warmth: Mapping[str, str], tmp_path: Path
) -> None:
    (tmp_path / "script.py").write_text(WAITING)
    environment = {**own(), **warmth}
    words = warm.words([str(tmp_path / "script.py")], environment)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *words], env=environment, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        handle = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        assert ended(handle), "the child lives on"


@pytest.mark.parametrize("message", [b"", b"\0", b"\0\0\0\4", b"\0\0\0\1x", b"\xff" * 9])
def test_a_bad_request_changes_nothing(
    warmth: Mapping[str, str], tmp_path: Path, message: bytes
) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(warmth["MTASTS_WARM"])
        connection.sendall(message)
    (tmp_path / "script.py").write_text("print('there')")
    assert run(warmth, tmp_path, str(tmp_path / "script.py")).stdout == "there\n"


def test_without_a_socket_every_process_is_cold(tmp_path: Path) -> None:
    with warm.running(tmp_path / ("x" * 120)) as variables:
        assert variables == {}
    assert warm.words(["-m", "x"], {}) == [sys.executable, "-m", "x"]


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("import h11", 1, "RuntimeError: no such luck"),
        ("import httpcore", 1, "RuntimeError: no such luck"),
        ("print('needs none of it')", 0, ""),
    ],
)
def test_a_module_that_fails_to_import_is_reported_by_the_program_that_needs_it(
    tmp_path: Path, source: str, code: int, said: str
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "h11.py").write_text("raise RuntimeError('no such luck')")
    path = {"PYTHONPATH": str(broken)}
    (tmp_path / "script.py").write_text(source)
    with warm.running(tmp_path / "socket", {**os.environ, **path}) as variables:
        done = run(variables, tmp_path, str(tmp_path / "script.py"), **path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert bool(done.stderr) == bool(said)


def test_a_warm_process_that_has_ended_is_reported(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("")
    with warm.running(tmp_path / "socket") as variables:
        pass
    done = run(variables, tmp_path, str(tmp_path / "script.py"))
    assert done.returncode == 1
    assert "FileNotFoundError" in done.stderr
