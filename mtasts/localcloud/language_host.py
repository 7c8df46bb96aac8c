"""``pulumi-language-python`` for an engine built from source, whose own host is no Go module.

The engine starts it, reads the port from its first line and asks it to run programs. It ends on
SIGINT and SIGTERM at once, its program with it: a host that lingers holds the engine's pipes open.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

from mtasts.localcloud import lifetime, warm
from mtasts.localcloud.engine import EXEC_SCRIPT
from mtasts.localcloud.protocol import protocol_only

if __name__ == "__main__":
    protocol_only()

from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

_ALREADY_SHOWN = 32  # the exec script's code for an error that the user has seen


class ProgramError(Exception):
    """A program cannot be started; the text says what the project must say instead."""


def interpreter(root: str, options: dict[str, Any]) -> str:
    """The Python of the project's ``virtualenv`` option, otherwise this host's own.

    Raises:
        ProgramError: the virtual environment is not there.
    """
    environment = options.get("virtualenv")
    if not environment:
        return sys.executable
    python = Path(root, str(environment), "bin", "python")
    if not python.exists():
        raise ProgramError(f"the virtual environment {python.parent.parent} is missing: make setup")
    return str(python)


class Children:
    """The processes of this host, so that none is left behind."""

    def __init__(self) -> None:
        """Start with none."""
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()

    def start(
        self, words: Sequence[str], **options: Any
    ) -> subprocess.Popen[bytes]:  # Popen's options
        """Start a child under ``lifetime``."""
        with self._lock:
            child = subprocess.Popen(words, **options)  # noqa: S603 - the engine's own program
            self._running.add(child)
            return child

    def done(self, child: subprocess.Popen[bytes]) -> None:
        """Forget a child that has ended."""
        with self._lock:
            self._running.discard(child)

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Kill every child and end this process."""
        for child in tuple(self._running):
            child.kill()
        os._exit(0)


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """What the engine asks of a language; the names of the methods are the protocol's."""

    def __init__(self, exec_script: str, children: Children) -> None:
        """Run programs through ``exec_script``, the SDK's ``pulumi-language-python-exec``."""
        self._exec_script = exec_script
        self._children = children

    def Handshake(self, _request: Any, _context: Any) -> Any:  # gRPC's
        """Nothing to agree on."""
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # gRPC's
        """The host has no version of its own."""
        return plugin_pb2.PluginInfo(version="0.0.0")

    def GetRequiredPackages(self, _request: Any, _context: Any) -> Any:  # gRPC's
        """Plugins are found when a resource needs them."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, _request: Any, _context: Any) -> Any:  # gRPC's
        """As `GetRequiredPackages`."""
        return language_pb2.GetRequiredPluginsResponse()

    def GetProgramDependencies(self, _request: Any, _context: Any) -> Any:  # gRPC's
        """The lock file says it; the engine need not."""
        return language_pb2.GetProgramDependenciesResponse()

    def Cancel(self, _request: Any, _context: Any) -> Any:  # gRPC's
        """The engine goes on to stop the program by signal."""
        return empty_pb2.Empty()

    def Run(self, request: Any, _context: Any) -> Any:  # gRPC's
        """Run the program to its end."""
        info = request.info
        try:
            python = interpreter(info.root_directory, dict(info.options))
        except ProgramError as error:
            return language_pb2.RunResponse(error=str(error))
        words = [
            *([python] if python != sys.executable else warm.words((), os.environ)),
            "-u",
            str(Path(lifetime.__file__)),
            self._exec_script,
            *("--monitor", request.monitor_address, "--engine", _engine_address()),
            *("--project", request.project, "--stack", request.stack),
            *("--pwd", request.pwd, "--organization", request.organization),
            *("--root_directory", info.root_directory),
            *("--dry_run", "true" if request.dryRun else "false"),
            *("--parallel", str(request.parallel), "--tracing", ""),
            str(Path(info.program_directory, info.entry_point)),
            *request.args,
        ]
        environment = os.environ | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        child = self._children.start(words, cwd=request.pwd, env=environment)
        code = child.wait()
        self._children.done(child)
        if code == _ALREADY_SHOWN:
            return language_pb2.RunResponse(bail=True)
        failure = f"the program ended with code {code}" if code else ""
        return language_pb2.RunResponse(error=failure)

    def RunPlugin(self, request: Any, _context: Any) -> Iterator[Any]:  # gRPC's
        """Run a plugin written in Python (a policy pack) and stream what it prints."""
        info = request.info
        python = interpreter(info.root_directory, dict(info.options))
        environment = dict(entry.partition("=")[::2] for entry in request.env)
        child = self._children.start(
            [python, "-u", info.program_directory, *request.args],
            cwd=request.pwd,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
        )
        if child.stdout is not None:
            while chunk := child.stdout.readline():
                yield language_pb2.RunPluginResponse(stdout=chunk)
        code = child.wait()
        self._children.done(child)
        yield language_pb2.RunPluginResponse(exitcode=code)


def _engine_address() -> str:
    """The engine gives its address as the last word of the command line."""
    return sys.argv[-1]


def main() -> None:
    """Serve until told to stop."""
    lifetime.die_with_parent()
    children = Children()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, children.stop)
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    host = LanguageHost(os.environ[EXEC_SCRIPT], children)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
