"""``pulumi-language-python`` for an engine built from source.

Pulumi's own host for Python cannot be built from Go modules, so this takes its place.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtasts.localcloud import lifetime, warm
from mtasts.localcloud.languages.names import EXEC_SCRIPT
from mtasts.localcloud.protocol import protocol_only

if __name__ == "__main__":
    protocol_only()

from mtasts.localcloud.languages.host import Children, Host, HostError, engine_address, serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ENVIRONMENT = Path(sys.prefix).resolve()
_REQUIREMENTS = "requirements.txt"
_MARK = "*/pulumi-plugin.json"  # each generated SDK has this file in its Python package
_INSTALL = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", _REQUIREMENTS)


def interpreter(root: str, options: dict[str, Any]) -> str:
    """The Python of the project's ``virtualenv`` option, or this host's own without that option.

    Raises:
        HostError: the virtual environment does not exist.
    """
    environment = options.get("virtualenv")
    if not environment:
        return sys.executable
    python = _python_of(root, environment)
    if not python.exists():
        raise HostError(
            f"the virtual environment {python.parent.parent} is missing: run pulumi install, or "
            "make setup in a clone of this repository"
        )
    return str(python)


def _python_of(root: str, environment: object) -> Path:
    return Path(root, str(environment), "bin", "python")


def _is_own(python: str) -> bool:
    """Whether an interpreter is this host's own, by whichever path to its environment."""
    return python == sys.executable or Path(python).parents[1].resolve() == _ENVIRONMENT


class PythonHost(Host):
    """The host for Python; it runs programs through the SDK's own script."""

    language = "python"

    def __init__(self, exec_script: str, children: Children) -> None:
        """Run programs through ``exec_script``, the SDK's ``pulumi-language-python-exec``."""
        super().__init__(children)
        self._exec_script = exec_script

    def program_words(self, request: Any, /) -> tuple[list[str], dict[str, str]]:
        """Run the script in the project's virtual environment, ended with this host."""
        info = request.info
        words = [
            *self._python(info),
            "-u",
            str(Path(lifetime.__file__)),
            self._exec_script,
            *("--monitor", request.monitor_address, "--engine", engine_address()),
            *("--project", request.project, "--stack", request.stack),
            *("--pwd", request.pwd, "--organization", request.organization),
            *("--root_directory", info.root_directory),
            *("--dry_run", "true" if request.dryRun else "false"),
            *("--parallel", str(request.parallel), "--tracing", ""),
            str(Path(info.program_directory, info.entry_point)),
            *request.args,
        ]
        return words, {}

    def plugin_words(self, info: Any, /) -> list[str]:
        """Run the ``__main__.py`` of the plugin's folder, ended with this host."""
        return [*self._python(info), "-u", str(Path(lifetime.__file__)), info.program_directory]

    def install_words(self, info: Any, /) -> Iterator[list[str]]:
        """Make the virtual environment if it is missing, and install ``requirements.txt``."""
        options = dict(info.options)
        environment = options.get("virtualenv")
        python = sys.executable
        if environment:
            python = str(_python_of(info.root_directory, environment))
            if not Path(python).exists():
                folder = str(Path(info.root_directory, str(environment)))
                yield [sys.executable, "-m", "venv", folder]
        if Path(info.program_directory, _REQUIREMENTS).exists():
            yield [python, *_INSTALL]

    def link(self, info: Any, folders: Sequence[str], /) -> str:
        """Add each folder to ``requirements.txt``, unless it is in the file."""
        root = Path(info.program_directory)
        file = root / _REQUIREMENTS
        lines = file.read_text().splitlines() if file.exists() else []
        lines += [each for each in folders if each not in lines]
        file.write_text("".join(f"{line}\n" for line in lines))
        marks = [mark for each in folders for mark in sorted((root / each).glob(_MARK))]
        imports = [f"  import {mark.parent.name}\n" for mark in marks]
        return "".join(("You can import the SDK in your Python code with:\n\n", *imports))

    @staticmethod
    def _python(info: Any) -> list[str]:
        python = interpreter(info.root_directory, dict(info.options))
        return warm.words((), os.environ) if _is_own(python) else [python]


def main() -> None:
    """Serve until a signal or the end of the engine."""
    serve(lambda children: PythonHost(os.environ[EXEC_SCRIPT], children))


if __name__ == "__main__":
    main()
