"""A warm Python process, which has imported every module, and whose forks run what is asked for.

A run of the engine starts a language host, a program and providers. Each spends most of its
processor time on importing the same modules. `running` starts the warm process and gives the
variable that leads to it; `words` is the command line of a process that may be warm. A fork differs
from a cold process in three ways: its modules were imported before its environment was known; its
parent in the process table is the warm process, while ``os.getppid`` answers as in a cold one; and
``/proc`` shows command line and environment of the warm process. Linux only: it needs pidfd.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.localcloud import warm_client
from mtasts.localcloud.warm_client import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_END_SECONDS = 10.0


def words(arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The command line that runs this Python with ``arguments``, warm if the environment says so.

    The arguments are ``-u`` or not, then ``-m MODULE`` or a file, then the program's own.
    """
    warm = [str(Path(warm_client.__file__))] if environment.get(VARIABLE) else []
    isolated = ["-I", "-S"] if warm else []
    return [sys.executable, *isolated, *warm, *arguments]


@contextmanager
def running(path: Path) -> Iterator[dict[str, str]]:
    """A warm process at the socket ``path``; what it gives is to be added to an environment.

    It is an empty mapping where there can be none: on another system than Linux, and where the
    path is too long for a socket. The process ends with this context, or with this process.
    """
    server = _listening(path)
    if server is None:
        yield {}
        return
    with server:
        command = [sys.executable, "-m", "mtasts.localcloud.warm_parent", str(server.fileno())]
        child = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
            command, stdin=subprocess.DEVNULL, pass_fds=(server.fileno(),)
        )
    try:
        yield {VARIABLE: str(path)}
    finally:
        child.terminate()
        child.wait(_END_SECONDS)
        path.unlink(missing_ok=True)


def _listening(path: Path) -> socket.socket | None:
    """A socket that clients can connect to before the warm process is ready."""
    if not hasattr(os, "pidfd_open"):
        return None
    server = socket.socket(socket.AF_UNIX)
    try:
        server.bind(str(path))
    except OSError:
        server.close()
        return None
    server.listen(64)
    return server
