"""Install, start and stop a local cloud, which is a process of its own, and read its status."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.errors import MtaStsError
from mtasts.findings import printable
from mtasts.localcloud.cloud import STATE_FILE, Cloud
from mtasts.localcloud.control_client import Control, ControlError
from mtasts.localcloud.languages.names import EXEC_SCRIPT
from mtasts.localcloud.warm import words as warm_words
from mtasts.localcloud.warm_client import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mtasts.localcloud.engine import Engine

# The engine looks for a provider in a folder whose name has the provider's version.
PROVIDERS = {"aws": "7.51.1", "cloudflare": "6.23.1"}
LOCK_FILE = "lock"
LOG_FILE = "log"
OUTPUT_FILE = "output"
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_KILL_SECONDS = 5.0
_SAY_AFTER_SECONDS = 2.0
_POLL_SECONDS = 0.05
_LOG_TAIL = 5
# Local clouds that this process started. It has to wait for each that ends, or a zombie remains.
_children: dict[int, subprocess.Popen[bytes]] = {}


class LifecycleError(MtaStsError):
    """A local cloud did not start or stop; the text says why and what to do."""


class NotRunningError(MtaStsError):
    """There is no local cloud in that folder."""

    def __init__(self, directory: Path) -> None:
        """Say that no local cloud runs in ``directory``, and how to start one."""
        super().__init__(f"no local cloud runs in {directory}: start one with mtasts local up")


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the local cloud in a folder.

    ``cloud`` is None if none runs, or if it is starting or stopping; ``healthy`` says whether its
    control interface answers.
    """

    directory: Path
    cloud: Cloud | None = None
    healthy: bool = False


def _install(directory: Path, engine: Engine) -> None:
    """Put engine, language host and stand-in providers into the folder of the local cloud.

    The providers are in the local cloud's own ``PULUMI_HOME`` and not on PATH, so that no run
    against a real account can use them.
    """
    binaries = directory / "bin"
    shutil.rmtree(binaries, ignore_errors=True)
    binaries.mkdir(parents=True)
    binary = engine.binary.resolve()
    if engine.exec_script is None:  # the engine has a language host in its own folder
        (binaries / "pulumi").symlink_to(binary)
    else:
        # The engine resolves a symlink to itself and looks for language hosts in that folder: a
        # hard link makes it look here.
        link(binary, binaries / "pulumi")
        script = binaries / "pulumi-language-python"
        write_script(
            script, "mtasts.localcloud.languages.python", {EXEC_SCRIPT: str(engine.exec_script)}
        )
    for name, version in PROVIDERS.items():
        plugin = directory / "pulumi-home" / "plugins" / f"resource-{name}-v{version}"
        plugin.mkdir(parents=True, exist_ok=True)
        write_script(plugin / f"pulumi-resource-{name}", f"mtasts.localcloud.{name}", {})
    # A new local cloud is empty, so the stacks' state of an earlier one would be wrong.
    shutil.rmtree(directory / "backend", ignore_errors=True)
    (directory / "backend").mkdir()


def link(source: Path, target: Path) -> None:
    """Make ``target`` a hard link to ``source``, or a copy if they are on two file systems."""
    try:
        target.hardlink_to(source)
    except OSError:  # another file system
        shutil.copy2(source, target)


def write_script(path: Path, module: str, variables: Mapping[str, str]) -> None:
    """Write an executable that runs one of our Python modules, with these variables set.

    It uses the warm process (`mtasts.localcloud.warm`) if the environment names one.
    """
    settings = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in variables.items())
    cold, warm = (shlex.join(warm_words(["-m", module], {VARIABLE: way})) for way in ("", "warm"))
    partial = path.with_suffix(".partial")
    partial.write_text(
        f'#!/bin/sh\n{settings}[ -z "${VARIABLE}" ] || exec {warm} "$@"\nexec {cold} "$@"\n'
    )
    partial.chmod(0o755)
    partial.replace(path)


def start(
    directory: Path,
    engine: Engine,
    *,
    stacks: Path | None,
    with_parent: bool,
    say: Callable[[str], None],
) -> Cloud:
    """Start a local cloud in ``directory``, unless one runs there, and return its addresses.

    A new local cloud has zones and mail hosts for the stack files in ``stacks``, and an empty
    backend. With ``with_parent`` it ends when this process ends, even if that is killed; without,
    it runs until `stop`. ``say`` gets a line if the start takes more than 2 seconds.

    Raises:
        LifecycleError: it did not start, or did not answer in time; the text ends with the last
            lines of its log.
    """
    directory = directory.absolute()
    found = status(directory)
    if found.cloud is not None and found.healthy:
        return found.cloud
    if not _is_held(directory / LOCK_FILE):
        _install(directory, engine)
    words = [sys.executable, "-m", "mtasts.localcloud.serve", str(directory)]
    words += ["--stacks", str(stacks.absolute())] if stacks else []
    words += ["--with-parent"] if with_parent else []
    with (directory / OUTPUT_FILE).open("wb") as output:
        child = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=not with_parent,
        )
    cloud = _await(directory, child, say)
    if child.poll() is None:
        _children[child.pid] = child
    return cloud


