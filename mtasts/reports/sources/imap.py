"""A folder of an IMAP server (RFC 9051), over verified TLS, opened so that nothing can change it.

The server gives each message a number that grows with arrival (its UID), so the next listing begins
after the last one that is kept. The numbers are void once UIDVALIDITY is another one.
"""

from __future__ import annotations

import datetime as dt
import imaplib
import re
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.reports.sources.source import Fetched, FetchError, GoneError, Listed, SourceError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from imap_tools import BaseMailBox

_CONNECT_SECONDS = 20.0
_COMMAND_SECONDS = 60.0
# A mailbox may have a hundred thousand mails, and a server limits the length of a line.
_LISTED_AT_ONCE = 500
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_UID = re.compile(rb"\bUID (\d+)")
_DATE = re.compile(rb'INTERNALDATE "([^"]+)"')


@dataclass(frozen=True, slots=True)
class ImapAccount:
    """Who logs in where, and the folder; ``is_token`` says that the secret is an OAuth 2 token."""

    user: str
    host: str
    port: int
    folder: str
    name: str
    secret: str = field(repr=False)
    is_token: bool = False


class ImapSource:
    """One folder of a server; it is connected to when it is first listed, and again when needed.

    ``command_seconds`` is how long one command may take with its whole answer.
    """

    is_remote = True

    def __init__(
        self,
        account: ImapAccount,
        trusted: ssl.SSLContext,
        *,
        command_seconds: float = _COMMAND_SECONDS,
    ) -> None:
        """Verify the server's certificate by ``trusted``; nothing is called yet."""
        self._account = account
        self._trusted = trusted
        self._seconds = command_seconds
        self._lock = threading.Lock()
        self._mailbox: BaseMailBox | None = None
        self._validity = ""
        self.name = account.name

    def keys(self, cursor: str) -> Iterator[Listed]:
        """The messages that arrived after the cursor, in the order of arrival.

        Raises:
            SourceError: the server cannot be reached, or refuses.
        """
        with self._lock, self._errors_end_it():
            mailbox = self._connected()
            validity, _, last = cursor.partition(":")
            after = int(last) if validity == self._validity else 0
            with self._within([mailbox.client.sock]):
                status, rows = mailbox.client.uid("SEARCH", f"UID {after + 1}:*")
            if status != "OK":
                raise SourceError(f"{self.name} cannot be searched: {printable(str(rows), 200)}")
            found = sorted({int(each) for row in rows for each in (row or b"").split()})
        # "n:*" has the last message even where its number is below n.
        uids = [each for each in found if each > after]
        for first in range(0, len(uids), _LISTED_AT_ONCE):
            some = uids[first : first + _LISTED_AT_ONCE]
            with self._lock, self._errors_end_it():
                sizes = self._sizes(self._connected(), some)
            for uid in some:
                # One that was deleted meanwhile has no size; fetching it tells.
                yield self._listed(uid, sizes.get(uid, 0))

    def _listed(self, uid: int, size: int) -> Listed:
        key = f"{self._validity}:{uid}"
        address = f"{self.name};UIDVALIDITY={self._validity};UID={uid}"
        return Listed(key, address, size, cursor=key)

    def _sizes(self, mailbox: BaseMailBox, uids: list[int]) -> dict[int, int]:
        with self._within([mailbox.client.sock]):
            _, rows = mailbox.client.uid("FETCH", f"{uids[0]}:{uids[-1]}", "(UID RFC822.SIZE)")
        found = {}
        for row in rows or ():
            text = _text(row)
            uid, size = _UID.search(text), _SIZE.search(text)
            if uid is not None and size is not None:
                found[int(uid[1])] = int(size[1])
        return found

    def fetch(self, listed: Listed, limit: int) -> Fetched:
        """One message, which is not marked as read; the time is INTERNALDATE.

        Raises:
            GoneError: it was deleted.
            FetchError: the server did not answer, or not with the message.
            SourceError: the server cannot be reached, or its numbers are void.
        """
        validity, _, uid = listed.key.partition(":")
        with self._lock:
            try:
                mailbox = self._connected()
                if validity != self._validity:
                    raise SourceError(
                        f"{self.name} was created anew on its server: run the pull again"
                    )
                with self._within([mailbox.client.sock]):
                    wanted = f"(UID INTERNALDATE BODY.PEEK[]<0.{limit + 1}>)"
                    status, rows = mailbox.client.uid("FETCH", uid, wanted)
            except (imaplib.IMAP4.error, OSError) as error:
                self._drop()
                raise FetchError(f"{listed.address}: {_why(error)}") from error
        if status != "OK":
            raise FetchError(f"{listed.address}: {printable(str(rows), 200)}")
        return _fetched(listed, uid, rows or [])

    def close(self) -> None:
        """Log out, if connected."""
        with self._lock:
            mailbox, self._mailbox = self._mailbox, None
            if mailbox is not None:
                with suppress(imaplib.IMAP4.error, OSError), self._within([mailbox.client.sock]):
                    mailbox.client.logout()

    def _connected(self) -> BaseMailBox:
        """The connection, made if there is none; the folder is opened with EXAMINE.

        Raises:
            SourceError: the server does not let this user read the folder.
            OSError: it cannot be reached.
        """
        if self._mailbox is not None:
            return self._mailbox
        import imap_tools as tools  # only where there is a mailbox

        account = self._account
        opened: list[socket.socket] = []
        try:
            with self._within(opened):
                client = _Client(account, self._trusted, opened)
        except (OSError, imaplib.IMAP4.error) as error:
            for each in opened:
                each.close()
            raise SourceError(f"{self.name}: {_why(error)}") from error
        made = {"_get_mailbox_client": lambda _: client}
        mailbox: BaseMailBox = type("Connected", (tools.BaseMailBox,), made)()
        self._mailbox = mailbox
        try:
            with self._within(opened):
                self._log_in(mailbox)
                mailbox.folder.set(account.folder, readonly=True)
        except tools.MailboxLoginError as error:
            self._drop()
            raise SourceError(f"{self.name} refuses the login: {_why(error)}") from error
        except (tools.ImapToolsError, imaplib.IMAP4.error) as error:
            self._drop()
            raise SourceError(f"{self.name} cannot be opened: {_why(error)}") from error
        found = mailbox.client.response("UIDVALIDITY")[1]
        self._validity = _text(found[-1] if found else b"").decode("ascii", "replace") or "0"
        return mailbox

    def _log_in(self, mailbox: BaseMailBox) -> None:
        account = self._account
        if account.is_token:
            mailbox.xoauth2(account.user, account.secret, None)
        elif account.user.isascii() and account.secret.isascii():
            mailbox.login(account.user, account.secret, None)
        else:
            mailbox.login_utf8(account.user, account.secret, None)

    @contextmanager
    def _errors_end_it(self) -> Iterator[None]:
        """An error while listing is one of the whole source.

        Raises:
            SourceError: the server refused or did not answer.
        """
        try:
            yield
        except (imaplib.IMAP4.error, OSError) as error:
            self._drop()
            raise SourceError(f"{self.name}: {_why(error)}") from error

    @contextmanager
    def _within(self, opened: list[socket.socket]) -> Iterator[None]:
        """End the connection if a command takes too long: a server may send a byte a minute."""
        timer = threading.Timer(self._seconds, _shut, (opened,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _drop(self) -> None:
        """Forget the connection, without a word to the server."""
        mailbox, self._mailbox = self._mailbox, None
        if mailbox is not None:
            _shut([mailbox.client.sock])
            with suppress(OSError):
                mailbox.client.shutdown()


class _Client(imaplib.IMAP4_SSL):
    """A connection whose socket is in ``opened`` before the server has said a word."""

    def __init__(
        self, account: ImapAccount, trusted: ssl.SSLContext, opened: list[socket.socket]
    ) -> None:
        self._trusted = trusted
        self._opened = opened
        super().__init__(account.host, account.port, ssl_context=trusted, timeout=_CONNECT_SECONDS)

    def _create_socket(self, timeout: float | None) -> ssl.SSLSocket:
        plain = socket.create_connection((self.host, self.port), timeout)
        wrapped = self._trusted.wrap_socket(
            plain, server_hostname=self.host, do_handshake_on_connect=False
        )
        self._opened.append(wrapped)
        wrapped.do_handshake()
        return wrapped


def _shut(opened: list[socket.socket]) -> None:
    """Close connections, so that a thread that waits for an answer goes on."""
    for each in opened:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _fetched(listed: Listed, uid: str, rows: list[object]) -> Fetched:
    """The message in an answer, in which flags of other messages may be told, too.

    Raises:
        GoneError: the message was deleted meanwhile.
        FetchError: the server did not say when it arrived.
    """
    response = b" ".join(map(_text, rows))
    raw = next((row[1] for row in rows if isinstance(row, tuple) and _is_of(row, uid)), None)
    if raw is None:
        raise GoneError(f"{listed.address} was deleted meanwhile")
    found = _DATE.search(response)
    if found is None:
        raise FetchError(f"{listed.address}: the server did not say when it arrived")
    try:
        text = found[1].decode("ascii", "replace").strip()
        received = dt.datetime.strptime(text, "%d-%b-%Y %H:%M:%S %z")
    except ValueError as error:
        raise FetchError(f"{listed.address}: its INTERNALDATE is no date") from error
    return Fetched(raw, received.astimezone(dt.UTC))


def _is_of(row: tuple[object, ...], uid: str) -> bool:
    """Whether a literal is the message; servers may tell the UID after it."""
    found = _UID.search(_text(row))
    return (
        len(row) > 1 and isinstance(row[1], bytes) and (found is None or found[1] == uid.encode())
    )


def _text(row: object) -> bytes:
    """What an answer says outside of literals."""
    first = row[0] if isinstance(row, tuple) else row
    return first if isinstance(first, bytes) else b""


def _why(error: Exception) -> str:
    return printable(str(error), 300) or type(error).__name__
