"""The ledger as objects of a bucket, by S3's API: ``ledger/<domain>/<n>.json``, once each."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from mtasts.cloud.cloudflare import CloudflareError
from mtasts.errors import UndeterminedError
from mtasts.rollout.entries import LedgerError
from mtasts.rollout.ledger import ENTRIES_MAX

if TYPE_CHECKING:
    from collections.abc import Sized

DOMAINS_MAX = 10_000

Where = TypeVar("Where")

_READS_AT_ONCE = 8
_NUMBER = re.compile(r"([1-9][0-9]{0,6})\.json")
_TAKEN = (409, 412)  # another writer is at it, or was there first
_ALL = "ledger/"


class ObjectStore(ABC, Generic[Where]):
    """`mtasts.recording.Store` in a bucket; every method blocks.

    What each cloud has of its own is below: where the entries are, how one is read, and its client.
    """

    # The call that lists keys: one that also finds those whose newest version is a delete marker.
    listing: ClassVar[Literal["list_object_versions", "list_objects_v2"]]

    def __init__(self, bucket: str) -> None:
        """Use ``bucket``; nothing is called yet."""
        self.bucket = bucket

    def list(self, domain: str) -> dict[int, bytes]:
        """Every entry of a domain by number; none where the bucket does not exist yet.

        Raises:
            UndeterminedError: the cloud did not tell.
            LedgerError: an entry was deleted or written over, or there are too many.
        """
        from botocore.exceptions import (  # noqa: PLC0415 - a quarter of a second
            BotoCoreError,
            ClientError,
        )

        try:
            found = self.find(domain)
            with ThreadPoolExecutor(_READS_AT_ONCE) as pool:
                return dict(zip(found, pool.map(self.read, found.values()), strict=True))
        except (ClientError, BotoCoreError, CloudflareError) as error:
            if isinstance(error, ClientError) and is_no_bucket(error):
                return {}
            raise UndeterminedError(f"the ledger of {domain}: {error}") from error

    def domains(self) -> tuple[str, ...]:
        """Every domain that has a ledger, sorted; none where the bucket does not exist yet.

        What stands below ``ledger/`` under something that is no domain name comes back as it is.

        Raises:
            UndeterminedError: the cloud did not tell.
            LedgerError: there are more than `DOMAINS_MAX`.
        """
        from botocore.exceptions import (  # noqa: PLC0415 - as above
            BotoCoreError,
            ClientError,
        )

        found: set[str] = set()
        try:
            # One call a thousand domains: the entries below each are not listed.
            pages = self.s3().get_paginator(self.listing)
            for page in pages.paginate(Bucket=self.bucket, Prefix=_ALL, Delimiter="/"):
                below = (each["Prefix"] for each in page.get("CommonPrefixes", []))
                found.update(each.removeprefix(_ALL).removesuffix("/") for each in below)
                if len(found) > DOMAINS_MAX:
                    raise LedgerError(
                        f"the bucket {self.bucket} has the ledgers of more than {DOMAINS_MAX} "
                        "domains"
                    )
        except (ClientError, BotoCoreError, CloudflareError) as error:
            if isinstance(error, ClientError) and is_no_bucket(error):
                return ()
            raise UndeterminedError(f"the ledgers in {self.bucket}: {error}") from error
        return tuple(sorted(found))

    def append(self, domain: str, number: int, entry: bytes) -> bool:
        """Write an entry unless one of that number exists; whether it was written.

        Raises:
            UndeterminedError: the cloud did not tell; the entry may stand or not.
        """
        from botocore.exceptions import (  # noqa: PLC0415 - as above
            BotoCoreError,
            ClientError,
        )

        try:
            self.put(f"{prefix(domain)}{number}.json", entry)
        except (ClientError, BotoCoreError, CloudflareError) as error:
            response = error.response if isinstance(error, ClientError) else {}
            if response.get("ResponseMetadata", {}).get("HTTPStatusCode") in _TAKEN:
                return False
            missing = isinstance(error, ClientError) and is_no_bucket(error)
            hint = f" (the bucket {self.bucket}: pulumi up makes it)" if missing else ""
            raise UndeterminedError(f"the ledger of {domain}: {error}{hint}") from error
        return True

    def put(self, key: str, entry: bytes) -> None:
        """Write one object unless it exists."""
        self.s3().put_object(
            Bucket=self.bucket,
            Key=key,
            Body=entry,
            ContentType="application/json",
            IfNoneMatch="*",
        )

    @abstractmethod
    def find(self, domain: str) -> dict[int, Where]:
        """Where each entry is, by number."""

    @abstractmethod
    def read(self, where: Where) -> bytes:
        """One entry, and no more of it than an entry may have."""

    @abstractmethod
    def s3(self) -> Any:  # noqa: ANN401 - boto3's client
        """The client."""


def prefix(domain: str) -> str:
    """What the keys of a domain's entries begin with."""
    return f"{_ALL}{domain}/"


def number_of(key: str, domain: str) -> int | None:
    """The number of the entry under ``key``; None for what is none."""
    found = _NUMBER.fullmatch(key.removeprefix(prefix(domain)))
    return int(found[1]) if found else None


def require_bounded(found: Sized, domain: str) -> None:
    """Read no ledger that is beyond reason."""
    if len(found) > ENTRIES_MAX:
        raise LedgerError(f"the ledger of {domain} has more than {ENTRIES_MAX} entries")


def is_no_bucket(error: Any) -> bool:  # noqa: ANN401 - botocore's ClientError
    """Whether S3 says that there is no such bucket."""
    return bool(error.response.get("Error", {}).get("Code") == "NoSuchBucket")
