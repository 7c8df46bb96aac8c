"""R2's objects, which are in moto's S3: R2 has an S3 API as well.

A Worker's binding sends its operations as JSON (``r2-api.capnp`` in workerd's source); this module
turns them into calls to S3. What R2 refuses is refused with R2's code (R2 docs, "Error codes").

Conditions on dates, multipart uploads and ``Range`` headers are not modelled, and refused by name.
Other hashes of an object than MD5 are only in the response to its put.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mtasts.localcloud.cloudflare.errors import ApiError
from mtasts.localcloud.provider.resource import error_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_KEY_MAX_BYTES = 1024
_KEYS_MAX = 1000
_DEFAULT_TYPE = "binary/octet-stream"  # the type in S3 of an object that was put without one
# HTTP fields by their names in R2, with their names in S3.
_FIELDS = {
    "contentType": "ContentType",
    "contentLanguage": "ContentLanguage",
    "contentDisposition": "ContentDisposition",
    "contentEncoding": "ContentEncoding",
    "cacheControl": "CacheControl",
}
# Hashes with their keys in a response. In a request, MD5 is base64, and the others are hex.
_HASHES = {"md5": "0", "sha1": "1", "sha256": "2", "sha384": "3", "sha512": "4"}
_PUT = {"version", "method", "object", "customFields", "httpFields", "onlyIf", *_HASHES}
_CONDITIONS = {"etagMatches", "etagDoesNotMatch", "secondsGranularity"}


class R2Error(Exception):
    """R2 refuses an operation; ``found`` is the object for which a condition does not hold."""

    def __init__(self, status: int, code: int, message: str, found: object = None) -> None:
        """Make the error; ``status`` is the HTTP status, ``code`` R2's."""
        super().__init__(message)
        self.status, self.code, self.message, self.found = status, code, message, found


_NO_SUCH_KEY = 10007
_INCLUDED = ("httpFields", "customFields")


def not_modelled(what: str) -> R2Error:
    """The error for an operation or an option that R2 has and this stand-in does not."""
    return R2Error(400, 10029, f"the local R2 does not model: {what}")


