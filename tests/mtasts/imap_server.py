"""An IMAP server over TLS on loopback (RFC 9051): as much of one as a client that only reads needs.

It has a folder of messages, notes every command, and can be made to misbehave.
"""

from __future__ import annotations

import base64
import re
import socketserver
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

USER = "tlsrpt@example.gov"
PASSWORD = 'pass "word\\'
TOKEN = "token-1"
_LITERAL_SIZE = re.compile(rb"<0\.(\d+)>")


@dataclass
class Folder:
    """What the server holds, and how it behaves.

    ``messages`` has the bytes by UID. ``drops`` connections end while a message is sent.
    ``silent`` is the command that nothing answers, ``refused`` the one that NO answers.
    ``is_odd`` has it tell flags in between and the date after the text, as servers may.
    """

    messages: dict[int, bytes] = field(default_factory=dict)
    validity: str = "77"
    date: str = " 1-May-2026 02:00:00 +0200"
    drops: int = 0
    silent: str = ""
    refused: str = ""
    is_odd: bool = False
    hidden: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    @property
    def commands(self) -> set[str]:
        """What was asked of the server, without arguments."""
        words = (each.split() for each in self.said)
        return {" ".join(each[1:3] if each[1] == "UID" else each[1:2]).upper() for each in words}


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.folder = cast("_Server", self.server).folder
        with suppress(OSError):
            self._say(b"* OK ready")
            while line := self.rfile.readline():
                if not self._answer(line.decode().rstrip()):
                    return

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")

    def _answer(self, line: str) -> bool:
        folder = self.folder
        folder.said.append(line)
        tag, _, rest = line.partition(" ")
        name, _, text = rest.partition(" ")
        command = name.upper()
        if command == "UID":
            name, _, text = text.partition(" ")
            command = name.upper()
        if command == folder.silent:
            time.sleep(30)
            return False
        if command == folder.refused:
            self._say(f"{tag} NO not now".encode())
            return True
        act = getattr(self, f"_{command.lower()}", None)
        if act is None:
            self._say(f"{tag} BAD unknown".encode())
            return True
        said = act(text)
        if said is None:
            return False
        self._say(f"{tag} {said} (done)".encode())
        return command != "LOGOUT"

    def _capability(self, text: str) -> str:
        del text
        self._say(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2")
        return "OK"

    def _login(self, text: str) -> str:
        user, password = (
            '"' + each.replace("\\", r"\\").replace('"', r"\"") + '"' for each in (USER, PASSWORD)
        )
        return "OK" if text == f"{user} {password}" else "NO wrong password"

    def _authenticate(self, text: str) -> str:
        self._say(b"+ ")
        answer = base64.b64decode(self.rfile.readline()).decode()
        known = {
            "XOAUTH2": f"user={USER}\1auth=Bearer {TOKEN}\1\1",
            "PLAIN": f"\x00{USER}\x00päss",
        }
        return "OK" if known[text.upper()] == answer else "NO wrong secret"

    def _examine(self, text: str) -> str:
        if text.strip('"') != "Reports":
            return "NO there is no such folder"
        self._say(f"* {len(self.folder.messages)} EXISTS".encode())
        if self.folder.validity:
            self._say(f"* OK [UIDVALIDITY {self.folder.validity}] valid".encode())
        return "OK [READ-ONLY] done"

    def _search(self, text: str) -> str:
        first = int(text.removeprefix("UID ").partition(":")[0])
        uids = sorted(self.folder.messages)
        found = [each for each in uids if each >= first] or uids[-1:]
        self._say(f"* SEARCH {' '.join(map(str, found))}".rstrip().encode())
        return "OK"

    def _fetch(self, text: str) -> str | None:
        asked, _, parts = text.partition(" ")
        first, _, last = asked.partition(":")
        folder = self.folder
        for number, (uid, raw) in enumerate(sorted(folder.messages.items()), 1):
            if not int(first) <= uid <= int(last or first) or uid in folder.hidden:
                continue
            if "RFC822.SIZE" in parts:
                self._say(b"* %d FETCH (UID %d RFC822.SIZE %d)" % (number, uid, len(raw)))
                continue
            limit = _LITERAL_SIZE.search(parts.encode())
            assert limit is not None
            some = raw[: int(limit[1])]
            if folder.drops:
                folder.drops -= 1
                self.wfile.write(
                    b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n%s" % (number, uid, len(some), some[:9])
                )
                return None
            date = f'INTERNALDATE "{folder.date}"'.encode() if folder.date else b"MODSEQ (1)"
            if folder.is_odd:
                self._say(rb"* %d FETCH (FLAGS (\Seen) UID %d)" % (number + 1, uid + 1))
                self.wfile.write(b"* %d FETCH (BODY[]<0> {%d}\r\n%s" % (number, len(some), some))
                self._say(b" %s UID %d)" % (date, uid))
            else:
                self.wfile.write(
                    b"* %d FETCH (UID %d %s BODY[]<0> {%d}\r\n%s"
                    % (number, uid, date, len(some), some)
                )
                self._say(b")")
        return "OK"

    def _logout(self, text: str) -> str:
        del text
        self._say(b"* BYE")
        return "OK"


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, folder: Folder, context: ssl.SSLContext) -> None:
        self.folder = folder
        super().__init__(("127.0.0.1", 0), _Handler)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that refuses the certificate is no error of the server."""


@contextmanager
def imap_served(folder: Folder, context: ssl.SSLContext) -> Iterator[int]:
    """The server, for as long as the block lasts; its port."""
    with _Server(folder, context) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