def _await(directory: Path, child: subprocess.Popen[bytes], say: Callable[[str], None]) -> Cloud:
    began = time.monotonic()
    has_reported = False
    pause = threading.Event()
    while time.monotonic() - began < _START_SECONDS:
        found = status(directory)
        if found.cloud is not None and found.healthy:
            return found.cloud
        if child.poll() is not None:
            # Another process may have started one here first: the lock lets only one run.
            found = status(directory)
            if found.cloud is not None and found.healthy:
                return found.cloud
            raise LifecycleError(f"the local cloud did not start: {_last_words(directory)}")
        if not has_reported and time.monotonic() - began > _SAY_AFTER_SECONDS:
            say("starting the local cloud")
            has_reported = True
        pause.wait(_POLL_SECONDS)
    child.kill()
    child.wait()
    raise LifecycleError(
        f"the local cloud did not answer within {_START_SECONDS:.0f} s: {_last_words(directory)}"
    )


def _last_words(directory: Path) -> str:
    lines: list[str] = []
    for name in (LOG_FILE, OUTPUT_FILE):
        try:
            text = (directory / name).read_text("utf-8", "replace")
        except FileNotFoundError:
            continue
        lines += text.splitlines()[-_LOG_TAIL:]
    return "\n".join(lines) or "it printed no reason"


def status(directory: Path) -> Status:
    """The state of the local cloud in ``directory``; waits up to 2 seconds for an answer.

    Raises:
        LifecycleError: the folder cannot be read.
    """
    directory = directory.absolute()
    if not _is_held(directory / LOCK_FILE):
        return Status(directory)
    try:
        cloud = Cloud.read(directory)
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return Status(directory)  # the local cloud is starting or stopping
    try:
        healthy = Control(cloud.control, deadline_seconds=2.0).health()
    except ControlError:
        healthy = False
    return Status(directory, cloud, healthy)


def running(directory: Path) -> Cloud:
    """The local cloud that runs in ``directory``.

    Raises:
        NotRunningError: none runs there.
        LifecycleError: the folder cannot be read.
    """
    cloud = status(directory).cloud
    if cloud is None:
        raise NotRunningError(directory)
    return cloud


def _is_held(lock: Path) -> bool:
    """Whether a local cloud runs: its process alone holds the lock, until the process ends.

    Raises:
        LifecycleError: nobody can say, because the lock cannot be read.
    """
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError as error:
        raise LifecycleError(
            f"the folder {printable(str(lock.parent), 1024)} cannot be read: {error.strerror}. "
            "Name the folder of a local cloud with --directory"
        ) from error
    return False


def stop(directory: Path) -> None:
    """Stop the local cloud in ``directory`` and wait until its process has ended.

    Raises:
        NotRunningError: none runs there.
        LifecycleError: the process does not end, even after SIGKILL.
    """
    cloud = running(directory)
    # The lock is held, so the process that wrote cloud.json lives: no other process has its id.
    os.kill(cloud.pid, signal.SIGTERM)
    if not _gone(directory, _STOP_SECONDS):
        os.kill(cloud.pid, signal.SIGKILL)
        if not _gone(directory, _KILL_SECONDS):
            raise LifecycleError(
                f"process {cloud.pid} of the local cloud in {directory} does not end, even "
                "after SIGKILL"
            )
        (directory / STATE_FILE).unlink(missing_ok=True)
    child = _children.pop(cloud.pid, None)
    if child is not None:
        child.wait(_KILL_SECONDS)  # the lock is free, so the process ends at once


def _gone(directory: Path, limit_seconds: float) -> bool:
    end = time.monotonic() + limit_seconds
    pause = threading.Event()
    while _is_held(directory / LOCK_FILE):
        if time.monotonic() > end:
            return False
        pause.wait(_POLL_SECONDS)
    return True


def environment(cloud: Cloud, own: Mapping[str, str]) -> dict[str, str]:
    """The environment ``own``, changed so that Pulumi, boto3 and probes use the local cloud.

    Variables that could choose another account or backend are left out.
    """
    kept = {name: value for name, value in own.items() if not is_misleading(name)}
    return kept | cloud.environment(own.get("PATH", os.defpath))


def is_misleading(name: str) -> bool:
    """Whether a variable could lead Pulumi, boto3 or Cloudflare's provider to another account."""
    return name.startswith(("AWS_", "PULUMI_", "CLOUDFLARE_"))