class R2:
    """All buckets. Its methods block, and those about objects raise `R2Error`."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        """Prepare; ``connect()`` makes an S3 client, and is called with the first operation."""
        self._connect = connect
        self._alone = threading.Lock()  # so that no put comes between another's check and write

    @cached_property
    def _s3(self) -> Any:  # mypy_boto3 is not imported here
        return self._connect()

    def make(self, bucket: str) -> None:
        """Make an empty bucket."""
        self._s3.create_bucket(Bucket=bucket)

    def remove(self, bucket: str) -> None:
        """Delete an empty bucket.

        Raises:
            ApiError: it has objects (R2 docs, "Consistency model").
        """
        if self._s3.list_objects_v2(Bucket=bucket, MaxKeys=1).get("KeyCount"):
            raise ApiError(409, 10008, f"The bucket you tried to delete ({bucket}) is not empty")
        self._s3.delete_bucket(Bucket=bucket)

    def head(self, bucket: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The metadata of an object."""
        return self._head(bucket, _key(request["object"]))

    def get(self, bucket: str, request: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        """The metadata of an object, and its body or the range of it that is asked for."""
        if "rangeHeader" in request:
            raise not_modelled("Range headers")
        key = _key(request["object"])
        found = self._head(bucket, key)
        if not _holds(request.get("onlyIf", {}), found):
            raise _precondition_failed(found)
        with _refusals():
            body: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        offset, length = _range(request.get("range", {}), len(body))
        found["range"] = {"offset": offset, "length": length}
        return found, body[offset : offset + length]

    def put(self, bucket: str, request: Mapping[str, Any], body: bytes) -> dict[str, Any]:
        """Store an object if the condition of the request holds; returns its metadata."""
        if unknown := request.keys() - _PUT:
            raise not_modelled(f"{min(unknown)} of a put")
        key, condition = _key(request["object"]), request.get("onlyIf", {})
        checksums = _checked(request, body)
        with self._alone, _refusals():
            found = self._find(bucket, key) if condition else None
            if not _holds(condition, found):
                raise _precondition_failed(found)
            self._s3.put_object(Bucket=bucket, Key=key, Body=body, **_options(request))
        return self._head(bucket, key) | {"checksums": checksums}

    def delete(self, bucket: str, request: Mapping[str, Any]) -> None:
        """Delete objects; it is no error if one does not exist."""
        keys = request["objects"] if "objects" in request else [request["object"]]
        rows = [{"Key": _key(each)} for each in keys]
        with _refusals():
            self._s3.delete_objects(Bucket=bucket, Delete={"Objects": rows})

    def list(self, bucket: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """One page of a listing, with the metadata that ``include`` asks for."""
        limit = int(request.get("limit", _KEYS_MAX))
        if not 1 <= limit <= _KEYS_MAX:
            raise R2Error(400, 10022, "MaxKeys params must be positive integer <= 1000.")
        given = {
            "Prefix": request.get("prefix"),
            "Delimiter": request.get("delimiter"),
            "StartAfter": request.get("startAfter"),
            "ContinuationToken": request.get("cursor"),
        }
        options = {name: value for name, value in given.items() if value}
        with _refusals():
            page = self._s3.list_objects_v2(Bucket=bucket, MaxKeys=limit, **options)
        rows = [self._head(bucket, each["Key"]) for each in page.get("Contents", ())]
        include = set(request.get("include", ()))
        hidden = {name for number, name in enumerate(_INCLUDED) if number not in include}
        more = {"cursor": page["NextContinuationToken"]} if page["IsTruncated"] else {}
        return {
            "objects": [{k: v for k, v in row.items() if k not in hidden} for row in rows],
            "truncated": page["IsTruncated"],
            "delimitedPrefixes": [each["Prefix"] for each in page.get("CommonPrefixes", ())],
            **more,
        }

    def _find(self, bucket: str, key: str) -> dict[str, Any] | None:
        try:
            return self._head(bucket, key)
        except R2Error as error:
            if error.code != _NO_SUCH_KEY:
                raise
            return None

    def _head(self, bucket: str, key: str) -> dict[str, Any]:
        with _refusals():
            found = self._s3.head_object(Bucket=bucket, Key=key)
        etag = found["ETag"].strip('"')
        uploaded = int(found["LastModified"].timestamp() * 1000)
        fields = {
            r2_name: found[s3_name] for r2_name, s3_name in _FIELDS.items() if s3_name in found
        }
        if fields.get("contentType") == _DEFAULT_TYPE:
            del fields["contentType"]
        version = hashlib.sha256(f"{etag} {uploaded}".encode()).hexdigest()[:32]
        return {
            "name": key,
            "version": version,
            "size": found["ContentLength"],
            "etag": etag,
            "uploaded": uploaded,
            "httpFields": fields,
            "customFields": [{"k": k, "v": v} for k, v in found.get("Metadata", {}).items()],
            "checksums": {_HASHES["md5"]: etag},
        }


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn errors of S3 into `R2Error`."""
    from botocore.exceptions import BotoCoreError, ClientError  # loaded with the client

    try:
        yield
    except ClientError as error:
        raise _refusal(error_code(error)) from error
    except BotoCoreError as error:
        raise _refusal("") from error


def _refusal(code: str) -> R2Error:
    """R2's error for an error code of S3."""
    if code in {"404", "NoSuchKey"}:
        return R2Error(404, _NO_SUCH_KEY, "The specified key does not exist.")
    if code == "NoSuchBucket":
        return R2Error(404, 10006, "The specified bucket does not exist.")
    return R2Error(500, 10001, "We encountered an internal error. Please try again.")


def _key(value: Any) -> str:  # any JSON value
    if not isinstance(value, str) or len(value.encode("utf-8")) > _KEY_MAX_BYTES:
        raise R2Error(400, 10020, "The specified object name is not valid.")
    return value


def _holds(condition: Mapping[str, Any], found: Mapping[str, Any] | None) -> bool:
    """Whether a condition on an object's ETag holds; ``found`` is None if no object exists."""
    if unknown := condition.keys() - _CONDITIONS:
        raise not_modelled(f"condition {min(unknown)}")
    wanted, unwanted = condition.get("etagMatches"), condition.get("etagDoesNotMatch")
    if found is None:
        return wanted is None
    matches = wanted is None or any(_is_one(each, found) for each in wanted)
    return matches and not any(_is_one(each, found) for each in unwanted or ())


def _is_one(etag: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    return etag["type"] == "wildcard" or bool(etag["value"] == found["etag"])


def _range(span: Mapping[str, Any], size: int) -> tuple[int, int]:
    """Offset and length of the requested range, in an object of ``size`` bytes."""
    if "suffix" in span:
        length = min(int(span["suffix"]), size)
        return size - length, length
    offset = int(span.get("offset", 0))
    if offset > size:
        raise R2Error(416, 10039, "The requested range is not satisfiable")
    return offset, min(int(span.get("length", size)), size - offset)


def _checked(request: Mapping[str, Any], body: bytes) -> dict[str, str]:
    """The hashes that R2 stores, in hex by their key: MD5, and those that the request has.

    Raises:
        R2Error: a hash of the request is not that of ``body``.
    """
    checksums = {}
    for name, place in _HASHES.items():
        found = hashlib.new(name, body, usedforsecurity=False).hexdigest()
        given = request.get(name, found)
        if given not in {found, base64.b64encode(bytes.fromhex(found)).decode("ascii")}:
            text = f"The {name} checksum you specified did not match what we received."
            raise R2Error(400, 10037, text)
        if name in request or name == "md5":
            checksums[place] = found
    return checksums


def _options(request: Mapping[str, Any]) -> dict[str, Any]:
    """The HTTP fields and custom metadata of a put, as arguments of S3's PutObject."""
    fields, custom = request.get("httpFields", {}), request.get("customFields", ())
    if unknown := fields.keys() - _FIELDS:
        raise not_modelled(f"HTTP field {min(unknown)}")
    if not all(each["k"].isascii() and each["v"].isascii() for each in custom):
        raise not_modelled("custom metadata beyond ASCII")
    options = {_FIELDS[name]: value for name, value in fields.items()}
    return options | {"Metadata": {each["k"]: each["v"] for each in custom}}


def _precondition_failed(found: object) -> R2Error:
    text = "At least one of the pre-conditions you specified did not hold."
    return R2Error(412, 10031, text, found)
