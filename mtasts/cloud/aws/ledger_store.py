"""The ledger in the stack's own S3 bucket, which is versioned."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, TypeAlias

from mtasts.cloud.aws.ledger_protection import LEDGER_IS_KEPT, ledger_statements
from mtasts.cloud.ledger_objects import ObjectStore
from mtasts.cloud.refusals import as_store_error
from mtasts.errors import UndeterminedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mtasts.cloud.aws.account import Account
    from mtasts.cloud.ledger_listing import Listing

_Version: TypeAlias = tuple[str, str]

_PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)


class S3Store(ObjectStore[_Version]):
    """`mtasts.ledger.run_cache.Store` in a versioned bucket; every method blocks.

    The oldest version of an object is used. A later version or a delete marker changes nothing, and
    is reported.
    """

    listing = "list_object_versions"

    def __init__(
        self,
        account: Account,
        bucket: str,
        stack: str,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Use ``bucket`` of ``account``; nothing is called yet."""
        super().__init__(bucket, stack)
        self._account = account
        self._pause = pause

    def lock(self) -> None:
        """No-op: the bucket policy protects every version (`components.aws.policy_bucket`)."""

    def take(self, page: Mapping[str, Any], into: Listing[_Version]) -> None:
        """Add one page; of several versions of a key, the oldest is used, which is listed last."""
        for version in page.get("Versions", []):
            key = version["Key"].removeprefix(into.prefix)
            if key in into.found:
                into.notes[key] = "was overwritten; mtasts reads the first version"
                into.extra.setdefault(key, []).append(into.found[key])
            into.found[key] = (version["Key"], version["VersionId"])
            into.count(version["Size"])
        for marker in page.get("DeleteMarkers", []):
            key = marker["Key"].removeprefix(into.prefix)
            into.notes[key] = "was deleted; mtasts reads the deleted version"
            into.extra.setdefault(key, []).append((marker["Key"], marker["VersionId"]))
            into.count(0)

    def get(self, place: _Version, limit: int) -> bytes:
        """One object, in the version that was listed."""
        key, version = place
        answer = self.s3().get_object(
            Bucket=self.bucket, Key=key, VersionId=version, **self.owner()
        )
        body: bytes = answer["Body"].read(limit + 1)
        return body

    def remove(self, objects: Sequence[_Version]) -> None:
        """Delete versions; meanwhile the bucket policy lacks the statement that denies this.

        The former policy is restored afterwards, also after an error.
        """
        with as_store_error(f"the bucket {self.bucket}"):
            before = self._policy()
            statements = [each for each in before if each.get("Sid") != LEDGER_IS_KEPT]
            lifted = len(statements) < len(before)
            if lifted:
                self._put_policy(statements)
            try:
                for key, version in objects:
                    self._delete(key, version)
            finally:
                if lifted:
                    self._put_back(before)

    def is_guarded(self) -> bool:
        """Whether the bucket policy denies everybody the deletion of ledgers."""
        with as_store_error(f"the policy of the bucket {self.bucket}"):
            return self._guard_statements().keys() <= {each.get("Sid") for each in self._policy()}

    def guard(self) -> None:
        """Add the statements that the policy lacks, for example after a repair was killed."""
        with as_store_error(f"the policy of the bucket {self.bucket}"):
            statements = self._guard_statements()
            others = [each for each in self._policy() if each.get("Sid") not in statements]
            self._put_policy([*statements.values(), *others])

    def _guard_statements(self) -> dict[object, dict[str, object]]:
        """The statements that protect ledgers, by statement id."""
        statements = ledger_statements(f"arn:aws:s3:::{self.bucket}", keep=True)
        return {each["Sid"]: each for each in statements}

    def _put_back(self, statements: list[dict[str, Any]]) -> None:
        """Restore the policy.

        Raises:
            UndeterminedError: S3 refused or did not answer; the text has the command to run.
        """
        from botocore.exceptions import (  # late: takes 0.25 s
            BotoCoreError,
            ClientError,
        )

        try:
            self._put_policy(statements)
        except (BotoCoreError, ClientError) as error:
            raise UndeterminedError(
                f"its policy could not be restored ({error}), so it lacks the statement "
                f"{LEDGER_IS_KEPT}, and entries of the ledger can be deleted until "
                f"pulumi up --refresh -s {self.stack} restores it"
            ) from error

    def _policy(self) -> list[dict[str, Any]]:
        """The statements of the bucket policy; none if it has no policy.

        Raises:
            ClientError: AWS refused for another reason.
        """
        from botocore.exceptions import ClientError  # late: takes 0.25 s

        try:
            found = self.s3().get_bucket_policy(Bucket=self.bucket, **self.owner())["Policy"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchBucketPolicy":
                return []
            raise
        return list(json.loads(found)["Statement"])

    def _put_policy(self, statements: list[dict[str, Any]]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.s3().put_bucket_policy(Bucket=self.bucket, Policy=document, **self.owner())

    def _delete(self, key: str, version: str) -> None:
        """Delete one version; a changed bucket policy takes effect after some seconds.

        Raises:
            ClientError: AWS still refuses after the last pause, or refuses for another reason.
        """
        from botocore.exceptions import ClientError  # as above

        one = {"Bucket": self.bucket, "Key": key, "VersionId": version, **self.owner()}
        for pause in _PAUSES_SECONDS:
            try:
                self.s3().delete_object(**one)
            except ClientError as error:
                if error.response["Error"]["Code"] != "AccessDenied":
                    raise
                self._pause(pause)
            else:
                return
        self.s3().delete_object(**one)

    def owner(self) -> dict[str, str]:
        """The parameter with which S3 refuses a bucket of another account."""
        return self._account.owner()

    def s3(self) -> Any:  # noqa: ANN401 - botocore's client
        """The account's client."""
        return self._account.client("s3")
