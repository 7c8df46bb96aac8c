"""The ledger in a bucket of R2, through its S3 API.

R2 has no object versions, so lock rules of the bucket protect entries from being overwritten or
deleted. The bucket is created with the first entry and is no resource of the stack: an R2 bucket
with objects cannot be deleted, so a destroyed stack would leave a bucket that the next run could
not create again.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mtasts.cloud.cloudflare.account import CloudflareError
from mtasts.cloud.cloudflare.r2 import r2_client
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


class R2Store(ObjectStore[str]):
    """`mtasts.ledger.run_cache.Store` in a bucket of R2; every method blocks."""

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
        """Set the lock rules for entries and notes, without an end; create the bucket if needed.

        Every domain of a run calls it, and Cloudflare limits calls, so only the first does work.

        Raises:
            UndeterminedError: Cloudflare refused or did not answer.
        """
        with self._locking:
            if not self._is_locked:
                self._lock()
                self._is_locked = True

    def is_guarded(self) -> bool:
        """Whether the bucket has its lock rules.

        Raises:
            UndeterminedError: Cloudflare refused or did not answer.
        """
        with self._called(f"the lock of the bucket {self.bucket}"):
            return not _lacking(self._account.find(self._lock_path))

    def guard(self) -> None:
        """Set the lock rules that the bucket lacks; raises as `lock`."""
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
        """Turn an error of the API into an `UndeterminedError` that begins with ``what``."""
        try:
            yield
        except CloudflareError as error:
            raise UndeterminedError(f"{what}: {error}") from error

    def _make_bucket(self) -> None:
        with self._called(f"the bucket {self.bucket}"):
            self._account.make(f"{self._account.path}/r2/buckets", {"name": self.bucket})

    def put(self, key: str, content: bytes) -> None:
        """Write one object unless it exists; create the bucket if there is none.

        Raises:
            ClientError: the object exists, or R2 refused; `mtasts.cloud.refusals` tells them apart.
            UndeterminedError: the bucket could not be created.
        """
        from botocore.exceptions import ClientError  # late: takes 0.25 s

        try:
            super().put(key, content)
        except ClientError as error:
            if not is_no_bucket(error):
                raise
            self._make_bucket()
            super().put(key, content)

    def take(self, page: Mapping[str, Any], into: Listing[str]) -> None:
        """Add one page of a listing."""
        for each in page.get("Contents", []):
            into.found[each["Key"].removeprefix(into.prefix)] = each["Key"]
            into.count(each["Size"])

    def get(self, place: str, limit: int) -> bytes:
        """The content of one object, at most ``limit`` bytes and one more."""
        answer = self.s3().get_object(Bucket=self.bucket, Key=place)
        body: bytes = answer["Body"].read(limit + 1)
        return body

    def remove(self, objects: Sequence[str]) -> None:
        """Delete objects; R2 refuses that while the bucket has its lock rules.

        Raises:
            UndeterminedError: R2 refused, or not all were deleted.
        """
        names = " and ".join(str(each["id"]) for each in _LOCKS)
        with as_store_error(
            f"the bucket {self.bucket}, whose lock rules {names} must be off during a repair"
        ):
            for key in objects:
                self.s3().delete_object(Bucket=self.bucket, Key=key)

    def s3(self) -> Any:  # noqa: ANN401 - botocore's client
        """The botocore client of R2, made once, with the keys that belong to the token.

        Raises:
            UndeterminedError: Cloudflare refused or did not answer.
        """
        with self._guard:
            if self._client is None:
                with self._called("the keys of R2"):
                    self._client = r2_client(self._account)
            return self._client


def _lacking(found: Mapping[str, Any] | None) -> list[dict[str, object]]:
    """The lock rules that are missing or were changed."""
    rules = (found or {}).get("rules") or []
    return [each for each in _LOCKS if each not in rules]
