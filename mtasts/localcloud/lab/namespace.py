"""A private network namespace, with ports 25, 53 and 443 free and a resolv.conf of its own.

Nothing changes outside of it. It needs Linux and root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ADMIN = "/usr/local/sbin:/usr/sbin:/sbin"
_TOOLS = (("unshare", "util-linux"), ("mount", "mount"), ("ip", "iproute2"))


def missing() -> list[str]:
    """What this machine lacks for a network namespace, one line each; empty if nothing."""
    if sys.platform != "linux":
        return ["network namespaces: run this on Linux"]
    found = [] if os.geteuid() == 0 else ["root: only root can make a network namespace"]
    return found + [f"{name}: install {package}" for name, package in _TOOLS if which(name) is None]


def path() -> str:
    """PATH, and the folders for programs of administrators (sbin)."""
    return f"{os.environ.get('PATH', '')}:{_ADMIN}"


def which(name: str) -> str | None:
    """The path of a program on `path`; None if it is missing."""
    return shutil.which(name, path=path())


def enter(command: Sequence[str]) -> int:
    """Run ``command`` in a new network namespace and a new mount namespace.

    Returns its exit code.

    Raises:
        FileNotFoundError: ``unshare`` is missing.
    """
    words = [_need("unshare"), "--mount", "--net", *command]
    return subprocess.run(words, check=False).returncode


@contextmanager
def prepared() -> Iterator[None]:
    """Inside of `enter`: turn on the loopback, and make 127.0.0.1 the resolver.

    Raises:
        FileNotFoundError: ``ip`` or ``mount`` is missing.
        subprocess.CalledProcessError: one of them failed.
    """
    subprocess.run([_need("ip"), "link", "set", "lo", "up"], check=True)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write("nameserver 127.0.0.1\n")
        file.flush()
        Path(file.name).chmod(0o644)
        resolv = str(Path("/etc/resolv.conf").resolve())
        subprocess.run([_need("mount"), "--bind", file.name, resolv], check=True)
        yield


def _need(name: str) -> str:
    found = which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is missing")
    return found
