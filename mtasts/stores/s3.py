"""The ledger in the stack's own S3 bucket, which is versioned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from mtasts.rollout.entries import ENTRY_MAX_BYTES, LedgerError
from mtasts.stores.objects import ObjectStore, number_of, prefix, require_bounded

if TYPE_CHECKING:
    from mtasts.cloud.aws import Account

_Version: TypeAlias = tuple[str, str]


class S3Store(ObjectStore[_Version]):
    """`mtasts.recording.Store` in a versioned bucket; every method blocks.

    The oldest version of an entry is the entry: what somebody put over it or deleted changes
    nothing but is told.
    """

    listing = "list_object_versions"

    def __init__(self, account: Account, bucket: str) -> None:
        """Use ``bucket`` of ``account``; nothing is called yet."""
        super().__init__(bucket)
        self._account = account

    def lock(self) -> None:
        """Nothing: the bucket's own policy keeps every version (`components.aws.policy_bucket`)."""

    def find(self, domain: str) -> dict[int, _Version]:
        """Key and version of each entry; raises `LedgerError` where there is more than one."""
        found: dict[int, list[_Version]] = {}
        pages = self.s3().get_paginator(self.listing)
        for page in pages.paginate(Bucket=self.bucket, Prefix=prefix(domain)):
            for deleted in page.get("DeleteMarkers", []):
                raise LedgerError(
                    f"{deleted['Key']} of the bucket {self.bucket} was deleted: remove the delete "
                    "marker, so that the ledger is whole again"
                )
            for version in page.get("Versions", []):
                number = number_of(version["Key"], domain)
                if number is not None:
                    found.setdefault(number, []).append((version["Key"], version["VersionId"]))
            require_bounded(found, domain)
        for versions in found.values():
            if len(versions) > 1:
                raise LedgerError(
                    f"{versions[0][0]} of the bucket {self.bucket} was written over: delete the "
                    "newer version, so that the entry is what it was"
                )
        return {number: versions[0] for number, versions in found.items()}

    def read(self, where: _Version) -> bytes:
        """One entry, in the version that was found."""
        key, version = where
        answer = self.s3().get_object(Bucket=self.bucket, Key=key, VersionId=version)
        body: bytes = answer["Body"].read(ENTRY_MAX_BYTES + 1)
        return body

    def s3(self) -> Any:  # noqa: ANN401 - boto3's client
        """The account's client."""
        return self._account.client("s3")
