"""workerd, Cloudflare's own runtime of Workers: installed from npm by a lock file, and run.

One process runs all uploads. Each listens on two ports of its own, for requests and for mail. A
change starts a new process; the old one ends when the new one listens.
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
from mtasts.localcloud.cloudflare.bindings import R2Binding, quoted, service
from mtasts.localcloud.cloudflare.r2_binding import BUCKET_HEADER
from mtasts.localcloud.engine import cache_folder
from mtasts.render.worker import COMPATIBILITY_DATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mtasts.localcloud.cloudflare.bindings import Worker

PACKAGE = Path(__file__).with_name("workerd")
_OURS = ("entry.js", "ratelimit.js")
_INSTALL_SECONDS = 5 * 60
_START_SECONDS = 20.0
_STOP_SECONDS = 2.0


class WorkerdError(MtaStsError):
    """workerd cannot be installed or started, or refuses a script; the text says why."""


def find(environment: Mapping[str, str], say: Callable[[str], None]) -> Path:
    """The path of workerd; installs it with npm into the cache folder if it is missing.

    Blocks for up to five minutes. ``say`` gets a line if it is installed.

    Raises:
        WorkerdError: it cannot be installed on this machine.
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
        raise WorkerdError(f"npm installed no workerd for this machine's processor in {folder}")
    return found


def _binary(folder: Path) -> Path | None:
    return next(folder.glob("node_modules/@cloudflare/workerd-*/bin/workerd"), None)


def _install(folder: Path, environment: Mapping[str, str]) -> None:
    npm = shutil.which("npm", path=environment.get("PATH", os.defpath))
    if npm is None:
        raise WorkerdError("no npm on PATH, which installs workerd: install Node 20 or newer")
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
    mail_ports: dict[str, int] = field(default_factory=dict)


class Workerd:
    """The workerd process, which is started again for each change of Workers."""

    def __init__(self, program: Callable[[], Path], r2: Callable[[], str] = str) -> None:
        """Prepare, without starting a process.

        ``program()`` is the path of workerd, and ``r2()`` the address of `R2Server`; both are
        called at each start.
        """
        self._program = program
        self._r2 = r2
        self._running: _Running | None = None
        self._alone = asyncio.Lock()

    @property
    def ports(self) -> Mapping[str, int]:
        """The loopback ports for requests (HTTP without TLS), by the key of the Worker."""
        return self._running.ports if self._running else {}

    @property
    def mail_ports(self) -> Mapping[str, int]:
        """The loopback ports for mail (the protocol of ``workerd/entry.js``), by key."""
        return self._running.mail_ports if self._running else {}

    async def serve(self, workers: Mapping[str, Worker]) -> None:
        """Run exactly these Workers, by key; a key consists of letters and digits.

        Raises:
            WorkerdError: workerd cannot be installed or started, or refuses a module. The Workers
                that ran before still run.
        """
        async with self._alone:
            if set(workers) == set(self.ports):
                return
            started = await self._start(workers) if workers else None
            before, self._running = self._running, started
            if before is not None:
                await _end(before)

    async def stop(self) -> None:
        """End the process, if one runs."""
        async with self._alone:
            before, self._running = self._running, None
            if before is not None:
                await _end(before)

    async def _start(self, workers: Mapping[str, Worker]) -> _Running:
        program = await asyncio.to_thread(self._program)
        folder = tempfile.TemporaryDirectory(prefix="workerd-")
        for name in _OURS:
            shutil.copy(PACKAGE / name, folder.name)
        for key, worker in workers.items():
            (Path(folder.name) / f"{key}.js").write_text(worker.source)
        (Path(folder.name) / "config.capnp").write_text(_config(workers, self._r2()))
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
                while not _listens(running, workers) and process.stdout:
                    line = await process.stdout.readline()
                    if not line:
                        break
                    event = json.loads(line)
                    key, _, mail = event["socket"].partition("/")
                    (running.mail_ports if mail else running.ports)[key] = event["port"]
        except TimeoutError as error:
            await _end(running)
            raise WorkerdError("workerd does not start") from error
        if not _listens(running, workers):
            output = await process.stderr.read(2000) if process.stderr else b""
            await _end(running)
            raise WorkerdError(output.decode("utf-8", "replace").strip() or "workerd has ended")
        return running


def _listens(running: _Running, workers: Mapping[str, Worker]) -> bool:
    return set(workers) == set(running.ports) == set(running.mail_ports)


def _config(workers: Mapping[str, Worker], r2: str) -> str:
    """The configuration: a service and two sockets for each Worker, and a service a bucket."""
    services = [f'(name = "{key}", worker = .{key})' for key in workers]
    services += [_bucket(each, r2) for each in sorted(_buckets(workers.values()))]
    sockets = [
        f'(name = "{key}{socket}", address = "127.0.0.1:0", '
        f'service = (name = "{key}"{entrypoint}), '
        'http = (forwardedProtoHeader = "X-Forwarded-Proto"))'
        for key in workers
        for socket, entrypoint in (("", ""), ("/mail", ', entrypoint = "mail"'))
    ]
    return (
        'using Workerd = import "/workerd/workerd.capnp";\n'
        f"const config :Workerd.Config = (services = [{', '.join(services)}], "
        f"sockets = [{', '.join(sockets)}], extensions = [(modules = [(name = "
        '"local:ratelimit", internal = true, esModule = embed "ratelimit.js")])]);\n'
        + "".join(_worker(key, worker) for key, worker in workers.items())
    )


def _worker(key: str, worker: Worker) -> str:
    bindings = ", ".join(each.configured() for each in worker.bindings)
    return (
        f'const {key} :Workerd.Worker = (compatibilityDate = "{COMPATIBILITY_DATE}", '
        'modules = [(name = "entry.js", esModule = embed "entry.js"), '
        f'(name = "worker.js", esModule = embed "{key}.js")], bindings = [{bindings}]);\n'
    )


def _buckets(workers: Iterable[Worker]) -> set[str]:
    bindings = [each for worker in workers for each in worker.bindings]
    return {each.bucket for each in bindings if isinstance(each, R2Binding)}


def _bucket(name: str, r2: str) -> str:
    header = f'(name = "{BUCKET_HEADER}", value = {quoted(name)})'
    return (
        f"(name = {quoted(service(name))}, external = (address = {quoted(r2)}, "
        f"http = (injectRequestHeaders = [{header}])))"
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
