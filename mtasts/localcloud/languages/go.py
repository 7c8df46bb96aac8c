"""``pulumi-language-go`` for an engine built from source: runs Go programs, and links SDKs.

A program is built and then started from the built file, not with ``go run``, so that the engine's
signals reach it. The file is kept, because Go builds only what has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtasts.localcloud.protocol import protocol_only

if __name__ == "__main__":
    protocol_only()

from mtasts.localcloud.cached_builds import BUILD_OPTIONS
from mtasts.localcloud.languages.host import Host, HostError, engine_address, serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# As with `go run`, the file has nothing for a debugger: linking takes two thirds of the time.
_OPTIONS = shlex.join((*BUILD_OPTIONS, "-ldflags=-s -w"))
# $0 is the go command, $1 the program's folder, $2 the built file.
_BUILD_AND_RUN = f'"$0" -C "$1" build {_OPTIONS} -o "$2" . && exec "$2"'
# The version that Go's commands write for a module that a folder replaces.
_NO_VERSION = "v0.0.0-00010101000000-000000000000"


class GoHost(Host):
    """The host for Go; it uses the machine's Go."""

    language = "go"

    def program_words(self, request: Any, /) -> tuple[list[str], dict[str, str]]:
        """Build the program, and replace the shell by it; Go's SDK reads these variables."""
        info = request.info
        words = ["/bin/sh", "-c", _BUILD_AND_RUN, _go(), info.program_directory]
        return [*words, str(_built(info.program_directory))], {
            "PULUMI_DRY_RUN": "true" if request.dryRun else "false",
            "PULUMI_ENGINE": engine_address(),
            "PULUMI_MONITOR": request.monitor_address,
            "PULUMI_ORGANIZATION": request.organization,
            "PULUMI_PARALLEL": str(request.parallel),
            "PULUMI_PROJECT": request.project,
            "PULUMI_ROOT_DIRECTORY": info.root_directory,
            "PULUMI_STACK": request.stack,
        }

    def install_words(self, _info: Any, /) -> Iterator[list[str]]:
        """Run ``go mod tidy``, which adds what the imports need to ``go.mod`` and ``go.sum``."""
        yield [_go(), "mod", "tidy"]

    def link(self, info: Any, folders: Sequence[str], /) -> str:
        """Add each SDK's module to ``go.mod``, replaced by its folder."""
        root = Path(info.program_directory)
        packages = []
        for each in folders:
            module = json.loads(_run(root / each, "mod", "edit", "-json"))["Module"]["Path"]
            ways = (f"-require={module}@{_NO_VERSION}", f"-replace={module}=./{each}")
            _run(root, "mod", "edit", *ways)
            names = sorted(mark.parent.name for mark in (root / each).glob("*/pulumi-plugin.json"))
            packages += [f'  import "{module}/{name}"\n' for name in names]
        return "".join(("You can import the SDK in your Go code with:\n\n", *packages))


def _go() -> str:
    found = shutil.which("go", path=os.environ.get("PATH"))
    if found is None:
        raise HostError("no go on PATH: install Go 1.25 or newer")
    return found


def _built(folder: str) -> Path:
    """The file for the built program of a folder; it is in ``PULUMI_HOME``, as plugins are."""
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    return home / "go-programs" / hashlib.sha256(folder.encode()).hexdigest()[:16]


def _run(folder: Path, *words: str) -> str:
    done = subprocess.run(  # noqa: S603 - the machine's own Go
        [_go(), *words], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise HostError(f"go {' '.join(words)} failed in {folder}: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    serve(GoHost)
