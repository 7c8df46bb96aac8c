"""The ledger in R2, by its S3 API.

R2 keeps no versions. A lock on the bucket keeps entries from being written over or deleted, where
S3 would tell of it. The bucket is made when the first entry is written and is no resource of the
stack: an R2 bucket cannot be deleted with what it holds, so a destroyed stack would leave one
behind that the next run could not make again.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mtasts.cloud.cloudflare.account import CloudflareError
from mtasts.cloud.ledger_objects import ObjectStore
from mtasts.cloud.refusals import as_store_error, is_no_bucket
from mtasts.errors import UndeterminedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mtasts.cloud.cloudflare.account import CloudflareAccount
    from mtasts.cloud.ledger_listing import Listing

_LOCKS = tuple(
    {
        "id": f"mtasts-{name}",
        "prefix": f"{name}/",
        "enabled": True,
        "condition": {"type": "Indefinite"},
    }
    for name in ("ledger", "emergency")
)
_REGION = "auto"  # R2 knows no other


class R2Store(ObjectStore[str]):
    """`mtasts.ledger.recorder.Store` in a bucket of R2; every method blocks."""

    listing = "list_objects_v2"

    def __init__(self, account: CloudflareAccount, bucket: str, stack: str) -> None:
        """Use ``bucket`` of ``account``; nothing is called yet."""
        super().__init__(bucket, stack)
        self._account = account
        self._guard = threading.Lock()
        self._client: Any = None
        self._locking = threading.Lock()
        self._is_locked = False

    def lock(self) -> None:
        """Keep entries and notes from being written over or deleted, for ever.

        The bucket is made first.

        Every domain asks for it in every run, and Cloudflare counts calls: so it is seen to once.

        Raises:
            UndeterminedError: Cloudflare did not do so, or did not tell.
        """
        with self._locking:
            if not self._is_locked:
                self._lock()
                self._is_locked = True

    def is_guarded(self) -> bool:
        """Whether the bucket has its locks; raises `UndeterminedError`."""
        with self._called(f"the lock of the bucket {self.bucket}"):
            return not _lacking(self._account.find(self._lock_path))

    def guard(self) -> None:
        """Set the locks that it lacks, as `lock` does."""
        self.lock()

    def _lock(self) -> None:
        with self._called(f"the lock of the bucket {self.bucket}"):
            found = self._account.find(self._lock_path)
            if found is None:
                self._make_bucket()
            if missing := _lacking(found):
                rules = (found or {}).get("rules") or []
                self._account.put(self._lock_path, {"rules": [*rules, *missing]})

    @property
    def _lock_path(self) -> str:
        return f"{self._account.path}/r2/buckets/{self.bucket}/lock"

    @contextmanager
    def _called(self, what: str) -> Iterator[None]:
        """Turn what Cloudflare's API refuses, or does not answer, into `UndeterminedError`."""
        try:
            yield
        except CloudflareError as error:
            raise UndeterminedError(f"{what}: {error}") from error

    def _make_bucket(self) -> None:
        with self._called(f"the bucket {self.bucket}"):
            self._account.make(f"{self._account.path}/r2/buckets", {"name": self.bucket})

    def put(self, key: str, content: bytes) -> None:
        """Write one object unless it exists; the bucket is made for the first.

        Raises:
            ClientError: the object exists, or R2 refuses it; `mtasts.cloud.refusals` says which.
        """
        from botocore.exceptions import ClientError  # a quarter of a second

        try:
            super().put(key, content)
        except ClientError as error:
            if not is_no_bucket(error):
                raise
            self._make_bucket()
            super().put(key, content)

    def take(self, page: Mapping[str, Any], into: Listing[str]) -> None:
        """Add one page."""
        for each in page.get("Contents", []):
            into.found[each["Key"].removeprefix(into.prefix)] = each["Key"]
            into.count(each["Size"])

    def get(self, where: str, limit: int) -> bytes:
        """One object."""
        answer = self.s3().get_object(Bucket=self.bucket, Key=where)
        body: bytes = answer["Body"].read(limit + 1)
        return body

    def remove(self, objects: Sequence[str]) -> None:
        """Delete objects; R2 refuses that while the bucket has its lock rules.

        Raises:
            UndeterminedError: R2 refused, or not all were deleted.
        """
        names = " and ".join(str(each["id"]) for each in _LOCKS)
        with as_store_error(
            f"the bucket {self.bucket}; its lock rules {names} have to be off meanwhile"
        ):
            for key in objects:
                self.s3().delete_object(Bucket=self.bucket, Key=key)

    def s3(self) -> Any:  # noqa: ANN401 - boto3's client
        """The client, made once, whose keys Cloudflare derives from the token."""
        with self._guard:
            if self._client is None:
                self._client = self._make()
            return self._client

    def _make(self) -> Any:  # noqa: ANN401 - as `s3`
        import boto3  # costs 0.2 s
        from botocore.config import Config  # as above

        with self._called("the keys of R2"):
            access, secret = self._account.r2_keys()
        session = boto3.Session(aws_access_key_id=access, aws_secret_access_key=secret)
        return session.client(
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


def _lacking(found: Mapping[str, Any] | None) -> list[dict[str, object]]:
    """The locks that a bucket does not have, or has no more."""
    rules = (found or {}).get("rules") or []
    return [each for each in _LOCKS if each not in rules]
