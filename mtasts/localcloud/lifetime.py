"""End a process when its parent ends, even if the parent is killed by SIGKILL.

Local clouds and the plugins of an engine use it. ``python lifetime.py SCRIPT ARGUMENT...`` runs a
script in that way. Linux's parent-death signal (``PR_SET_PDEATHSIG``) is no replacement: the kernel
sends it when the parent's thread ends, and in a Go program such as the engine threads end while the
process runs on.
"""

from __future__ import annotations

import os
import runpy
import select
import signal
import sys
import threading

_POLL_SECONDS = 0.25


def die_with_parent() -> None:
    """Start a thread that ends this process by SIGKILL as soon as its present parent has ended."""
    parent = os.getppid()
    threading.Thread(target=_watch, args=(parent,), daemon=True, name="parent-watch").start()


def _watch(parent: int) -> None:
    try:
        handle = os.pidfd_open(parent)
    except (AttributeError, OSError):
        _poll(parent)
    else:
        watch = select.poll()
        watch.register(handle, select.POLLIN)
        # The parent may have ended, and another process have its id, before the handle was open.
        while os.getppid() == parent and not watch.poll(60_000):
            pass
    os.kill(os.getpid(), signal.SIGKILL)


def _poll(parent: int) -> None:
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(_POLL_SECONDS)


def main() -> None:
    """Run the script that the command line names, as ``python SCRIPT ARGUMENT...`` would."""
    die_with_parent()
    # Python put this file's folder first on sys.path; its modules would hide the program's.
    del sys.path[0]
    del sys.argv[0]
    script = sys.argv[0]  # a file, or a folder with a ``__main__.py``
    sys.path.insert(0, script if os.path.isdir(script) else os.path.dirname(script))  # noqa: PTH112, PTH120 - importing pathlib takes too long here
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
