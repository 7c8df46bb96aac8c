"""The function behind an inbox's HTTPS endpoint: it stores a TLS report before it answers.

AWS Lambda runs this file as it is, with Python's standard library and boto3 and nothing else of
this package. RFC 8460 section 5.4: a report is POSTed, 200 or 201 means that it was accepted, and
the receiver may look into it later. So nothing is unpacked or parsed here, and an answer of 2xx is
given only once S3 has the bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import os
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# What a function URL takes at most; a body of other media types arrives in base64, a third longer.
BODY_MAX_BYTES = 6 * 1024 * 1024
PREFIX = "https/"
_LOG = logging.getLogger(__name__)
_GZIP = b"\x1f\x8b"
_UTF_8_MARK = b"\xef\xbb\xbf"
# What RFC 8460 section 5.3 names, and what senders use instead.
_MEDIA_TYPES = frozenset(
    {
        "application/tlsrpt+gzip",
        "application/tlsrpt+json",
        "application/gzip",
        "application/x-gzip",
        "application/json",
        "application/octet-stream",
        "",
    }
)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """The answer to one request, in the form of function URLs (payload format 2.0)."""
    request = event["requestContext"]["http"]
    if request["method"] != "POST":
        return _answer(405, "only POST is taken here (RFC 8460 section 5.4)", allow="POST")
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _MEDIA_TYPES:
        return _answer(415, "send application/tlsrpt+gzip or application/tlsrpt+json")
    try:
        body = _body(event)
    except ValueError:
        return _answer(400, "the body cannot be read")
    if len(body) > BODY_MAX_BYTES:
        return _answer(413, f"a report may have {BODY_MAX_BYTES} bytes")
    suffix = _suffix(body)
    if suffix is None:
        return _answer(400, "the body is neither gzip nor a JSON object")
    return _store(body, suffix, request.get("sourceIp", ""))


def _body(event: dict[str, Any]) -> bytes:
    """The bytes that were sent; raises ``ValueError`` for a broken encoding."""
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return bytes(text.encode("utf-8"))
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error


def _suffix(body: bytes) -> str | None:
    """What a report's file name ends in (RFC 8460 section 5.3); None for what is no report."""
    if body.startswith(_GZIP):
        return "json.gz"
    return "json" if body.removeprefix(_UTF_8_MARK).lstrip().startswith(b"{") else None


def _store(body: bytes, suffix: str, source: str) -> dict[str, Any]:
    """Store a report under its own hash: one that a sender repeats is one object."""
    key = f"{PREFIX}{hashlib.sha256(body).hexdigest()}.{suffix}"
    try:
        _s3().put_object(
            Bucket=os.environ["BUCKET"],
            Key=key,
            Body=body,
            IfNoneMatch="*",
            Metadata={"source": source},
            ExpectedBucketOwner=os.environ["ACCOUNT"],
        )
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "PreconditionFailed":
            return _answer(200, "this report was stored before")
        _LOG.error("not stored: %s", code)
        return _answer(503, "the report was not stored: send it again later", retry="300")
    except BotoCoreError as error:
        _LOG.error("not stored: %s", type(error).__name__)
        return _answer(503, "the report was not stored: send it again later", retry="300")
    return _answer(201, "stored")


@cache
def _s3() -> Any:  # noqa: ANN401 - no stubs in the function's runtime
    """The client, made once for all requests of one running function."""
    return boto3.client(
        "s3", config=Config(connect_timeout=3, read_timeout=8, retries={"total_max_attempts": 2})
    )


def _answer(status: int, text: str, *, allow: str = "", retry: str = "") -> dict[str, Any]:
    """A response in plain text that no cache keeps."""
    headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    headers |= {"Allow": allow} if allow else {}
    headers |= {"Retry-After": retry} if retry else {}
    return {"statusCode": status, "headers": headers, "body": f"{text}\n"}
