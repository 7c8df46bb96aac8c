"""Programs that are downloaded or built once, and kept in a cache folder outside the checkout.

Each is made in a temporary folder and renamed when it is complete, so that no run finds half of it.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.errors import MtaStsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import ExitStack

BUILD_SECONDS = 30 * 60
QUICK_SECONDS = 20
# What is built with the same options is shared by all builds, whatever it is built for.
BUILD_OPTIONS = ("-mod=readonly", "-trimpath", "-buildvcs=false")


class BuildError(MtaStsError):
    """A program cannot be downloaded, built or run; the text says why."""


def kept(folder: Path, stamp: str, make: Callable[[Path], None]) -> Path:
    """``folder``, as an earlier call left it or made now.

    ``make`` fills a temporary folder, which is then renamed to ``folder``. A folder is complete if
    it has the file ``stamp``; ``make`` has to write that file.

    Raises:
        BuildError: another process has been making the folder for `BUILD_SECONDS`.
    """
    if not (folder / stamp).exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_suffix(".lock")):
            if not (folder / stamp).exists():
                temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
                try:
                    make(temporary)
                    shutil.rmtree(folder, ignore_errors=True)
                    temporary.rename(folder)
                finally:
                    shutil.rmtree(temporary, ignore_errors=True)
    return folder


def kept_while_used(
    folder: Path, stamp: str, make: Callable[[Path], None], uses: ExitStack
) -> Path:
    """As `kept`; no other process removes the folder before ``uses`` is closed, or this one ends.

    For what is made anew at each change of its sources: folders beside it are removed if they have
    its name up to the last ``-`` and no process uses them.

    Raises:
        BuildError: another process has been making the folder for `BUILD_SECONDS`.
    """
    while True:
        kept(folder, stamp, make)
        use = uses.enter_context(folder.with_suffix(".used").open("w"))
        fcntl.flock(use, fcntl.LOCK_SH)
        if (folder / stamp).exists():  # if not, another process removed it before the lock
            break
    family = f"{folder.name.rpartition('-')[0]}-*"
    for other in folder.parent.glob(family):
        if other.is_dir() and other != folder:
            _remove_unused(other)
    return folder


def _remove_unused(folder: Path) -> None:
    """Delete a folder of the cache, unless a process uses it.

    The file of the lock remains: a process may have opened it and wait for the lock.
    """
    with folder.with_suffix(".used").open("w") as use:
        try:
            fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        folder.rename(temporary / folder.name)  # a kill from here on leaves no half of a folder
        shutil.rmtree(temporary, ignore_errors=True)


def find_go(environment: Mapping[str, str]) -> str:
    """The path of the ``go`` command.

    Raises:
        BuildError: there is no ``go`` on PATH.
    """
    go = shutil.which("go", path=environment.get("PATH", ""))
    if go is None:
        raise BuildError("no go on PATH")
    return go


def go_build(
    environment: Mapping[str, str], module: Path, package: str, target: Path, *flags: str
) -> None:
    """Build the Go command ``package`` into the file ``target``.

    ``module`` is the folder of its ``go.mod``; its ``go.sum`` pins every module that is used.

    Raises:
        BuildError: there is no Go on PATH, or the build fails.
    """
    words = [
        find_go(environment),
        "build",
        *BUILD_OPTIONS,
        "-ldflags",
        " ".join(("-s -w", *flags)),
    ]
    run([*words, "-o", str(target), package], environment, seconds=BUILD_SECONDS, folder=module)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock on a file; the system releases the lock when its holder ends."""
    with path.open("w") as file:
        deadline = time.monotonic() + BUILD_SECONDS
        pause = threading.Event()
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise BuildError(f"another process still holds {path}") from None
                pause.wait(0.5)
        yield


@contextmanager
def progress(say: Callable[[str], None], what: str) -> Iterator[None]:
    """Say ``what`` at once and then every 15 seconds until it is done."""
    started = time.monotonic()
    done = threading.Event()

    def repeat() -> None:
        while not done.wait(15):
            say(f"{what}: {time.monotonic() - started:.0f} s")

    say(what)
    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def run(
    words: Sequence[str],
    environment: Mapping[str, str],
    *,
    seconds: float,
    folder: Path | None = None,
) -> str:
    """Run a program and return what it printed on standard output.

    Raises:
        BuildError: the program does not start, takes longer than ``seconds``, or fails; then the
            text ends with the last line that it printed.
    """
    name = Path(words[0]).name
    try:
        done = subprocess.run(  # noqa: S603 - the words are those of this folder's modules
            words,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{name} took longer than {seconds:g} s") from error
    except OSError as error:
        raise BuildError(f"{words[0]} does not run: {error.strerror}") from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason was printed"]
        raise BuildError(f"{name} failed: {lines[-1]}")
    return done.stdout
