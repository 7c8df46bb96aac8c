"""The ledger in R2: S3's API, the local v4 API beside it, and nothing kept twice."""

from __future__ import annotations

import itertools
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from cloudflare_api import api, settings
from loopback import closed_port

from mtasts.cloud.cloudflare.account import CloudflareAccount, CloudflareSettings
from mtasts.cloud.cloudflare.ledger_store import R2Store
from mtasts.cloud.ledger_listing import OBJECT_BYTES
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import LedgerError
from mtasts.localcloud import moto_host
from mtasts.localcloud.cloudflare.api import Faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.localcloud.cloudflare.servers import CloudflareServers

DOMAIN = "example.gov"
# moto's state is global: one process, one account.
pytestmark = pytest.mark.xdist_group("moto-in-process")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto_host.moto_running() as url:
        yield url


@pytest.fixture
def bucket(url: str) -> str:
    name = f"mtasts-{uuid.uuid4().hex[:12]}"
    moto_host.make_bucket(url, name)
    return name


@contextmanager
def store(aws_url: str, bucket: str) -> Iterator[tuple[R2Store, CloudflareServers]]:
    connect = partial(moto_host.session().client, "s3", endpoint_url=aws_url)
    with api(connect) as servers:
        found = settings(servers.api.url)
        account = CloudflareAccount(
            CloudflareSettings(found.account_id, found.token, found.base_url, aws_url)
        )
        yield R2Store(account, bucket, "agency"), servers


def test_the_bucket_is_made_with_the_first_entry_and_each_is_written_once(
    url: str, bucket: str
) -> None:
    name = f"new-{bucket}"
    with store(url, name) as (ledger, servers):
        assert ledger.read(DOMAIN).entries == {}
        assert ledger.domains() == ()
        assert ledger.append(DOMAIN, 1, b"one")
        assert not ledger.append(DOMAIN, 1, b"another")
        assert ledger.append(DOMAIN, 2, b"two")
        assert ledger.append("other.example", 1, b"its own")
        assert ledger.read(DOMAIN).entries == {1: b"one", 2: b"two"}
        assert ledger.domains() == (DOMAIN, "other.example")
        assert list(servers.account.buckets) == [name]
        for _ in range(2):
            ledger.lock()
        rules = servers.account.buckets[name].lock
        assert [each["prefix"] for each in rules] == ["ledger/", "emergency/"]
        assert all(each["condition"] == {"type": "Indefinite"} for each in rules)


def test_a_bucket_that_lost_its_locks_is_guarded_again(url: str, bucket: str) -> None:
    with store(url, f"guarded-{bucket}") as (ledger, servers):
        assert not ledger.is_guarded()
        ledger.guard()
        assert ledger.is_guarded()
        found = servers.account.buckets[ledger.bucket].lock
        servers.account.buckets[ledger.bucket].lock = found[:1]
        assert not ledger.is_guarded()
        ledger._is_locked = False  # as for the next run
        ledger.guard()
        assert ledger.is_guarded()
        servers.api.faults = Faults(lacking=frozenset({"Workers R2 Storage Read"}))
        with pytest.raises(UndeterminedError, match="the lock of the bucket"):
            ledger.is_guarded()


class Counting(CloudflareAccount):
    """An account that notes what it was asked for."""

    def __init__(self, settings: CloudflareSettings) -> None:
        super().__init__(settings)
        self.asked: list[str] = []

    def find(self, path: str) -> Any:
        self.asked.append(path)
        return super().find(path)


def test_the_lock_is_seen_to_once_a_run_and_again_after_a_failure(url: str, bucket: str) -> None:
    with store(url, f"once-{bucket}") as (ledger, servers):
        servers.api.faults = Faults(lacking=frozenset({"Workers R2 Storage Read"}))
        with pytest.raises(UndeterminedError, match="the lock of the bucket"):
            ledger.lock()
        servers.api.faults = Faults()
        counting = Counting(ledger._account.settings)
        again = R2Store(counting, ledger.bucket, "agency")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: again.lock(), range(8)))
        assert len(counting.asked) == 1


