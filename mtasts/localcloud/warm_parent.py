"""The warm process (`warm.py`): ``python -m mtasts.localcloud.warm_parent LISTENING_FILE``.

It has only one thread, because forking a process with threads is not safe. Each fork returns from
`Warm.next_child` with the request that it has to run.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

from mtasts.config.schema import DomainFields, OverrideFields, StackFields
from mtasts.localcloud import service_models
from mtasts.localcloud.warm_client import FILES, NUMBER_BYTES, REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

_PACKAGES = ("mtasts.components", "mtasts", "mtasts.localcloud.aws", "mtasts.localcloud.cloudflare")
# The program comes first: it has the clouds' packages load only what is used. The host is a program
# of its own, and libraries import the others when they are first used.
_MODULES = (
    "mtasts.components.program",
    "mtasts.localcloud.languages.python",
    "boto3.s3.inject",
    "dns.rdtypes.ANY.CNAME",
    "dns.rdtypes.ANY.MX",
    "dns.rdtypes.ANY.NS",
    "dns.rdtypes.IN.A",
    "dns.rdtypes.IN.AAAA",
    "grpc._channel",
    "httpcore",
    "httpx",
    "jinja2",
)
# The function of a module that loads what the module uses late.
_LATE = "load_resources"
_REQUEST_SECONDS = 30.0
_STARTING = ("PYTHON", "LANG", "LC_")
_UNBUFFERED = "-u"
_MODULE = "-m"
_STDERR = 2
_CODE_BITS = 0xFF


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks the warm process to run.

    ``parent`` is the id of the client's parent process. ``files`` are file descriptors: the
    client's standard input, output and error, and its working folder.
    """

    parent: int
    arguments: list[str]
    environment: dict[str, str]
    files: list[int]

    @classmethod
    def read(cls, connection: socket.socket) -> Request:
        """The request that a client sends when it connects.

        Raises:
            OSError: the client sent nothing in time, or the connection ended.
            ValueError: what it sent is no request.
        """
        head, files, _, _ = socket.recv_fds(connection, NUMBER_BYTES, FILES)
        try:
            body, length = bytearray(), int.from_bytes(head, "big")
            while len(body) < length and (more := connection.recv(length - len(body))):
                body += more
            parent, count, *rest = map(os.fsdecode, bytes(body).split(b"\0"))
            number = int(count)
            environment = dict(row.partition("=")[::2] for row in rest[number:])
            return cls(int(parent), rest[:number], environment, files)
        except (OSError, ValueError):
            for file in files:
                os.close(file)
            raise

    def can_be_warm(self) -> bool:
        """Whether Python's own settings are those with which the warm process started.

        With others (such as ``PYTHONPATH`` or a locale) a cold process would behave differently.
        """
        return settings_of_python(self.environment) == settings_of_python(os.environ)


