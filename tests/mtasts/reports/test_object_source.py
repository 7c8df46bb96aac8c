"""Buckets of S3 and R2, over a real S3 API."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from loopback import closed_port
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.s3.models import s3_backends

from mtasts.errors import UsageError
from mtasts.localcloud import moto_host
from mtasts.localcloud.moto_host import moto_running, session
from mtasts.reports.sources.objects import ObjectSource
from mtasts.reports.sources.source import FetchError, GoneError, Listed, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

# moto's state is global: one process, one account.
pytestmark = pytest.mark.xdist_group("moto-in-process")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto_running() as url:
        yield url


@pytest.fixture
def s3(url: str) -> Any:
    return session().client("s3", endpoint_url=url)


@pytest.fixture
def bucket(url: str) -> str:
    name = f"mtasts-{uuid.uuid4().hex[:12]}"
    moto_host.make_bucket(url, name)
    return name


def source_of(s3: Any, bucket: str, prefix: str = "mail/", **more: Any) -> ObjectSource:
    return ObjectSource(f"s3://{bucket}/{prefix}", bucket, prefix, lambda: s3, **more)


def test_every_object_below_the_prefix_is_listed_and_fetched(s3: Any, bucket: str) -> None:
    before = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
    s3.put_object(Bucket=bucket, Key="mail/b\x01\xfc", Body=b"bb")
    s3.put_object(Bucket=bucket, Key="mail/a", Body=b"{}")
    s3.put_object(Bucket=bucket, Key="mail/", Body=b"")
    s3.put_object(Bucket=bucket, Key="other/c", Body=b"c")
    source = source_of(s3, bucket)
    listed = list(source.keys("anything"))
    assert [each.key for each in listed] == ["mail/a", "mail/b\x01\xfc"]
    assert [each.size for each in listed] == [2, 2]
    assert listed[1].address == f"s3://{bucket}/mail/b\\x01\\xc3\\xbc"
    first, mailed = (source.fetch(each, 10) for each in listed)
    assert (first.raw, first.is_posted, first.is_arrival) == (b"{}", False, True)
    assert mailed.raw == b"bb"
    assert before < mailed.received < before + dt.timedelta(minutes=5)
    assert source.fetch(listed[1], 1).raw == b"bb"
    assert source.fetch(listed[1], 0).raw == b"b"
    source.close()


def test_what_the_inbox_stored_of_posts_is_told_from_mail(s3: Any, bucket: str) -> None:
    for key in ("https/2026/a", "mail/https/b"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"{}")
    source = source_of(s3, bucket, "")
    assert [source.fetch(each, 10).is_posted for each in source.keys("")] == [True, False]


def test_more_objects_than_a_page(s3: Any, bucket: str) -> None:
    backend = s3_backends[ACCOUNT_ID]["aws"]  # past HTTP, which takes 5 ms an object
    for number in range(1005):
        backend.put_object(bucket, f"mail/{number}", b"x")
    assert len(list(source_of(s3, bucket).keys(""))) == 1005


def test_an_object_that_is_written_over_is_another_version(s3: Any, bucket: str) -> None:
    source = source_of(s3, bucket)
    s3.put_object(Bucket=bucket, Key="mail/a", Body=b"1")
    (one,) = source.keys("")
    s3.put_object(Bucket=bucket, Key="mail/a", Body=b"2")
    (two,) = source.keys("")
    assert one.digest != two.digest
    s3.delete_object(Bucket=bucket, Key="mail/a")
    with pytest.raises(GoneError, match="deleted meanwhile"):
        source.fetch(two, 10)


def test_a_bucket_that_is_missing_is_told(s3: Any) -> None:
    with pytest.raises(SourceError, match="NoSuchBucket"):
        list(source_of(s3, "mtasts-nobodys").keys(""))


def test_a_bucket_of_another_account_is_refused(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="mail/a", Body=b"1")
    own = source_of(s3, bucket, owner=lambda: {"ExpectedBucketOwner": "123456789012"})
    others = source_of(s3, bucket, owner=lambda: {"ExpectedBucketOwner": "210987654321"})
    (listed,) = own.keys("")
    assert own.fetch(listed, 10).raw == b"1"
    with pytest.raises(SourceError, match="AccessDenied"):
        list(others.keys(""))
    with pytest.raises(FetchError, match="AccessDenied"):
        others.fetch(listed, 10)


def test_a_client_that_cannot_be_made(s3: Any, bucket: str) -> None:
    def refusing() -> dict[str, str]:
        raise UsageError("no credentials")

    with pytest.raises(UsageError, match="no credentials"):
        list(source_of(s3, bucket, owner=refusing).keys(""))


def test_nobody_answers(bucket: str) -> None:
    from botocore.config import Config

    away = session().client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{closed_port()}",
        config=Config(retries={"total_max_attempts": 1}),
    )
    source = source_of(away, bucket)
    with pytest.raises(SourceError, match="Could not connect"):
        list(source.keys(""))
    with pytest.raises(FetchError, match="Could not connect"):
        source.fetch(Listed("mail/a", "s3://b/mail/a", 1), 10)
    with pytest.raises(FetchError):
        source_of(away, "mtasts-nobodys").fetch(Listed("x", "s3://b/x", 1), 10)


def test_a_body_that_does_not_end_is_given_up(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="mail/a", Body=b"x" * 600_000)
    seconds = iter([0.0, 1.0, 200.0])
    source = source_of(s3, bucket, clock=lambda: next(seconds))
    with pytest.raises(FetchError, match="did not end within"):
        source.fetch(next(source.keys("")), 10**6)
