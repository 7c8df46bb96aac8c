"""The source behind an address, with the credentials of the environment; nothing is called yet."""

from __future__ import annotations

import ssl
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.errors import UsageError
from mtasts.reports.sources.address import BucketAddress, imap_secret, parse_address
from mtasts.reports.sources.folder import FolderSource
from mtasts.reports.sources.imap import ImapAccount, ImapSource
from mtasts.reports.sources.mailbox import MaildirSource, MboxSource
from mtasts.reports.sources.objects import ObjectSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from mtasts.reports.sources.address import ImapAddress
    from mtasts.reports.sources.source import Source

ACCOUNT_VARIABLE = "CLOUDFLARE_ACCOUNT_ID"
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_REGION = "us-east-1"  # S3 leads a client on to a bucket of another region
_FROM = b"From "


def from_keyring(
    service: str, name: str, load: Callable[[str], ModuleType] = import_module
) -> str | None:
    """The stored secret, or None where this machine has no keyring, or none in it."""
    try:
        keyring, errors = load("keyring"), load("keyring.errors")
    except ImportError:
        return None
    try:
        found: str | None = keyring.get_password(service, name)
    except errors.KeyringError:
        return None
    return found


def open_source(
    text: str,
    environment: Mapping[str, str],
    *,
    authorities: Path | None = None,
    bucket_owner: str | None = None,
    keyring: Callable[[str, str], str | None] = from_keyring,
) -> Source:
    """The source that ``--from`` names.

    ``authorities`` are trusted for imaps:// instead of the Mozilla roots; ``bucket_owner`` is the
    account that has the bucket of s3:// (that of the credentials). ``keyring`` is asked for the
    secret of imaps:// if the environment has none.

    Raises:
        UsageError: the address is wrong, there is no such path, or a secret is missing.
    """
    address = parse_address(text)
    if isinstance(address, BucketAddress):
        if address.scheme == "s3":
            return _s3(address, environment, bucket_owner)
        return _r2(address, environment)
    return (
        _local(Path(text))
        if address is None
        else _imap(address, imap_secret(address, environment, keyring), authorities)
    )


def _local(path: Path) -> Source:
    """What lies at a path: a Maildir, an mbox, a folder or one file.

    Raises:
        UsageError: there is nothing, or it cannot be read.
    """
    try:
        if (path / "cur").is_dir() and (path / "new").is_dir():
            return MaildirSource(path)
        if path.is_dir():
            return FolderSource(path)
        if not path.is_file():
            raise UsageError(f"--from {path}: there is no such file or folder")
        with path.open("rb") as file:
            return MboxSource(path) if file.read(len(_FROM)) == _FROM else FolderSource(path)
    except OSError as error:
        raise UsageError(f"--from {path}: {error.strerror}") from error


def _imap(address: ImapAddress, found: tuple[str, bool], authorities: Path | None) -> Source:
    """A folder of a mailbox, asked over TLS that is verified.

    Raises:
        UsageError: the authorities of ``--ca`` cannot be read.
    """
    import certifi

    secret, is_token = found
    try:
        trusted = ssl.create_default_context(cafile=str(authorities or certifi.where()))
    except OSError as error:
        raise UsageError(f"--ca {authorities}: {error.strerror or error}") from error
    return ImapSource(
        ImapAccount(
            address.user,
            address.host,
            address.port,
            address.folder,
            str(address),
            secret,
            is_token=is_token,
        ),
        trusted,
    )


def _s3(address: BucketAddress, environment: Mapping[str, str], owner: str | None) -> Source:
    from mtasts.cloud.aws.account import Account, AwsSettings
    from mtasts.destinations import is_local

    region = next((environment[each] for each in _REGIONS if environment.get(each)), _REGION)
    account = Account(AwsSettings(region=region, local_only=is_local(environment)))

    def owned() -> Mapping[str, str]:
        return account.owner() if owner is None else {"ExpectedBucketOwner": owner}

    return ObjectSource(
        str(address), address.bucket, address.prefix, lambda: account.client("s3"), owner=owned
    )


def _r2(address: BucketAddress, environment: Mapping[str, str]) -> Source:
    """Objects below a prefix of a bucket in R2.

    Raises:
        UsageError: the environment names no account, or leads elsewhere.
    """
    from mtasts.cloud.cloudflare.account import (
        CloudflareAccount,
        CloudflareError,
        CloudflareSettings,
    )
    from mtasts.cloud.cloudflare.r2 import r2_client
    from mtasts.errors import UndeterminedError

    id_ = environment.get(ACCOUNT_VARIABLE)
    if not id_:
        raise UsageError(f"--from {address}: set {ACCOUNT_VARIABLE} to the id of the account")
    account = CloudflareAccount(CloudflareSettings.from_config(id_, {}, environment))

    @cache
    def client() -> object:
        try:
            return r2_client(account)
        except CloudflareError as error:
            raise UndeterminedError(str(error)) from error

    return ObjectSource(str(address), address.bucket, address.prefix, client)
