"""The real Pulumi engine: found on PATH, fetched as the official release, or built with Go."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.errors import MtaStsError, UsageError
from mtasts.localcloud.downloads import DownloadError, fetch_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BUILT_VERSION = "3.259.0"
RELEASE_VERSION = "3.272.0"
OLDEST = (3, 238)
FORCE = "MTASTS_ENGINE"
# Tells our language host where the SDK's script lies that runs programs.
EXEC_SCRIPT = "MTASTS_LANGUAGE_EXEC"
MODULE = Path(__file__).with_name("engine_module")
_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_EXEC = "pulumi-language-python-exec"
_BUILD_SECONDS = 30 * 60
_QUICK_SECONDS = 20


class EngineError(MtaStsError):
    """No engine can be had one way, or any way; the text says why."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that can be run. ``exec_script`` is set where it needs our language host."""

    binary: Path
    version: str
    source: str
    exec_script: Path | None = None


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where engines are kept between checkouts."""
    home = Path(environment.get("HOME") or Path.home())
    base = home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
    return Path(environment.get("XDG_CACHE_HOME") or base) / "mtasts" / "engine"


def find(
    environment: Mapping[str, str],
    say: Callable[[str], None],
    fetch: Callable[[str, Path], None] = fetch_engine,
) -> Engine:
    """An engine, in the order path, release, build; `MTASTS_ENGINE` forces one of them.

    ``say`` is told what takes long; ``fetch`` puts the release of a version into a folder.

    Raises:
        EngineError: none of the ways works; the message lists them all.
        UsageError: the variable names no way.
    """
    ways: dict[str, Callable[[Mapping[str, str], Callable[[str], None]], Engine]] = {
        "path": on_path,
        "release": partial(released, fetch=fetch),
        "build": built,
    }
    forced = environment.get(FORCE)
    if forced and forced not in ways:
        raise UsageError(f"{FORCE}={forced}: write one of {', '.join(ways)}")
    failures: list[str] = []
    # A cached engine costs nothing; only when there is none is it worth asking the network.
    cached = [way for way in ("release", "build") if _manifest(environment, way).exists()]
    order = [forced] if forced else list(dict.fromkeys(["path", *cached, *ways]))
    for way in order:
        try:
            return ways[way](environment, say)
        except EngineError as error:
            failures.append(f"  {way}: {error}")
    raise EngineError(
        "no Pulumi engine could be had:\n" + "\n".join(failures) + "\nInstall Pulumi "
        f"{OLDEST[0]}.{OLDEST[1]} or newer with its Python host, or Go 1.26, and try again"
    )


def on_path(environment: Mapping[str, str], _say: Callable[[str], None]) -> Engine:
    """The engine that the user has installed, if it is new enough and complete."""
    path = environment.get("PATH", "")
    binary = shutil.which("pulumi", path=path)
    if binary is None:
        raise EngineError("no pulumi on PATH")
    folder = Path(binary).resolve().parent
    if shutil.which("pulumi-language-python", path=f"{folder}{os.pathsep}{path}") is None:
        raise EngineError(f"{binary} has no pulumi-language-python beside it")
    clean = {"PATH": path, "PULUMI_SKIP_UPDATE_CHECK": "true", "HOME": environment.get("HOME", "/")}
    text = _run([binary, "version"], seconds=_QUICK_SECONDS, environment=clean)
    number = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+\S*)\s*", text)
    if number is None:
        raise EngineError(f"{binary} does not say its version")
    if (int(number[1]), int(number[2])) < OLDEST:
        raise EngineError(f"{binary} is {text.strip()}; {OLDEST[0]}.{OLDEST[1]} is needed")
    return Engine(Path(binary), text.strip().removeprefix("v"), "path")


def released(
    environment: Mapping[str, str],
    say: Callable[[str], None],
    fetch: Callable[[str, Path], None] = fetch_engine,
) -> Engine:
    """The official release, if its sha256 sum is the pinned one (`mtasts.localcloud.downloads`)."""
    folder = _folder(environment, "release")
    binary = folder / "bin" / "pulumi"

    def install(target: Path) -> Engine:
        try:
            with _progress(say, f"fetching Pulumi {RELEASE_VERSION}"):
                fetch(RELEASE_VERSION, target)
        except DownloadError as error:
            raise EngineError(str(error)) from error
        return Engine(binary, RELEASE_VERSION, "release")

    return _cached(environment, "release", install)


def built(environment: Mapping[str, str], say: Callable[[str], None]) -> Engine:
    """The engine built from its Go modules, as `engine_module/go.sum` pins them."""
    folder = _folder(environment, "build")

    def build(target: Path) -> Engine:
        go = shutil.which("go", path=environment.get("PATH", ""))
        if go is None:
            raise EngineError("no go on PATH")
        (target / "bin").mkdir()
        flags = f"-s -w -X {_SDK}/go/common/version.Version={BUILT_VERSION}"
        words = [go, "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", flags]
        with _progress(say, f"building Pulumi {BUILT_VERSION} with Go (some minutes, once)"):
            _run(
                [*words, "-o", str(target / "bin" / "pulumi"), _PACKAGE],
                seconds=_BUILD_SECONDS,
                environment=dict(environment),
                folder=MODULE,
            )
        source = _run(
            [go, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", _SDK],
            seconds=_QUICK_SECONDS,
            environment=dict(environment),
            folder=MODULE,
        ).strip()
        shutil.copyfile(Path(source, "python", "cmd", _EXEC), target / _EXEC)
        return Engine(folder / "bin" / "pulumi", BUILT_VERSION, "build", folder / _EXEC)

    return _cached(environment, "build", build)


def _folder(environment: Mapping[str, str], way: str) -> Path:
    version = RELEASE_VERSION if way == "release" else BUILT_VERSION
    return cache_folder(environment) / f"{way}-{version}"


def _manifest(environment: Mapping[str, str], way: str) -> Path:
    return _folder(environment, way) / "engine.json"


def _cached(environment: Mapping[str, str], way: str, make: Callable[[Path], Engine]) -> Engine:
    """The engine that an earlier run made, or a new one: made aside, then put in place whole."""
    folder, manifest = _folder(environment, way), _manifest(environment, way)
    if not manifest.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_suffix(".lock")):
            if not manifest.exists():
                aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
                try:
                    engine = make(aside)
                    # No paths: a cache folder may be moved, or restored elsewhere by CI.
                    row = {"version": engine.version, "own_host": engine.exec_script is None}
                    (aside / manifest.name).write_text(json.dumps(row) + "\n")
                    shutil.rmtree(folder, ignore_errors=True)
                    aside.rename(folder)
                finally:
                    shutil.rmtree(aside, ignore_errors=True)
    row = json.loads(manifest.read_text())
    script = None if row["own_host"] else folder / _EXEC
    return Engine(folder / "bin" / "pulumi", row["version"], way, script)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file; the system gives it up when its holder ends."""
    with path.open("w") as file:
        deadline = time.monotonic() + _BUILD_SECONDS
        pause = threading.Event()
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EngineError(f"another process still holds {path}") from None
                pause.wait(0.5)
        yield


@contextmanager
def _progress(say: Callable[[str], None], what: str) -> Iterator[None]:
    """Say ``what`` at once and then every 15 seconds until it is done."""
    started = time.monotonic()
    done = threading.Event()

    def repeat() -> None:
        while not done.wait(15):
            say(f"{what}: {time.monotonic() - started:.0f} s")

    say(what)
    teller = threading.Thread(target=repeat, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _run(
    words: list[str], *, seconds: float, environment: dict[str, str], folder: Path | None = None
) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the words are this module's own
            words,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{Path(words[0]).name} took longer than {seconds:g} s") from error
    except OSError as error:
        raise EngineError(f"{words[0]} does not run: {error.strerror}") from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no word of why"]
        raise EngineError(f"{Path(words[0]).name} failed: {lines[-1]}")
    return done.stdout
