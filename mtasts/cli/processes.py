"""What a process of this machine is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_PS_SECONDS = 10


def program(pid: int, *, proc: Path = Path("/proc")) -> str:
    """What the process is called; empty where there is none, "pulumi" where nothing tells.

    Where the machine has no ``ps``, ``proc`` tells, as Linux has it.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass  # another user's, which is alive
    try:
        shown = subprocess.run(  # noqa: S603 - a number
            ["ps", "-p", str(pid), "-o", "comm="],  # noqa: S607 - where the system has it
            capture_output=True,
            text=True,
            timeout=_PS_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        pass  # a small machine may have no ps
    else:
        return shown.stdout.strip()
    try:
        return (proc / str(pid) / "comm").read_text().strip()
    except OSError:
        return "pulumi"  # it is alive, and nothing says that it is another program
