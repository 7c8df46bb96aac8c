"""The function of an inbox: a report is stored before it is answered, and nothing else is."""

from __future__ import annotations

import base64
import hashlib
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pytest
from inbox_requests import GZIP, JSON, REFUSED, TAKEN, Posted

from mtasts.components.aws import inbox_endpoint
from mtasts.components.aws.inbox_endpoint import BODY_MAX_BYTES, handler
from mtasts.localcloud.moto_host import make_bucket, moto_running, session

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.xdist_group("moto-in-process")

BUCKET = "mtasts-inbox"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto_running() as found:
        make_bucket(found, BUCKET)
        yield found


@pytest.fixture(autouse=True)
def _environment(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "BUCKET": BUCKET,
        "ACCOUNT": "123456789012",
    }.items():
        monkeypatch.setenv(name, value)
    inbox_endpoint._s3.cache_clear()
    yield
    inbox_endpoint._s3.cache_clear()


def event(
    body: bytes | None, media_type: str | None = GZIP, method: str = "POST"
) -> dict[str, Any]:
    """A request as a function URL hands it over: base64, but for JSON and texts."""
    made: dict[str, Any] = {
        "requestContext": {"http": {"method": method, "sourceIp": "192.0.2.1"}},
        "headers": {} if media_type is None else {"Content-Type": media_type},
    }
    if body is not None:
        made |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return made


def stored(url: str) -> dict[str, bytes]:
    s3 = session().client("s3", endpoint_url=url)
    rows = s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {row["Key"]: s3.get_object(Bucket=BUCKET, Key=row["Key"])["Body"].read() for row in rows}


def posted(row: Posted) -> dict[str, Any]:
    return event(row.body, row.media_type, row.method)


@pytest.mark.parametrize("row", TAKEN, ids=attrgetter("id"))
def test_a_report_is_one_object_however_often_it_comes(url: str, row: Posted) -> None:
    assert [handler(posted(row), None)["statusCode"] for _ in range(2)] == [row.status, 200]
    assert row.body is not None
    assert stored(url)[f"https/{hashlib.sha256(row.body).hexdigest()}.{row.suffix}"] == row.body


def test_json_comes_as_a_text(url: str) -> None:
    body = b'{"organization-name": "As text"}'
    made = event(None, JSON) | {"body": body.decode(), "isBase64Encoded": False}
    assert handler(made, None)["statusCode"] == 201
    assert body in stored(url).values()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        *(pytest.param(posted(row), row.status, id=row.id) for row in REFUSED),
        pytest.param(event(b"") | {"body": "%", "isBase64Encoded": True}, 400, id="no base64"),
        pytest.param(event(b"\x1f\x8b" + bytes(BODY_MAX_BYTES)), 413, id="too large"),
    ],
)
def test_what_is_no_report_is_refused_and_not_stored(
    url: str, request_: dict[str, Any], status: int
) -> None:
    before = stored(url)
    answer = handler(request_, None)
    assert answer["statusCode"] == status
    assert answer["body"].endswith("\n")
    assert ("Allow" in answer["headers"]) is (status == 405)
    assert stored(url) == before


def test_the_largest_report_is_taken() -> None:
    body = b"\x1f\x8b" + bytes(BODY_MAX_BYTES - 2)
    assert handler(event(body), None)["statusCode"] == 201


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("BUCKET", "mtasts-none", id="no bucket"),
        pytest.param("ACCOUNT", "999999999999", id="a bucket of another account"),
        pytest.param("AWS_ENDPOINT_URL", "http://127.0.0.1:9", id="no answer"),
    ],
)
def test_what_was_not_stored_is_never_called_stored(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(name, value)
    answer = handler(event(b'{"another": 1}'), None)
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "300")
    assert "not stored: " in caplog.text