def test_the_lock_stands_before_there_is_an_entry(url: str, bucket: str) -> None:
    name = f"first-{bucket}"
    with store(url, name) as (ledger, servers):
        ledger.lock()
        ledger._is_locked = False  # as for the next run
        ledger.lock()
        assert len(servers.account.buckets[name].lock) == 2
        assert ledger.read(DOMAIN).entries == {}


def test_what_somebody_chose_is_removed_and_what_r2_refuses_is_told(url: str, bucket: str) -> None:
    with store(url, bucket) as (ledger, _):
        for number in (1, 2):
            ledger.append(DOMAIN, number, b"x")
        found = ledger.all_objects(DOMAIN)
        assert (found.entries, found.superfluous) == ({1: b"x", 2: b"x"}, frozenset())
        ledger.remove(found.objects["2.json"])
        assert ledger.read(DOMAIN).entries == {1: b"x"}
        ledger.bucket = "no-such-bucket"
        with pytest.raises(UndeterminedError, match="whose lock rules mtasts-ledger and mtasts-em"):
            ledger.remove(["x"])


def test_what_is_no_entry_is_passed_over(url: str, bucket: str) -> None:
    moto_host.session().client("s3", endpoint_url=url).put_object(
        Bucket=bucket, Key=f"ledger/{DOMAIN}/notes.txt", Body=b"x"
    )
    with store(url, bucket) as (ledger, _):
        assert ledger.read(DOMAIN).entries == {}


def test_a_lock_that_cannot_be_set_is_told(url: str, bucket: str) -> None:
    with store(url, bucket) as (ledger, servers):
        servers.api.faults = Faults(lacking=frozenset({"Workers R2 Storage Read"}))
        with pytest.raises(UndeterminedError, match="the lock of the bucket"):
            ledger.lock()


def test_without_keys_nothing_is_known(url: str, bucket: str) -> None:
    with store(url, bucket) as (ledger, _):
        ledger._account = CloudflareAccount(settings(ledger._account.settings.base_url, "another"))
        with pytest.raises(UndeterminedError, match="the ledger of example"):
            ledger.read(DOMAIN)
        with pytest.raises(UndeterminedError, match="the ledger of example"):
            ledger.append(DOMAIN, 1, b"x")
        with pytest.raises(UndeterminedError, match="the ledgers in mtasts"):
            ledger.domains()


class _Broken:
    """An S3 that refuses, or is not there."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def put_object(self, **_: object) -> None:
        raise self._error

    def get_paginator(self, _: str) -> Any:
        raise self._error


def errors() -> list[Exception]:
    from botocore.exceptions import ClientError, EndpointConnectionError  # slow

    denied = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    return [
        ClientError(denied, "PutObject"),  # type: ignore[arg-type] # botocore's shape
        EndpointConnectionError(endpoint_url=f"http://127.0.0.1:{closed_port()}"),
    ]


@pytest.mark.parametrize("which", [0, 1], ids=["refused", "not there"])
def test_what_r2_does_not_tell_is_not_known(which: int) -> None:
    ledger = R2Store(CloudflareAccount(settings("http://127.0.0.1:1")), "b", "agency")
    ledger._client = _Broken(errors()[which])
    with pytest.raises(UndeterminedError):
        ledger.read(DOMAIN)
    with pytest.raises(UndeterminedError):
        ledger.append(DOMAIN, 1, b"x")
    with pytest.raises(UndeterminedError):
        ledger.domains()


def test_a_ledger_without_end_is_refused() -> None:
    """However small its objects are."""

    class SmallStore(R2Store):
        ledger_max_bytes = 3000 * OBJECT_BYTES  # of a million objects

    class Endless:
        def get_paginator(self, _: str) -> Any:
            return self

        def paginate(self, **_: object) -> Iterator[dict[str, Any]]:
            for begin in itertools.count(1, 1000):
                keys = [f"ledger/{DOMAIN}/{n}.json" for n in range(begin, begin + 1000)]
                yield {"Contents": [{"Key": key, "Size": 0} for key in keys]}

    ledger = SmallStore(CloudflareAccount(settings("http://127.0.0.1:1")), "b", "agency")
    ledger._client = Endless()
    with pytest.raises(LedgerError, match="more than"):
        ledger.read(DOMAIN)
