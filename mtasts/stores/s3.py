"""The ledger in the stack's own S3 bucket, which is versioned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from mtasts.stores.objects import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtasts.cloud.aws import Account
    from mtasts.stores.objects import Listing

_Version: TypeAlias = tuple[str, str]


class S3Store(ObjectStore[_Version]):
    """`mtasts.recording.Store` in a versioned bucket; every method blocks.

    The oldest version of an entry is the entry: what somebody put over it or deleted changes
    nothing but is told.
    """

    listing = "list_object_versions"

    def __init__(self, account: Account, bucket: str, stack: str = "STACK") -> None:
        """Use ``bucket`` of ``account``; nothing is called yet."""
        super().__init__(bucket, stack)
        self._account = account

    def lock(self) -> None:
        """Nothing: the bucket's own policy keeps every version (`components.aws.policy_bucket`)."""

    def take(self, page: Mapping[str, Any], into: Listing[_Version]) -> None:
        """Add one page; of several versions of a key the oldest counts, which is listed last."""
        for version in page.get("Versions", []):
            key = version["Key"].removeprefix(into.prefix)
            if key in into.found:
                into.notes[key] = "was written over; what was there first counts"
            into.found[key] = (version["Key"], version["VersionId"])
            into.count(version["Size"])
        for marker in page.get("DeleteMarkers", []):
            key = marker["Key"].removeprefix(into.prefix)
            into.notes[key] = "was deleted; what was there before counts"
            into.count(0)

    def get(self, where: _Version, limit: int) -> bytes:
        """One object, in the version that was listed."""
        key, version = where
        answer = self.s3().get_object(
            Bucket=self.bucket, Key=key, VersionId=version, **self.owner()
        )
        body: bytes = answer["Body"].read(limit + 1)
        return body

    def owner(self) -> dict[str, str]:
        """The bucket has to be the account's own: names are everybody's, and may be another's."""
        return {"ExpectedBucketOwner": self._account.account_id()}

    def s3(self) -> Any:  # noqa: ANN401 - boto3's client
        """The account's client."""
        return self._account.client("s3")
