"""Work that is killed at its nth write, each time in a process of its own.

One interpreter loads what the work needs and forks for each point, so that twenty deaths cost one
start. It runs apart from pytest, whose process has threads that a fork would break.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate")
_WRITING = os.O_WRONLY | os.O_RDWR
_UNHARMED = 0
_RUN_SECONDS = 120


def die_at_each(work: Callable[[Path], None], folder: Path, count: int) -> None:
    """Do ``work`` in ``folder/0``, and killed at each of ``count`` points in ``folder/WRITE``.

    The points are spread over all writes. How each ended is printed as JSON, and how many writes
    the first made, which is not killed: the signal that killed it, or else the exit code.
    """
    ended, writes = _end(work, folder / "0", 0)
    ends = {0: ended}
    for point in (1 + number * writes // count for number in range(count)):
        ends[point], _ = _end(work, folder / str(point), point)
    sys.stdout.write(json.dumps([ends, writes]))


def _end(work: Callable[[Path], None], folder: Path, point: int) -> tuple[int, int]:
    """How work ended that is killed at a write (0: never), and its writes if it was not."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        made = _count(point)
        work(folder)
        os.write(write, str(made[0]).encode())
        os._exit(0)
    os.close(write)
    status = os.waitpid(child, 0)[1]
    with os.fdopen(read) as told:
        writes = told.read()
    signaled = os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    return signaled, int(writes or 0)


def _count(point: int) -> list[int]:
    """Count the writes of this process from now on, and end it at the one of that number."""
    made = [0]

    def hook(event: str, args: tuple[Any, ...]) -> None:
        opened = event == "open" and isinstance(args[2], int) and args[2] & _WRITING
        if opened or event in _CHANGES:
            made[0] += 1
            if made[0] == point:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return made


def deaths(module: str, folder: Path, count: int, *words: str) -> tuple[list[int], int]:
    """Have ``module.main(words, folder, count)`` die; at which writes, and of how many.

    One that was meant to be killed and was not, or died of something else, is an error.
    """
    call = f"import sys, json, {module} as m; m.main(*json.loads(sys.argv[1]))"
    arguments = json.dumps([list(words), str(folder), count])
    run = subprocess.run(
        [sys.executable, "-c", call, arguments],
        env={"PYTHONPATH": str(Path(__file__).parent)},
        stdout=subprocess.PIPE,
        timeout=_RUN_SECONDS,
        check=True,
    )
    told, writes = json.loads(run.stdout)
    ends = {int(point): end for point, end in told.items()}
    assert ends.pop(0) == _UNHARMED
    assert ends == dict.fromkeys(ends, signal.SIGKILL)
    assert len(ends) == count
    return list(ends), writes
