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
    from collections.abc import Callable, Iterable

_CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate")
_WRITING = os.O_WRONLY | os.O_RDWR
_UNHARMED = 0
_RUN_SECONDS = 120


def die_at_each(work: Callable[[Path], None], folder: Path, points: Iterable[int]) -> None:
    """Do ``work`` in ``folder/POINT`` for each point, killed at that write (0: never).

    How each ended is printed as JSON: the signal that killed it, or else 0; and how many writes it
    had made by then, which only one that was not killed can tell.
    """
    ends = {}
    for point in points:
        read, write = os.pipe()
        if (child := os.fork()) == 0:
            made = _count(point)
            work(folder / str(point))
            os.write(write, str(made[0]).encode())
            os._exit(0)
        os.close(write)
        status = os.waitpid(child, 0)[1]
        with os.fdopen(read) as told:
            writes = told.read()
        signaled = os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        ends[point] = (signaled, int(writes or 0))
    sys.stdout.write(json.dumps(ends))


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


def deaths(module: str, folder: Path, points: Iterable[int], *words: str) -> dict[int, int]:
    """Have ``module.main(words, folder, points)`` die at each point; the writes of each by point.

    One that was meant to be killed and was not, or died of something else, is an error.
    """
    given = list(points)
    call = f"import sys, json, {module} as m; m.main(*json.loads(sys.argv[1]))"
    arguments = json.dumps([list(words), str(folder), given])
    run = subprocess.run(
        [sys.executable, "-c", call, arguments],
        env={"PYTHONPATH": str(Path(__file__).parent)},
        stdout=subprocess.PIPE,
        timeout=_RUN_SECONDS,
        check=True,
    )
    ends = {int(point): tuple(end) for point, end in json.loads(run.stdout).items()}
    for point in given:
        assert ends[point][0] == (signal.SIGKILL if point else _UNHARMED), (point, ends[point])
    return {point: writes for point, (_, writes) in ends.items()}
