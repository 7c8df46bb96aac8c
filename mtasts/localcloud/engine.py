"""The real Pulumi engine: found on PATH, downloaded as the official release, or built with Go."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.errors import MtaStsError, UsageError
from mtasts.localcloud.cached_builds import (
    QUICK_SECONDS,
    BuildError,
    find_go,
    go_build,
    kept,
    progress,
    run,
)
from mtasts.localcloud.downloads import DownloadError, fetch_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BUILT_VERSION = "3.259.0"
RELEASE_VERSION = "3.272.0"
OLDEST = (3, 238)
FORCE = "MTASTS_ENGINE"
MODULE = Path(__file__).with_name("engine_module")
_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_EXEC = "pulumi-language-python-exec"
_MANIFEST = "engine.json"


class EngineError(MtaStsError):
    """No way to an engine worked; the text has the reason of each."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that can be run.

    ``source`` is ``path``, ``release`` or ``build``. ``exec_script`` is set for an engine without a
    language host for Python: the local cloud's own host runs programs with that script.
    """

    binary: Path
    version: str
    source: str
    exec_script: Path | None = None


def cache_folder(environment: Mapping[str, str]) -> Path:
    """The folder for downloaded and built engines, which all checkouts share."""
    home = Path(environment.get("HOME") or Path.home())
    base = home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
    return Path(environment.get("XDG_CACHE_HOME") or base) / "mtasts" / "engine"


def find(
    environment: Mapping[str, str],
    say: Callable[[str], None],
    fetch: Callable[[str, Path], None] = fetch_engine,
) -> Engine:
    """An engine: the first that works of path, release and build.

    The variable ``MTASTS_ENGINE`` of ``environment`` forces one of them. ``say`` gets lines of
    progress; ``fetch`` downloads the release of a version into a folder.

    Raises:
        EngineError: no way works; the text has the reason of each.
        UsageError: ``MTASTS_ENGINE`` has another value than ``path``, ``release`` or ``build``.
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
    # An engine that is in the cache needs no network, so it comes before a download.
    cached = [
        way for way in ("release", "build") if (_folder(environment, way) / _MANIFEST).exists()
    ]
    order = [forced] if forced else list(dict.fromkeys(["path", *cached, *ways]))
    for way in order:
        try:
            return ways[way](environment, say)
        except BuildError as error:
            failures.append(f"  {way}: {error}")
    raise EngineError(
        "no Pulumi engine could be found, downloaded or built:\n"
        + "\n".join(failures)
        + "\nInstall Pulumi "
        f"{OLDEST[0]}.{OLDEST[1]} or newer with its Python host, or Go 1.26, and try again"
    )


def on_path(environment: Mapping[str, str], _say: Callable[[str], None]) -> Engine:
    """The engine that is on PATH.

    Raises:
        BuildError: there is none, it has no language host for Python, or it is too old.
    """
    path = environment.get("PATH", "")
    binary = shutil.which("pulumi", path=path)
    if binary is None:
        raise BuildError("no pulumi on PATH")
    folder = Path(binary).resolve().parent
    if shutil.which("pulumi-language-python", path=f"{folder}{os.pathsep}{path}") is None:
        raise BuildError(f"{binary} has no pulumi-language-python in its folder")
    clean = {"PATH": path, "PULUMI_SKIP_UPDATE_CHECK": "true", "HOME": environment.get("HOME", "/")}
    text = run([binary, "version"], clean, seconds=QUICK_SECONDS)
    number = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+\S*)\s*", text)
    if number is None:
        raise BuildError(f"{binary} does not print its version")
    if (int(number[1]), int(number[2])) < OLDEST:
        raise BuildError(f"{binary} is {text.strip()}; {OLDEST[0]}.{OLDEST[1]} is needed")
    return Engine(Path(binary), text.strip().removeprefix("v"), "path")


def released(
    environment: Mapping[str, str],
    say: Callable[[str], None],
    fetch: Callable[[str, Path], None] = fetch_engine,
) -> Engine:
    """The official release, from the cache or downloaded (`mtasts.localcloud.downloads`).

    Raises:
        BuildError: it could not be downloaded, or its sha256 sum is not pinned or another one.
    """
    folder = _folder(environment, "release")
    binary = folder / "bin" / "pulumi"

    def install(target: Path) -> Engine:
        try:
            with progress(say, f"downloading Pulumi {RELEASE_VERSION}"):
                fetch(RELEASE_VERSION, target)
        except DownloadError as error:
            raise BuildError(str(error)) from error
        return Engine(binary, RELEASE_VERSION, "release")

    return _cached(environment, "release", install)


def built(environment: Mapping[str, str], say: Callable[[str], None]) -> Engine:
    """The engine built from its Go modules, which ``engine_module/go.sum`` pins.

    Raises:
        BuildError: there is no Go on PATH, or the build fails.
    """
    folder = _folder(environment, "build")

    def build(target: Path) -> Engine:
        (target / "bin").mkdir()
        version = f"-X {_SDK}/go/common/version.Version={BUILT_VERSION}"
        with progress(say, f"building Pulumi {BUILT_VERSION} with Go (some minutes, once)"):
            go_build(environment, MODULE, _PACKAGE, target / "bin" / "pulumi", version)
        words = [find_go(environment), "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", _SDK]
        source = run(words, environment, seconds=QUICK_SECONDS, folder=MODULE).strip()
        shutil.copyfile(Path(source, "python", "cmd", _EXEC), target / _EXEC)
        return Engine(folder / "bin" / "pulumi", BUILT_VERSION, "build", folder / _EXEC)

    return _cached(environment, "build", build)


def _folder(environment: Mapping[str, str], way: str) -> Path:
    version = RELEASE_VERSION if way == "release" else BUILT_VERSION
    return cache_folder(environment) / f"{way}-{version}"


def _cached(environment: Mapping[str, str], way: str, make: Callable[[Path], Engine]) -> Engine:
    """The engine that an earlier run put into the cache, or the one that ``make`` makes now."""

    def make_whole(target: Path) -> None:
        engine = make(target)
        # No paths: a cache folder may be moved, or restored elsewhere by CI.
        row = {"version": engine.version, "own_host": engine.exec_script is None}
        (target / _MANIFEST).write_text(json.dumps(row) + "\n")

    folder = kept(_folder(environment, way), _MANIFEST, make_whole)
    row = json.loads((folder / _MANIFEST).read_text())
    script = None if row["own_host"] else folder / _EXEC
    return Engine(folder / "bin" / "pulumi", row["version"], way, script)
