"""What was handed out, read from the bucket."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from fake_account import FakeAccount
from loopback import closed_port

from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.handouts import Handouts, handout_key
from mtasts.errors import UndeterminedError
from mtasts.localcloud import moto_host
from mtasts.rollout.handover import HandedOutRecord, HandoverError, render_handed

if TYPE_CHECKING:
    from collections.abc import Iterator

# moto's state is global: one process, one account.
pytestmark = pytest.mark.xdist_group("moto-in-process")
ROW = HandedOutRecord("mta-sts.example.gov", "CNAME", "d1.cloudfront.net")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto_host.moto_running() as url:
        yield url


def account(url: str) -> Account:
    settings = AwsSettings(
        "us-east-1", access_key="local", secret_key="local", endpoints={"s3": url, "sts": url}
    )
    return Account(settings, attempts_max=1)


def test_it_is_read_as_it_was_written_and_none_is_none(url: str) -> None:
    bucket = f"b-{uuid.uuid4().hex}"
    assert Handouts(account(url), bucket).read("example.gov") == ()
    moto_host.make_bucket(url, bucket)
    found = Handouts(account(url), bucket)
    assert found.read("example.gov") == ()
    s3 = moto_host.session().client("s3", endpoint_url=url)
    key = handout_key("example.gov")
    s3.put_object(Bucket=bucket, Key=key, Body=render_handed("example.gov", [ROW]).encode())
    assert found.read("example.gov") == (ROW,)
    s3.put_object(Bucket=bucket, Key=key, Body=b"<html>")
    with pytest.raises(HandoverError):
        found.read("example.gov")


def test_what_s3_does_not_tell_is_not_known() -> None:
    nobody = FakeAccount(account(f"http://127.0.0.1:{closed_port()}").settings)
    with pytest.raises(UndeterminedError, match="the handed-out records of"):
        Handouts(nobody, "b").read("example.gov")
    from botocore.exceptions import ClientError  # slow

    class Denied:
        def get_object(self, **_: object) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

    found = FakeAccount(clients={"s3": Denied()})
    with pytest.raises(UndeterminedError, match="AccessDenied"):
        Handouts(found, "b").read("example.gov")
