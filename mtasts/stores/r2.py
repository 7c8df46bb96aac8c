"""The ledger in R2, by its S3 API: ``ledger/<domain>/<n>.json``, each written once.

R2 keeps no versions. A lock on the bucket keeps entries from being written over or deleted, where
S3 would tell of it. The bucket is made when the first entry is written and is no resource of the
stack: an R2 bucket cannot be deleted with what it holds, so a destroyed stack would leave one
behind that the next run could not make again.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

from mtasts.cloud.cloudflare import CloudflareError
from mtasts.errors import UndeterminedError
from mtasts.rollout.entries import ENTRY_MAX_BYTES, LedgerError
from mtasts.rollout.ledger import ENTRIES_MAX

if TYPE_CHECKING:
    from mtasts.cloud.cloudflare import CloudflareAccount

_READS_AT_ONCE = 8
_NUMBER = re.compile(r"([1-9][0-9]{0,6})\.json")
_LOCK = {
    "id": "mtasts-ledger",
    "prefix": "ledger/",
    "enabled": True,
    "condition": {"type": "Indefinite"},
}
_REGION = "auto"  # R2 knows no other


class R2Store:
    """`mtasts.recording.Store` in a bucket of R2; every method blocks."""

    def __init__(self, account: CloudflareAccount, bucket: str) -> None:
        """Use ``bucket`` of ``account``; nothing is called yet."""
        self._account = account
        self._bucket = bucket
        self._client: Any = None

    def list(self, domain: str) -> dict[int, bytes]:
        """Every entry of a domain by number; none where the bucket does not exist yet.

        Raises:
            UndeterminedError: R2 did not tell.
            LedgerError: there are too many.
        """
        from botocore.exceptions import (  # noqa: PLC0415 - a quarter of a second
            BotoCoreError,
            ClientError,
        )

        try:
            keys = self._keys(domain)
            with ThreadPoolExecutor(_READS_AT_ONCE) as pool:
                return dict(zip(keys, pool.map(self._read, keys.values()), strict=True))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchBucket":
                return {}
            raise UndeterminedError(f"the ledger of {domain}: {error}") from error
        except (BotoCoreError, CloudflareError) as error:
            raise UndeterminedError(f"the ledger of {domain}: {error}") from error

    def append(self, domain: str, number: int, entry: bytes) -> bool:
        """Write an entry unless one of that number exists; whether it was written.

        Raises:
            UndeterminedError: R2 did not tell; the entry may stand or not.
        """
        from botocore.exceptions import (  # noqa: PLC0415 - as above
            BotoCoreError,
            ClientError,
        )

        try:
            self._put(domain, number, entry)
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status in (409, 412):  # another writer is at it, or was there first
                return False
            raise UndeterminedError(f"the ledger of {domain}: {error}") from error
        except (BotoCoreError, CloudflareError) as error:
            raise UndeterminedError(f"the ledger of {domain}: {error}") from error
        return True

    def lock(self) -> None:
        """Keep every entry from being written over or deleted, for ever.

        Raises:
            UndeterminedError: Cloudflare did not do so, or did not tell.
        """
        path = f"{self._account.path}/r2/buckets/{self._bucket}/lock"
        try:
            rules = (self._account.find(path) or {}).get("rules") or []
            if _LOCK not in rules:
                self._account.put(path, {"rules": [*rules, _LOCK]})
        except CloudflareError as error:
            raise UndeterminedError(f"the lock of the bucket {self._bucket}: {error}") from error

    def _put(self, domain: str, number: int, entry: bytes) -> None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

        def write() -> None:
            self._s3().put_object(
                Bucket=self._bucket,
                Key=f"{_prefix(domain)}{number}.json",
                Body=entry,
                ContentType="application/json",
                IfNoneMatch="*",
            )

        try:
            write()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "NoSuchBucket":
                raise
            self._account.make(f"{self._account.path}/r2/buckets", {"name": self._bucket})
            write()

    def _keys(self, domain: str) -> dict[int, str]:
        prefix = _prefix(domain)
        found: dict[int, str] = {}
        pages = self._s3().get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
            for each in page.get("Contents", []):
                name = _NUMBER.fullmatch(each["Key"].removeprefix(prefix))
                if name is not None:
                    found[int(name[1])] = each["Key"]
            if len(found) > ENTRIES_MAX:
                raise LedgerError(f"the ledger of {domain} has more than {ENTRIES_MAX} entries")
        return found

    def _read(self, key: str) -> bytes:
        answer = self._s3().get_object(Bucket=self._bucket, Key=key)
        return cast("bytes", answer["Body"].read(ENTRY_MAX_BYTES + 1))

    def _s3(self) -> Any:  # noqa: ANN401 - boto3's client
        if self._client is None:
            import boto3  # noqa: PLC0415 - costs 0.2 s
            from botocore.config import Config  # noqa: PLC0415 - as above

            access, secret = self._account.r2_keys()
            session = boto3.Session(aws_access_key_id=access, aws_secret_access_key=secret)
            self._client = session.client(
                "s3",
                region_name=_REGION,
                endpoint_url=self._account.settings.r2_endpoint,
                config=Config(
                    connect_timeout=5,
                    read_timeout=20,
                    retries={"mode": "standard", "total_max_attempts": 5},
                    s3={"addressing_style": "path"},
                    # R2 knows fewer checksums than S3 (its page on S3 compatibility, 2026).
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )
        return self._client


def _prefix(domain: str) -> str:
    return f"ledger/{domain}/"
