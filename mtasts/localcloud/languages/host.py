"""The base class of language hosts, and the server that the engine calls (``language.proto``).

The engine starts a host, reads the port from the first line that it prints, and calls it to run
programs and plugins, to install what they need, and to generate SDKs. On SIGINT and SIGTERM a host
kills its children and ends at once: a process that is left keeps the engine's pipes open, and the
engine waits for it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from mtasts.localcloud import lifetime
from mtasts.localcloud.languages.names import GENERATOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

_END_SECONDS = 1.0
_ALREADY_SHOWN = 32  # the exit code with which Pulumi's SDKs say that they printed the error


class HostError(Exception):
    """A host cannot do what the engine asks; the text says what the user has to do first."""


class Children:
    """The child processes of a host, so that `stop` can end them all."""

    def __init__(self) -> None:
        """Begin without children."""
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()

    def start(
        self, words: Sequence[str], **options: Any
    ) -> subprocess.Popen[bytes]:  # Popen's options
        """Start a child; `stop` kills it."""
        with self._lock:
            child = subprocess.Popen(words, **options)  # noqa: S603 - the engine's own program
            self._running.add(child)
            return child

    def done(self, child: subprocess.Popen[bytes]) -> int:
        """Wait for a child to end, and return its exit code."""
        code = child.wait()
        with self._lock:
            self._running.discard(child)
        return code

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Kill every child, wait up to a second for each, and end this process (signal handler)."""
        children = tuple(self._running)
        for child in children:
            child.kill()
        for child in children:
            with suppress(subprocess.TimeoutExpired):
                child.wait(_END_SECONDS)
        os._exit(0)


class Host(language_pb2_grpc.LanguageRuntimeServicer, ABC):
    """A language host; a subclass for each language has the command lines.

    A method of a subclass raises `HostError` if something is missing on the machine.
    """

    language = ""

    def __init__(self, children: Children) -> None:
        """Start processes through ``children``."""
        self._children = children

    @abstractmethod
    def program_words(self, _request: Any, /) -> tuple[list[str], dict[str, str]]:
        """The command line that runs a program, and further variables for its environment."""

    def plugin_words(self, _info: Any, /) -> list[str]:
        """The command line that runs a plugin; the engine's arguments are added to it."""
        raise HostError(f"the local cloud's language host does not run plugins in {self.language}")

    @abstractmethod
    def install_words(self, _info: Any, /) -> Iterator[list[str]]:
        """The commands, in their order, that install what a program or plugin needs."""

    @abstractmethod
    def link(self, _info: Any, _folders: Sequence[str], /) -> str:
        """Add generated SDKs, by their folders, to a program's dependencies.

        Returns the text that tells the user how to import them.
        """

    def Handshake(self, _request: Any, _context: Any) -> Any:  # gRPC's
        """No-op: host and engine have nothing to agree on."""
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # gRPC's
        """The version 0.0.0: the host has none of its own."""
        return plugin_pb2.PluginInfo(version="0.0.0")

    def GetRequiredPackages(self, _request: Any, _context: Any) -> Any:  # gRPC's
        """None: the engine finds a plugin when a resource needs it."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, _request: Any, _context: Any) -> Any:  # gRPC's
        """None, as `GetRequiredPackages`."""
        return language_pb2.GetRequiredPluginsResponse()

    def GetProgramDependencies(self, _request: Any, _context: Any) -> Any:  # gRPC's
        """None: the engine only shows them in ``pulumi about``."""
        return language_pb2.GetProgramDependenciesResponse()

    def Cancel(self, _request: Any, _context: Any) -> Any:  # gRPC's
        """No-op: the engine also stops the program by a signal."""
        return empty_pb2.Empty()

    def Run(self, request: Any, _context: Any) -> Any:  # gRPC's
        """Run the program until it ends."""
        try:
            words, variables = self.program_words(request)
        except HostError as error:
            return language_pb2.RunResponse(error=str(error))
        environment = os.environ | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        child = self._children.start(words, cwd=request.pwd, env=environment | variables)
        code = self._children.done(child)
        if code == _ALREADY_SHOWN:
            return language_pb2.RunResponse(bail=True)
        failure = f"the program ended with code {code}" if code else ""
        return language_pb2.RunResponse(error=failure)

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:  # gRPC's
        """Run a plugin in this language (components, a policy pack), and stream its output."""
        with _refusals(context):
            words = self.plugin_words(request.info)
        environment = dict(entry.partition("=")[::2] for entry in request.env)
        child = self._children.start(
            [*words, *request.args],
            cwd=request.pwd,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
        )
        # The engine ends a plugin by ending this call.
        if not context.add_callback(child.kill):
            child.kill()
        for line in _lines(child):
            yield language_pb2.RunPluginResponse(stdout=line)
        yield language_pb2.RunPluginResponse(exitcode=self._children.done(child))

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:  # gRPC's
        """Install what a program or plugin needs, and stream the output of the commands."""
        with _refusals(context):
            for words in self.install_words(request.info):
                child = self._children.start(
                    words,
                    cwd=request.info.program_directory,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )
                last = b""
                for line in _lines(child):
                    yield language_pb2.InstallDependenciesResponse(stdout=line)
                    last = line.strip() or last
                if code := self._children.done(child):
                    said = last.decode("utf-8", "replace")
                    raise HostError(f"{' '.join(words)} failed with code {code}: {said}")

    def GeneratePackage(self, request: Any, context: Any) -> Any:  # gRPC's
        """Write the SDK of a package, with the engine's own generators (``generate_sdk``)."""
        with _refusals(context):
            generator = os.environ.get(GENERATOR)
            if not generator:
                raise HostError("the generators of SDKs are missing: run mtasts local languages")
            where = "local" if request.local else "published"
            words = [generator, self.language, request.directory, request.loader_target, where]
            child = self._children.start(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
            said, _ = child.communicate(request.schema.encode())
            if self._children.done(child):
                raise HostError(said.decode("utf-8", "replace").strip() or "no SDK was generated")
        return language_pb2.GeneratePackageResponse()

    def Link(self, request: Any, context: Any) -> Any:  # gRPC's
        """Add SDKs that were generated into a program's folder to its dependencies."""
        with _refusals(context):
            said = self.link(request.info, [each.path for each in request.packages])
        return language_pb2.LinkResponse(import_instructions=said)


def _lines(child: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """The lines that a child prints, until it closes its output."""
    if child.stdout is not None:
        with child.stdout as pipe:
            yield from pipe


@contextmanager
def _refusals(context: Any) -> Iterator[None]:
    """End the gRPC call with the text of a `HostError`, without a traceback."""
    try:
        yield
    except HostError as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))


def engine_address() -> str:
    """The address of the engine, which it gives as the last word of the command line."""
    return sys.argv[-1]


def serve(make: Callable[[Children], Host]) -> None:
    """Serve the host that ``make`` makes, until a signal or the end of the engine."""
    lifetime.die_with_parent()
    children = Children()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, children.stop)
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(make(children), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()
