"""A git server over HTTPS: git's own ``http-backend``, as a web server would run it."""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from mtasts import __version__

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOST = "git.mail.example"


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, root: Path, *arguments: Any) -> None:
        self._root = root
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        environment = {
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(self._root),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH": os.environ["PATH"],
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=environment, capture_output=True, check=True
        )
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        rows = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(rows.pop("Status", "200").split()[0]))
        for name, value in rows.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Tunnel(BaseHTTPRequestHandler):
    """A proxy that leads `HOST` to a port here, and every other host where it belongs."""

    def __init__(self, port: int, *arguments: Any) -> None:
        self._port = port
        super().__init__(*arguments)

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        target = ("127.0.0.1", self._port) if host == HOST else (host, int(port))
        near = self.connection
        with socket.create_connection(target) as far:
            self.send_response(200)
            self.end_headers()
            ways = {near: far, far: near}
            while True:
                for each in select.select(ways, [], [])[0]:
                    if not (data := each.recv(65536)):
                        return
                    ways[each].sendall(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def repository(bare: Path, folder: Path) -> None:
    """A bare repository with ``folder``, which the tag of this version alone has."""
    work = bare.with_suffix(".work")
    work.mkdir(parents=True)
    shutil.copytree(folder, work / folder.name)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@mail.example", "-C", str(work)]
    for words in (
        ["init", "--quiet"],
        ["add", "."],
        ["commit", "--quiet", "-m", "one"],
        ["tag", f"v{__version__}"],
        ["rm", "--quiet", "-r", folder.name],
        ["commit", "--quiet", "--allow-empty", "-m", "the tag is what counts"],
        ["clone", "--quiet", "--bare", ".", str(bare)],
    ):
        subprocess.run([*git, *words], check=True, capture_output=True)


@contextmanager
def serving(root: Path, context: ssl.SSLContext) -> Iterator[dict[str, str]]:
    """Serve the repositories in ``root`` as https://`HOST`; the variables that lead there.

    Pulumi 3.259 takes a host with a port for a local path as it writes ``Pulumi.yaml``.
    """
    with (
        _running(partial(_Handler, root), context) as port,
        _running(partial(_Tunnel, port)) as proxy,
    ):
        yield {"HTTPS_PROXY": f"http://127.0.0.1:{proxy}", "NO_PROXY": "127.0.0.1,localhost"}


@contextmanager
def _running(
    handler: Callable[..., BaseHTTPRequestHandler], context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """A server on loopback; its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
