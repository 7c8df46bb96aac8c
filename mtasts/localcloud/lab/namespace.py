"""A private network namespace: ports 25, 53 and 443 are free there, and resolv.conf is its own.

Outside nothing changes. It needs Linux and root.
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
    """What stands in the way here, a line each; empty where nothing does."""
    if sys.platform != "linux":
        return ["network namespaces: this needs Linux"]
    found = [] if os.geteuid() == 0 else ["root: it makes a network namespace"]
    return found + [f"{name}: install {package}" for name, package in _TOOLS if which(name) is None]


def path() -> str:
    """PATH with the folders that hold an administrator's programs."""
    return f"{os.environ.get('PATH', '')}:{_ADMIN}"


def which(name: str) -> str | None:
    """Where a program is, an administrator's ones among them."""
    return shutil.which(name, path=path())


def enter(command: Sequence[str]) -> int:
    """Run ``command`` in namespaces of its own for the network and for mounts; its exit code."""
    words = [_need("unshare"), "--mount", "--net", *command]
    return subprocess.run(words, check=False).returncode


@contextmanager
def prepared() -> Iterator[None]:
    """The loopback up, and the resolver at 127.0.0.1; to be called inside."""
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
