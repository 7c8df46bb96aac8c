"""The warm process: it has imported every module, and runs Python programs in forks of itself.

A run of the engine starts a language host, a program and providers. Each spends most of its
processor time on importing the same modules; a fork of the warm process has them already. `running`
starts the warm process and gives the variable that leads to it. `words` makes the command line of a
program that may run in a fork (warm) or in a Python process of its own (cold).

A fork differs from a cold process in five ways:

- Its modules were imported before its environment was set.
- Its parent in the process table is the warm process; ``os.getppid`` gives the same as in a cold
  process.
- ``/proc`` shows the command line and environment of the warm process.
- Its modules are not cleared as it ends; exit functions run and output is written all the same.
- Pulumi's SDK sends no debug messages (``pulumi up --debug``).

It works on Linux only, because it needs pidfd.
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
    """The command line that runs Python with ``arguments``.

    It is warm if ``environment`` names a warm process, else cold. ``arguments`` are ``-u`` if
    wanted, then ``-m MODULE`` or a file, then the program's arguments.
    """
    warm = [str(Path(warm_client.__file__))] if environment.get(VARIABLE) else []
    isolated = ["-I", "-S"] if warm else []
    return [sys.executable, *isolated, *warm, *arguments]


@contextmanager
def running(
    path: Path, environment: Mapping[str, str] | None = None, *, python: str = sys.executable
) -> Iterator[dict[str, str]]:
    """Run a warm process at the socket ``path`` within this context.

    It is for programs of the interpreter ``python``. It starts with ``environment``; without one,
    with the environment of this process.
    Gives the variables to add to an environment. They are empty if there can be no warm process: on
    other systems than Linux, and if the path is too long for a socket. The warm process ends with
    this context, or when this process ends.
    """
    server = _listening(path)
    if server is None:
        yield {}
        return
    with server:
        command = [python, "-m", "mtasts.localcloud.warm_parent", str(server.fileno())]
        child = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
            command, stdin=subprocess.DEVNULL, pass_fds=(server.fileno(),), env=environment
        )
    try:
        yield {VARIABLE: str(path)}
    finally:
        child.terminate()
        child.wait(_END_SECONDS)
        path.unlink(missing_ok=True)


def _listening(path: Path) -> socket.socket | None:
    """A listening socket, so that clients can connect before the warm process is ready; or None."""
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
