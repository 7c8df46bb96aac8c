"""The address of a source, as ``--from`` takes it: s3://, r2://, imaps://, or a path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from mtasts.errors import UsageError
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The variables of an OAuth 2 token and of a password.
_VARIABLES = ("MTASTS_IMAP_TOKEN", "MTASTS_IMAP_PASSWORD")
KEYRING_SERVICE = "mtasts"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_IMAPS_PORT = 993
_FORMS = "s3://BUCKET/PREFIX, r2://BUCKET/PREFIX, imaps://USER@HOST/FOLDER, or a path"


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """A prefix of a bucket; ``scheme`` is ``s3`` or ``r2``."""

    scheme: str
    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{printable(self.prefix, 600)}"


@dataclass(frozen=True, slots=True)
class ImapAddress:
    """A folder of an IMAP server, and who logs in."""

    user: str
    host: str
    port: int
    folder: str

    @property
    def account(self) -> str:
        """The address without the folder: the name of the secret in the keyring."""
        port = "" if self.port == _IMAPS_PORT else f":{self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"imaps://{quote(self.user, safe='')}@{host}{port}"

    def __str__(self) -> str:
        return f"{self.account}/{quote(self.folder)}"


def parse_address(text: str) -> BucketAddress | ImapAddress | None:
    """What the address names; None for a path of this machine.

    Raises:
        UsageError: it is malformed, of another scheme, or holds a password.
    """
    scheme = _SCHEME.match(text)
    if scheme is None:
        return None
    match scheme[1].lower():
        case "s3" | "r2" as kind:
            bucket, _, prefix = text[scheme.end() :].partition("/")
            if not _BUCKET.fullmatch(bucket):
                raise UsageError(
                    f"--from {printable(text)}: '{printable(bucket)}' is no bucket name"
                )
            return BucketAddress(kind, bucket, prefix)
        case "imaps":
            return _imap(text)
        case "imap":
            raise UsageError(
                f"--from {printable(text)}: without TLS anybody on the way reads the password: "
                "write imaps://"
            )
        case other:
            raise UsageError(f"--from: {printable(other)}:// is not known: give {_FORMS}")


def _imap(text: str) -> ImapAddress:
    """The account and the folder of an ``imaps:`` address.

    Raises:
        UsageError: it is no such address, or has a password in it.
    """
    try:
        parts = urlsplit(text)
        port = parts.port or _IMAPS_PORT
    except ValueError as error:
        raise UsageError("--from: write imaps://USER@HOST:PORT/FOLDER") from error
    if parts.password is not None:
        raise UsageError(
            "--from: a password in an address shows in the list of processes: change it, and give "
            f"the new one in {_VARIABLES[1]} or the keyring"
        )
    user, folder = unquote(parts.username or ""), unquote(parts.path.removeprefix("/")) or "INBOX"
    if not (user and parts.hostname) or parts.query or parts.fragment:
        raise UsageError("--from: write imaps://USER@HOST:PORT/FOLDER")
    if _CONTROL.search(user + folder):
        raise UsageError("--from: control characters in the user or folder")
    return ImapAddress(user, parts.hostname, port, folder)


def imap_secret(
    address: ImapAddress,
    environment: Mapping[str, str],
    keyring: Callable[[str, str], str | None],
) -> tuple[str, bool]:
    """The secret for a login, and whether it is an OAuth 2 token.

    A token of the environment is used first, then a password of it, then one of the ``keyring``,
    which is asked for service and name.

    Raises:
        UsageError: there is none; the text says how to give one.
    """
    for variable in _VARIABLES:
        if found := environment.get(variable):
            if _CONTROL.search(found):
                raise UsageError(f"{variable} has control characters, such as a line end")
            return found, variable == _VARIABLES[0]
    stored = keyring(KEYRING_SERVICE, address.account)
    if not stored or _CONTROL.search(stored):
        raise UsageError(
            f"no password for {address.account}: set {_VARIABLES[1]} (or {_VARIABLES[0]} for "
            f"OAuth 2), or keyring set {KEYRING_SERVICE} {address.account}"
        )
    return stored, False
