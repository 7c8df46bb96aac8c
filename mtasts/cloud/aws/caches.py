"""CloudFront's caches of one policy: invalidation, and when older copies have expired."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
import uuid
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from mtasts.errors import MtaStsError
from mtasts.policy import POLICY_PATH
from mtasts.threads import in_thread

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Awaitable, Callable

    from mtasts.cloud.aws.account import Account

# An invalidation takes a minute or more at CloudFront and no time in the local cloud.
_POLL_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 10)
# Older versions are not looked at: their copies expire before those of their successors.
_VERSIONS_MAX = 20
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age=(\d{1,9})(?:$|[,\s])", re.IGNORECASE)
# Seconds. CloudFront's managed policy CachingOptimized keeps an object without Cache-Control for a
# day; mtasts writes no object with more than an hour.
_LIFETIME_MAX = 86_400
# S3 gives times in whole seconds.
_GRANULARITY_SECONDS = 1.0


class PurgeError(MtaStsError):
    """An invalidation did not complete in time: caches may still have an older body."""


class CloudFrontCaches:
    """The caches of one distribution; the policy's versions in S3 show what they may hold."""

    def __init__(
        self,
        account: Account,
        *,
        distribution_id: str,
        bucket: str,
        key: str,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Act on ``distribution_id``, whose origin serves ``key`` of ``bucket``."""
        self._account = account
        self._distribution_id = distribution_id
        self._bucket = bucket
        self._key = key
        self._pause = pause
        self._clock = clock

    settle_seconds = 0.0
    """No wait after a purge: CloudFront reports when an invalidation is complete."""

    async def purge(self, within_seconds: float) -> None:
        """Invalidate the policy and wait until CloudFront reports that it is complete.

        One to five minutes are usual; ten to forty happen.

        Raises:
            PurgeError: CloudFront did not report completion within ``within_seconds``.
            ClientError, BotoCoreError: CloudFront refused or did not answer.
        """
        cloudfront = self._account.client("cloudfront")
        made = await in_thread(
            cloudfront.create_invalidation,
            DistributionId=self._distribution_id,
            InvalidationBatch={
                "Paths": {"Quantity": 1, "Items": [POLICY_PATH]},
                # CloudFront answers a reference that it knows with the earlier invalidation.
                "CallerReference": f"mtasts-{uuid.uuid4()}",
            },
        )
        id_ = made["Invalidation"]["Id"]
        end = self._clock() + within_seconds
        tries = 0
        while True:
            found = await in_thread(
                cloudfront.get_invalidation, DistributionId=self._distribution_id, Id=id_
            )
            # botocore's waiter compares the exact word "Completed"; moto writes it in capitals.
            if found["Invalidation"]["Status"].lower() == "completed":
                return
            pause = _POLL_SECONDS[min(tries, len(_POLL_SECONDS) - 1)]
            tries += 1
            if self._clock() + pause > end:
                raise PurgeError(
                    f"CloudFront has not completed invalidation {id_} of distribution "
                    f"{self._distribution_id} within {within_seconds:.0f} s"
                )
            await self._pause(pause)

    async def seconds_until_lapsed(self) -> float | None:
        """Seconds until the cached copies of every other body have passed their ``max-age``.

        None if the bucket has no version with another body; a version that was deleted for good is
        not known.

        An invalidation alone is not enough: a point of presence that was fetching the old body
        meanwhile may store it afterwards, and an invalidation does not reach caches outside
        CloudFront.

        Raises:
            ClientError, BotoCoreError: S3 refused or did not answer.
        """
        return await in_thread(self._remaining)

    def _remaining(self) -> float | None:
        s3 = self._account.client("s3")
        answer = s3.list_object_versions(
            Bucket=self._bucket,
            Prefix=self._key,
            MaxKeys=_VERSIONS_MAX,
            **self._account.owner(),
        )
        now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        versions = [each for each in answer.get("Versions", []) if each["Key"] == self._key]
        if len({each["ETag"] for each in versions}) == 1 and not answer["IsTruncated"]:
            return None
        return max(
            (self._lapse(s3, old, new, now) for new, old in _replaced(versions)), default=0.0
        )

    def _lapse(self, s3: Any, old: Any, new: Any, now: dt.datetime) -> float:  # noqa: ANN401 - botocore's shapes
        elapsed_seconds = float((now - new["LastModified"]).total_seconds())
        if elapsed_seconds > _LIFETIME_MAX:
            return 0.0
        head = s3.head_object(
            Bucket=self._bucket,
            Key=self._key,
            VersionId=old["VersionId"],
            **self._account.owner(),
        )
        age = _MAX_AGE.search(head.get("CacheControl", ""))
        lifetime = int(age[1]) if age else _LIFETIME_MAX
        return max(0.0, lifetime + _GRANULARITY_SECONDS - elapsed_seconds)


def _replaced(versions: list[Any]) -> list[tuple[Any, Any]]:
    """Pairs of a version that differs from the newest one, and the version that replaced it.

    ``versions`` begins with the newest, as S3 lists them. A pair is (replacement, older version).
    """
    return [
        (new, old)
        for new, old in itertools.pairwise(versions)
        if old["ETag"] != versions[0]["ETag"]
    ]
