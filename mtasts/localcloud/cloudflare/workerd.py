"""workerd, the Workers' real runtime: installed from npm as the lock file pins it, and run.

One process serves every deployed script, each at a port of its own; a change is a new process that
listens before the old one goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.errors import MtaStsError
from mtasts.localcloud.engine import cache_folder
from mtasts.render.worker import COMPATIBILITY_DATE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PACKAGE = Path(__file__).with_name("workerd")
_INSTALL_SECONDS = 5 * 60
_START_SECONDS = 20.0
_STOP_SECONDS = 2.0


class WorkerdError(MtaStsError):
    """The runtime cannot be had, or does not take a script; the text says why."""


def find(environment: Mapping[str, str], say: Callable[[str], None]) -> Path:
    """The program, installed once and kept beside the engine, outside the checkout; blocks.

    Raises:
        WorkerdError: it cannot be installed here.
    """
    lock = PACKAGE / "package-lock.json"
    version = json.loads((PACKAGE / "package.json").read_text())["dependencies"]["workerd"]
    folder = cache_folder(environment).parent / f"workerd-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # another process may be installing it
        stamp = folder / "package-lock.json"
        if not _binary(folder) or not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
            say(f"installing workerd {version} from npm")
            _install(folder, environment)
    found = _binary(folder)
    if found is None:
        raise WorkerdError(f"npm has installed no workerd for this machine in {folder}")
    return found


def _binary(folder: Path) -> Path | None:
    return next(folder.glob("node_modules/@cloudflare/workerd-*/bin/workerd"), None)


def _install(folder: Path, environment: Mapping[str, str]) -> None:
    npm = shutil.which("npm", path=environment.get("PATH", os.defpath))
    if npm is None:
        raise WorkerdError("no npm on PATH: install Node 20 or newer, for workerd")
    shutil.copy(PACKAGE / "package.json", folder / "package.json")
    shutil.copy(PACKAGE / "package-lock.json", folder / "package-lock.json.new")
    (folder / "package-lock.json.new").replace(folder / "package-lock.json")
    words = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    try:
        done = subprocess.run(  # noqa: S603 - npm itself
            words,
            cwd=folder,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WorkerdError(f"npm ci took longer than {_INSTALL_SECONDS} s") from error
    if done.returncode:
        (folder / "package-lock.json").unlink()
        raise WorkerdError(f"npm ci failed: {(done.stderr or done.stdout).strip()[-500:]}")


@dataclass(slots=True)
class _Running:
    process: asyncio.subprocess.Process
    folder: tempfile.TemporaryDirectory[str]
    ports: dict[str, int] = field(default_factory=dict)


class Workerd:
    """The runtime; ``ports`` leads from each module's key to where it answers in clear."""

    def __init__(self, program: Callable[[], Path]) -> None:
        """``program`` is asked for when the first script comes."""
        self._program = program
        self._running: _Running | None = None
        self._alone = asyncio.Lock()

    @property
    def ports(self) -> Mapping[str, int]:
        """Where each module answers."""
        return self._running.ports if self._running else {}

    async def serve(self, modules: Mapping[str, str]) -> None:
        """Serve ``modules``, source by key, and nothing else; keys are of letters and digits.

        Raises:
            WorkerdError: one of them is no module; what was served is served on.
        """
        async with self._alone:
            if set(modules) == set(self.ports):
                return
            started = await self._start(modules) if modules else None
            before, self._running = self._running, started
            if before is not None:
                await _end(before)

    async def stop(self) -> None:
        """End the process."""
        async with self._alone:
            before, self._running = self._running, None
            if before is not None:
                await _end(before)

    async def _start(self, modules: Mapping[str, str]) -> _Running:
        program = await asyncio.to_thread(self._program)
        folder = tempfile.TemporaryDirectory(prefix="workerd-")
        for key, source in modules.items():
            (Path(folder.name) / f"{key}.js").write_text(source)
        (Path(folder.name) / "config.capnp").write_text(_config(list(modules)))
        process = await asyncio.create_subprocess_exec(
            str(program),
            "serve",
            "config.capnp",
            "--control-fd=1",
            cwd=folder.name,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        running = _Running(process, folder)
        try:
            async with asyncio.timeout(_START_SECONDS):
                while len(running.ports) < len(modules) and process.stdout:
                    line = await process.stdout.readline()
                    if not line:
                        break
                    event = json.loads(line)
                    running.ports[event["socket"]] = event["port"]
        except TimeoutError as error:
            await _end(running)
            raise WorkerdError("workerd does not start") from error
        if len(running.ports) < len(modules):
            said = await process.stderr.read(2000) if process.stderr else b""
            await _end(running)
            raise WorkerdError(said.decode("utf-8", "replace").strip() or "workerd has ended")
        return running


def _config(keys: list[str]) -> str:
    """The configuration: a service and a socket a module."""
    services = ", ".join(f'(name = "{key}", worker = .{key})' for key in keys)
    sockets = ", ".join(
        f'(name = "{key}", address = "127.0.0.1:0", service = "{key}", '
        'http = (forwardedProtoHeader = "X-Forwarded-Proto"))'
        for key in keys
    )
    workers = "\n".join(
        f'const {key} :Workerd.Worker = (compatibilityDate = "{COMPATIBILITY_DATE}", '
        f'modules = [(name = "{key}.js", esModule = embed "{key}.js")]);'
        for key in keys
    )
    return (
        'using Workerd = import "/workerd/workerd.capnp";\n'
        f"const config :Workerd.Config = (services = [{services}], sockets = [{sockets}]);\n"
        f"{workers}\n"
    )


async def _end(running: _Running) -> None:
    process = running.process
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.communicate()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
    running.folder.cleanup()