def settings_of_python(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that Python itself reads when it starts."""
    return {name: value for name, value in environment.items() if name.startswith(_STARTING)}


def preload() -> None:
    """Import the modules, and read the service models, that the processes of a run need."""
    names = list(_MODULES)
    for package in _PACKAGES:
        path = importlib.import_module(package).__path__
        names += [each.name for each in pkgutil.walk_packages(path, f"{package}.")]
    for name in names:
        if name.rpartition(".")[2] != "__main__":
            load_late = getattr(importlib.import_module(name), _LATE, None)
            if load_late is not None:
                load_late()
    pulumi.log.debug = _drop
    for fields in (StackFields, OverrideFields, DomainFields):
        fields.model_rebuild()  # which the first value would do
    service_models.preload()


def _drop(*_message: object, **_options: object) -> None:
    """Send no debug message: the SDK waits for the engine's answer to each, 125 times in a run."""


def is_preloaded() -> bool:
    """Whether every module could be imported; if not, the error is printed on standard error.

    The warm process then refuses all requests. So every program runs cold, and shows the error
    itself.
    """
    try:
        preload()
    except Exception:  # noqa: BLE001 - an import may raise any exception
        traceback.print_exc()
        return False
    return True


class Warm:
    """The warm process's own loop."""

    def __init__(self, server: socket.socket, *, is_ready: bool) -> None:
        """Serve clients of the socket ``server``; refuse all requests unless ``is_ready``."""
        self._server = server
        self._is_ready = is_ready
        self._poll = select.poll()
        self._poll.register(server, select.POLLIN)
        self._parent = os.pidfd_open(os.getppid())
        self._poll.register(self._parent, select.POLLIN)
        self._children: dict[int, tuple[int, socket.socket]] = {}

    def next_child(self) -> tuple[Request, socket.socket] | None:
        """In a new child: its request, and the connection to its client.

        In the warm process: None, when the parent has ended.
        """
        while True:
            for ready, _ in self._poll.poll():
                if ready == self._parent:
                    return None
                if ready in self._children:
                    self._ended(ready)
                elif (found := self._accept()) is not None:
                    return found

    def _accept(self) -> tuple[Request, socket.socket] | None:
        connection, _ = self._server.accept()
        connection.settimeout(_REQUEST_SECONDS)
        try:
            request = Request.read(connection)
        except (OSError, ValueError):
            connection.close()
            return None
        connection.settimeout(None)
        if self._is_ready and request.can_be_warm():
            child = os.fork()
            if not child:
                self._leave()
                return request, connection
            handle = os.pidfd_open(child)
            self._children[handle] = child, connection
            self._poll.register(handle, select.POLLIN)
            _send(connection, child)
        else:
            _send(connection, REFUSED)
            connection.close()
        for file in request.files:
            os.close(file)
        return None

    def _ended(self, handle: int) -> None:
        child, connection = self._children.pop(handle)
        self._poll.unregister(handle)
        os.close(handle)
        _, status = os.waitpid(child, 0)
        _send(connection, status)
        connection.close()

    def _leave(self) -> None:
        """Close what a child does not need: it would keep the other clients' connections open."""
        self._server.close()
        os.close(self._parent)
        for handle, (_, connection) in self._children.items():
            os.close(handle)
            connection.close()


def _send(connection: socket.socket, number: int) -> None:
    try:
        connection.sendall(number.to_bytes(NUMBER_BYTES, "big"))
    except OSError:
        return  # the client has ended; its child sees the end of the connection as well


def _become(request: Request, connection: socket.socket) -> None:
    """Run the requested program in this process, with the state of a cold process."""
    threading.Thread(target=_end_with, args=(connection,), daemon=True, name="client").start()
    os.getppid = lambda: request.parent  # a cold process would have the client's parent
    os.environ.clear()
    os.environ.update(request.environment)
    *streams, folder = request.files
    os.fchdir(folder)
    os.close(folder)
    for number, file in enumerate(streams):
        os.dup2(file, number)
        os.close(file)
    arguments = request.arguments
    has_option = arguments[0] == _UNBUFFERED
    del arguments[:has_option]
    unbuffered = has_option or bool(os.environ.get("PYTHONUNBUFFERED"))
    sys.stdin = _standard(sys.stdin, "r")
    sys.stdout = _standard(sys.stdout, "w", unbuffered=unbuffered)
    sys.stderr = _standard(sys.stderr, "w", unbuffered=unbuffered)
    if arguments[0] == _MODULE:
        sys.path.insert(0, str(Path.cwd()))
        sys.argv = arguments[1:]
        sys.modules.pop(arguments[1], None)  # or runpy warns that it was imported before it ran
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(Path(arguments[0]).parent))
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


def _standard(old: TextIO, mode: str, *, unbuffered: bool = False) -> TextIO:
    """A new standard stream on the file of ``old``, made as Python does when it starts."""
    raw = io.FileIO(old.fileno(), mode, closefd=False)
    buffer = io.BufferedReader if mode == "r" else io.BufferedWriter
    return io.TextIOWrapper(
        raw if unbuffered else buffer(raw),
        old.encoding,
        old.errors,
        newline="\n",
        line_buffering=not unbuffered and (raw.fileno() == _STDERR or raw.isatty()),
        write_through=unbuffered,
    )


def _end_with(client: socket.socket) -> None:
    """End this process when the connection ends: a client sends nothing after its request."""
    # A client that ends before it has read its child's number resets the connection.
    with suppress(ConnectionResetError):
        client.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)


class End:
    """How a child ends: with its exit code, and without clearing its modules.

    Python clears every module as it ends. That writes to each page of memory that a child shares
    with the warm process, so that all are copied: a quarter of a program's processor time. The
    exit functions of libraries were registered later, so they run before.
    """

    def __init__(self) -> None:
        """Be registered before anything else is."""
        self._code: int | None = None
        atexit.register(self._now)

    def of(self, run: Callable[[], None]) -> None:
        """Call `run`, and note the exit code that Python would end this process with."""
        try:
            run()
        except SystemExit as error:
            code = error.code
            self._code = code if isinstance(code, int) else int(code is not None)
            raise
        except Exception:
            self._code = 1
            raise
        self._code = 0

    def _now(self) -> None:
        """End the child: Python has waited for its threads and shown its error by now."""
        if self._code is None:
            return  # this is the warm process itself, or a child that a signal ends
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            return  # Python tells of it, and has a code of its own for it
        os._exit(self._code & _CODE_BITS)


def main() -> None:
    """Serve clients until the parent ends; in a child, run the requested program."""
    end = End()
    del sys.path[0]  # the folder that this process was started in
    server = socket.socket(fileno=int(sys.argv[1]))
    warm = Warm(server, is_ready=is_preloaded())
    gc.collect()
    gc.freeze()  # children would copy every page that a collection touches
    found = warm.next_child()
    if found is not None:
        end.of(lambda: _become(*found))


if __name__ == "__main__":
    main()
