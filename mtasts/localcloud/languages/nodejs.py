"""``pulumi-language-nodejs`` for an engine built from source: TypeScript and JavaScript programs.

As Pulumi's own host does, it runs programs through ``cmd/run`` of the package ``@pulumi/pulumi``
that the program depends on.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtasts.localcloud.protocol import protocol_only

if __name__ == "__main__":
    protocol_only()

from mtasts.localcloud.languages.host import Host, HostError, engine_address, serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WATCH = Path(__file__).with_name("parent_watch.cjs")
_RUN = Path("node_modules", "@pulumi", "pulumi", "cmd", "run")
_QUIET = ("--no-audit", "--no-fund", "--loglevel", "error")


class NodeHost(Host):
    """The host for TypeScript and JavaScript; it uses the machine's Node."""

    language = "nodejs"

    def program_words(self, request: Any, /) -> tuple[list[str], dict[str, str]]:
        """Run the program with its installed SDK; as TypeScript, unless an option turns it off."""
        info = request.info
        options = dict(info.options)
        words = [
            _command("node"),
            *str(options.get("nodeargs", "")).split(),
            str(_run_script(Path(info.program_directory))),
            *("--monitor", request.monitor_address, "--engine", engine_address()),
            *("--organization", request.organization, "--project", request.project),
            *("--stack", request.stack, "--root-directory", info.root_directory),
            *("--pwd", request.pwd, "--parallel", str(request.parallel)),
            *(["--dry-run"] if request.dryRun else []),
            info.entry_point,
            *request.args,
        ]
        typescript = "false" if options.get("typescript") is False else "true"
        # In NODE_OPTIONS, because with --require on the command line the SDK does not prepare for
        # ES modules.
        node_options = f'{os.environ.get("NODE_OPTIONS", "")} --require "{_WATCH}"'.strip()
        return words, {"PULUMI_NODEJS_TYPESCRIPT": typescript, "NODE_OPTIONS": node_options}

    def install_words(self, _info: Any, /) -> Iterator[list[str]]:
        """``npm install``, as Pulumi's own host runs it.

        ``npm ci`` refuses a lock file that lacks a package, as it does after
        ``pulumi package add``.
        """
        yield [_command("npm"), "install", *_QUIET]

    def link(self, info: Any, folders: Sequence[str], /) -> str:
        """Add the folders to the dependencies in ``package.json``."""
        root = Path(info.program_directory)
        file = root / "package.json"
        found = json.loads(file.read_text())
        names = [json.loads((root / each / file.name).read_text())["name"] for each in folders]
        wanted = {name: f"file:{each}" for name, each in zip(names, folders, strict=True)}
        dependencies = found.get("dependencies", {}) | wanted
        if dependencies != found.get("dependencies"):
            found["dependencies"] = dependencies
            file.write_text(json.dumps(found, indent=2) + "\n")
        imports = [f'  import * as {name.rpartition("/")[2]} from "{name}";\n' for name in names]
        return "".join(("You can import the SDK in your TypeScript code with:\n\n", *imports))


def _command(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH"))
    if found is None:
        raise HostError(f"no {name} on PATH: install Node 20 or newer")
    return found


def _run_script(folder: Path) -> Path:
    """The SDK's entry point, in the folder or one above it, as Node looks for packages.

    Raises:
        HostError: the SDK is not installed.
    """
    for each in (folder, *folder.parents):
        if (each / _RUN).is_dir():
            return each / _RUN
    raise HostError(f"@pulumi/pulumi is not installed in {folder}: run pulumi install")


if __name__ == "__main__":
    serve(NodeHost)
