"""No child of a local cloud or an engine outlives its parent, even one that is killed by SIGKILL.

Run as a file, ``python lifetime.py SCRIPT ARGUMENT...`` runs a script under the same rule. A
parent-death signal would not do: it fires when the parent's thread ends, and the engine is written
in Go, whose threads come and go.
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
    """End this process as soon as its present parent has ended."""
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
        # The parent may have ended, and its number been reused, before the handle was open.
        while os.getppid() == parent and not watch.poll(60_000):
            pass
    os.kill(os.getpid(), signal.SIGKILL)


def _poll(parent: int) -> None:
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(_POLL_SECONDS)


def main() -> None:
    """Run the script that the command line names, as if it had been run directly."""
    die_with_parent()
    # Python put this file's folder first; its modules must not shadow the program's.
    del sys.path[0]
    del sys.argv[0]
    script = sys.argv[0]  # a folder has a ``__main__.py``, and its modules beside that
    sys.path.insert(0, script if os.path.isdir(script) else os.path.dirname(script))  # noqa: PTH112, PTH120 - no import is worth it here
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
