"""The ledger in the stack's own S3 bucket: ``ledger/<domain>/<n>.json``, each written once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from mtasts.errors import UndeterminedError
from mtasts.rollout.entries import ENTRY_MAX_BYTES, LedgerError
from mtasts.rollout.ledger import ENTRIES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.cloud.aws import Account

_READS_AT_ONCE = 8
_NUMBER = re.compile(r"([1-9][0-9]{0,6})\.json")


class S3Store:
    """`mtasts.recording.Store` in a versioned bucket; every method blocks.

    The oldest version of an entry is the entry: what somebody put over it or deleted changes
    nothing but is told.
    """

    def __init__(self, account: Account, bucket: str) -> None:
        """Use ``bucket`` of ``account``; nothing is called yet."""
        self._account = account
        self._bucket = bucket

    def list(self, domain: str) -> dict[int, bytes]:
        """Every entry of a domain by number; none where the bucket does not exist yet.

        Raises:
            UndeterminedError: S3 did not tell.
            LedgerError: an entry was deleted, or written over.
        """
        from botocore.exceptions import (  # noqa: PLC0415 - a quarter of a second
            BotoCoreError,
            ClientError,
        )

        try:
            versions = dict(self._versions(domain))
            with ThreadPoolExecutor(_READS_AT_ONCE) as pool:
                bodies = pool.map(self._read, versions.values())
                return dict(zip(versions, bodies, strict=True))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchBucket":
                return {}
            raise UndeterminedError(f"the ledger of {domain}: {error}") from error
        except BotoCoreError as error:
            raise UndeterminedError(f"the ledger of {domain}: {error}") from error

    def append(self, domain: str, number: int, entry: bytes) -> bool:
        """Write an entry unless one of that number exists; whether it was written.

        Raises:
            UndeterminedError: S3 did not tell; the entry may stand or not.
        """
        from botocore.exceptions import (  # noqa: PLC0415 - as above
            BotoCoreError,
            ClientError,
        )

        try:
            self._account.client("s3").put_object(
                Bucket=self._bucket,
                Key=f"{_prefix(domain)}{number}.json",
                Body=entry,
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status in (409, 412):  # another writer is at it, or was there first
                return False
            raise UndeterminedError(f"the ledger of {domain}: {error}") from error
        except BotoCoreError as error:
            raise UndeterminedError(f"the ledger of {domain}: {error}") from error
        return True

    def lock(self) -> None:
        """Nothing: the bucket's own policy keeps every version (`components.aws.policy_bucket`)."""

    def _versions(self, domain: str) -> Iterator[tuple[int, tuple[str, str]]]:
        """Number, key and version of each entry."""
        prefix = _prefix(domain)
        pages = self._account.client("s3").get_paginator("list_object_versions")
        found: dict[int, list[tuple[str, str]]] = {}
        for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
            for deleted in page.get("DeleteMarkers", []):
                raise LedgerError(
                    f"{deleted['Key']} of the bucket {self._bucket} was deleted: remove the delete "
                    "marker, so that the ledger is whole again"
                )
            for version in page.get("Versions", []):
                name = _NUMBER.fullmatch(version["Key"].removeprefix(prefix))
                if name is not None:
                    where = (version["Key"], version["VersionId"])
                    found.setdefault(int(name[1]), []).append(where)
            if len(found) > ENTRIES_MAX:
                raise LedgerError(f"the ledger of {domain} has more than {ENTRIES_MAX} entries")
        for number, versions in found.items():
            if len(versions) > 1:
                raise LedgerError(
                    f"{versions[0][0]} of the bucket {self._bucket} was written over: delete the "
                    "newer version, so that the entry is what it was"
                )
            yield number, versions[0]

    def _read(self, where: tuple[str, str]) -> bytes:
        key, version = where
        answer: Any = self._account.client("s3").get_object(
            Bucket=self._bucket, Key=key, VersionId=version
        )
        body: bytes = answer["Body"].read(ENTRY_MAX_BYTES + 1)
        return body


def _prefix(domain: str) -> str:
    return f"ledger/{domain}/"
