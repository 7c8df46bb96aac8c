"""A child ends when its parent is killed by SIGKILL, and runs scripts as Python does."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from mtasts.localcloud import lifetime

# The parent starts the child and waits. The test sees the child's end as the end of the pipe.
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, sys.argv[1], sys.argv[2]])
child.wait()
"""
CHILD = """
import sys, threading
print("ready", flush=True)
threading.Event().wait()
"""


def test_a_child_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    words = [sys.executable, "-c", PARENT, str(Path(lifetime.__file__)), str(script)]
    parent = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout as pipe:
        assert pipe.readline() == b"ready\n"
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait(timeout=10)
        readable, _, _ = select.select([pipe], [], [], 10)
        assert readable, "the child still holds the pipe"
        assert pipe.read() == b""


def test_a_script_runs_as_if_it_had_been_run_directly(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys\nprint(__name__, sys.argv[1:], sys.path[0])\n")
    done = subprocess.run(
        [sys.executable, str(Path(lifetime.__file__)), str(script), "a"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout == f"__main__ ['a'] {tmp_path}\n"


def test_a_folder_is_run_with_its_own_modules_on_the_path(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import beside\nimport sys\nprint(sys.argv[1:])\n")
    (tmp_path / "beside.py").write_text("")
    done = subprocess.run(
        [sys.executable, str(Path(lifetime.__file__)), str(tmp_path), "a"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout == "['a']\n"
