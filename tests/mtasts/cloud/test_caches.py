"""CloudFront's caches: purged to completion, and older copies counted by S3's own clock."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, cast

import pytest

from mtasts.cloud.aws.caches import CloudFrontCaches, PurgeError

if TYPE_CHECKING:
    from mtasts.cloud.aws.account import Account as AwsAccount

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
KEY = "policy/example.gov/.well-known/mta-sts.txt"


class CloudFront:
    """Answers with these statuses in turn, the last for ever."""

    def __init__(self, *statuses: str) -> None:
        self.statuses = list(statuses)
        self.batches: list[Any] = []

    def create_invalidation(self, **request: Any) -> Any:
        self.batches.append(request)
        return {"Invalidation": {"Id": "I1"}}

    def get_invalidation(self, **request: Any) -> Any:
        assert request == {"DistributionId": "E1", "Id": "I1"}
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return {"Invalidation": {"Status": status}}


class S3:
    """Versions, the newest first: seconds ago, etag, Cache-Control."""

    def __init__(
        self,
        *versions: tuple[float, str, str],
        other_key: bool = False,
        is_truncated: bool = False,
    ) -> None:
        self.versions = versions
        self.is_truncated = is_truncated
        self.other_key = other_key
        self.heads: list[str] = []

    def list_object_versions(self, **request: Any) -> Any:
        assert request["Prefix"] == KEY
        listed = [
            {
                "Key": KEY,
                "VersionId": str(number),
                "ETag": etag,
                "LastModified": NOW - dt.timedelta(seconds=ago),
            }
            for number, (ago, etag, _) in enumerate(self.versions)
        ]
        if self.other_key:
            listed.append({"Key": f"{KEY}.bak", "VersionId": "x", "ETag": "x"})
        date = format_datetime(NOW, usegmt=True)
        answer: dict[str, Any] = {
            "ResponseMetadata": {"HTTPHeaders": {"date": date}},
            "IsTruncated": self.is_truncated,
        }
        return answer | ({"Versions": listed} if listed else {})

    def head_object(self, **request: Any) -> Any:
        self.heads.append(request["VersionId"])
        control = self.versions[int(request["VersionId"])][2]
        return {"CacheControl": control} if control else {}


class Account:
    """The two clients."""

    def __init__(self, cloudfront: CloudFront, s3: S3) -> None:
        self.clients = {"cloudfront": cloudfront, "s3": s3}

    def client(self, service: str) -> Any:
        return self.clients[service]

    def owner(self) -> dict[str, str]:
        return {"ExpectedBucketOwner": "123456789012"}


class Clock:
    """Time that only pauses pass."""

    now = 0.0

    async def pause(self, seconds: float) -> None:
        self.now += seconds


def caches(cloudfront: CloudFront | None = None, s3: S3 | None = None) -> CloudFrontCaches:
    clock = Clock()
    return CloudFrontCaches(
        cast("AwsAccount", Account(cloudfront or CloudFront("Completed"), s3 or S3())),
        distribution_id="E1",
        bucket="b",
        key=KEY,
        pause=clock.pause,
        clock=lambda: clock.now,
    )


@pytest.mark.parametrize("word", ["Completed", "COMPLETED"])
async def test_a_purge_returns_when_cloudfront_says_that_all_is_dropped(word: str) -> None:
    cloudfront = CloudFront("InProgress", "InProgress", word)
    await caches(cloudfront).purge(60)
    (batch,) = cloudfront.batches
    assert batch["InvalidationBatch"]["Paths"]["Items"] == ["/.well-known/mta-sts.txt"]


async def test_each_purge_has_a_reference_of_its_own() -> None:
    cloudfront = CloudFront("Completed")
    for _ in range(2):
        await caches(cloudfront).purge(60)
    references = {each["InvalidationBatch"]["CallerReference"] for each in cloudfront.batches}
    assert len(references) == 2


async def test_a_purge_that_does_not_complete_is_an_error_that_says_so() -> None:
    with pytest.raises(PurgeError, match=r"invalidation I1 of distribution E1 within 60 s"):
        await caches(CloudFront("InProgress")).purge(60)


@pytest.mark.parametrize(
    ("versions", "seconds"),
    [
        pytest.param([], 0, id="no-object"),
        pytest.param([(5, "a", "max-age=60")], None, id="first-body"),
        pytest.param([(5, "b", "max-age=1"), (500, "a", "max-age=60")], 56, id="just-replaced"),
        pytest.param([(70, "b", "max-age=60"), (500, "a", "max-age=60")], 0, id="lapsed"),
        pytest.param([(5, "a", "max-age=60"), (9, "a", "max-age=60")], None, id="same-body"),
        pytest.param(
            [(5, "a", "max-age=60"), (9, "b", "max-age=60"), (20, "a", "max-age=60")],
            56,
            id="there-and-back",
        ),
        pytest.param(
            [(5, "c", "max-age=60"), (9, "b", "max-age=10"), (20, "a", "max-age=300")],
            292,
            id="the-longest-counts",
        ),
        pytest.param([(5, "b", "max-age=60"), (9, "a", "")], 86_396, id="no-word-is-a-day"),
        pytest.param([(90_000, "b", "x"), (99_000, "a", "")], 0, id="older-than-a-day"),
        pytest.param([(5, "b", ""), (9, "a", "s-maxage=9, max-age=20")], 16, id="several-words"),
    ],
)
async def test_older_copies_lapse_by_their_own_lifetime(
    versions: list[tuple[float, str, str]], seconds: float | None
) -> None:
    assert await caches(s3=S3(*versions)).seconds_until_lapsed() == seconds


async def test_another_object_with_the_same_beginning_does_not_count() -> None:
    s3 = S3((5, "a", "max-age=60"), other_key=True)
    assert await caches(s3=s3).seconds_until_lapsed() is None


async def test_of_a_list_that_was_cut_off_it_is_not_said_that_there_never_was_another() -> None:
    s3 = S3((5, "a", "max-age=60"), is_truncated=True)
    assert await caches(s3=s3).seconds_until_lapsed() == 0


async def test_versions_replaced_long_ago_are_not_asked_for() -> None:
    s3 = S3((90_000, "b", ""), (99_000, "a", ""))
    await caches(s3=s3).seconds_until_lapsed()
    assert s3.heads == []
