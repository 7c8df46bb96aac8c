"""``aws.s3.BucketObjectv2``."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from mtasts.localcloud.aws.bucket import versions_of
from mtasts.localcloud.aws.tags import live_tags, program_tags
from mtasts.localcloud.provider.properties import Properties, asset_bytes
from mtasts.localcloud.provider.resource import Live, RefusedError, Resource, error_code
from mtasts.localcloud.provider.schema import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

    from mtasts.localcloud.aws.session import Session

_BODIES = ("content", "contentBase64", "source")
_HEADERS = {
    "cacheControl": "CacheControl",
    "contentDisposition": "ContentDisposition",
    "contentEncoding": "ContentEncoding",
    "contentLanguage": "ContentLanguage",
    "contentType": "ContentType",
    "metadata": "Metadata",
    "serverSideEncryption": "ServerSideEncryption",
}
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})


class BucketObjectv2(Resource):
    """An object; a change writes a new version, and a delete removes all versions."""

    token = "aws:s3/bucketObjectv2:BucketObjectv2"  # a type token
    modelled: ClassVar = {
        "bucket": None,
        "etag": None,
        "forceDestroy": None,
        "key": None,
        "region": None,
        "sourceHash": None,
        "tags": None,
        **dict.fromkeys(_BODIES),
        **dict.fromkeys(_HEADERS),
    }
    replaces = frozenset({"bucket", "key", "region"})
    computed = ("arn", "contentType", "etag", "region", "tagsAll", "versionId")
    volatile = ("etag", "versionId")
    reported = frozenset({"serverSideEncryption"})
    taggable = True
    auto_name = "key"

    def automatic(self, name: str, seed: bytes) -> str:
        """The automatic key is the resource's name, without a random suffix."""
        del seed
        return name

    def judge(self, inputs: Properties) -> Iterator[Problem]:
        """Refuse more than one body, as pulumi-aws does."""
        given = [name for name in _BODIES if name in inputs]
        if len(given) > 1:
            yield Problem(given[1], f"{' and '.join(given)} exclude each other")

    def normalise(self, path: str, value: Any) -> Any:  # any JSON value
        """Compare keys without leading and repeated slashes, which pulumi-aws removes."""
        return _key(value) if path == "key" else value

    def create(self, session: Session, inputs: Properties) -> str:
        """Write the object; as at S3, it overwrites an existing one."""
        key = _key(inputs["key"])
        self._put(session.s3(inputs.get("region")), key, inputs)
        return f"{inputs['bucket']}/{key}"

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Write the object again, if anything has changed that S3 stores."""
        del identity
        s3 = session.s3(inputs.get("region"))
        apart = {"forceDestroy", "tags", "tagsAll"}
        if {k: v for k, v in old.items() if k not in apart} != {
            k: v for k, v in inputs.items() if k not in apart
        } or old.get("tagsAll") != inputs.get("tagsAll"):
            self._put(s3, _key(inputs["key"]), inputs)

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read the object's headers and etag; pulumi-aws does not read the content either."""
        from botocore.exceptions import ClientError  # loaded with the client

        bucket, _, key = identity.partition("/")
        region = inputs.get("region", session.region)
        s3 = session.s3(region)
        try:
            head = s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error_code(error) in _MISSING:
                return None
            raise
        tags = program_tags(s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"])
        etag = head["ETag"].strip('"')
        answer: dict[str, Any] = dict(head)
        live = {name: answer.get(header) or None for name, header in _HEADERS.items()}
        live |= {"bucket": bucket, "etag": etag, "key": key, **live_tags(session, inputs, tags)}
        outputs = {name: value for name, value in live.items() if value is not None}
        outputs |= {
            "arn": f"arn:aws:s3:::{bucket}/{key}",
            "region": region,
            "tagsAll": tags,
            "versionId": _version(answer),
        }
        return Live(live, outputs)

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete every version and every delete marker of the key, one by one, as pulumi-aws does.

        If the bucket policy denies deleting one of them, the others are deleted nevertheless, and
        then the deletion fails.
        """
        from botocore.exceptions import ClientError  # loaded with the client

        bucket, _, key = identity.partition("/")
        s3 = session.s3(inputs.get("region", outputs.get("region")))
        last: ClientError | None = None
        try:
            for version in list(versions_of(s3, bucket, key)):
                try:
                    s3.delete_object(
                        Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"]
                    )
                except ClientError as error:
                    last = error
        except ClientError as error:
            if error_code(error) not in _MISSING:
                raise
        if last is not None:
            raise RefusedError(
                error_code(last), f"deleting at least one S3 Object version, last error: {last}"
            )

    @staticmethod
    def _put(s3: S3Client, key: str, inputs: Properties) -> None:
        request: dict[str, Any] = {
            header: inputs[name] for name, header in _HEADERS.items() if name in inputs
        }
        if inputs.get("tagsAll"):
            request["Tagging"] = urlencode(inputs["tagsAll"])
        s3.put_object(Bucket=inputs["bucket"], Key=key, Body=_body(inputs), **request)


def _body(inputs: Properties) -> bytes:
    if "content" in inputs:
        return str(inputs["content"]).encode()
    if "contentBase64" in inputs:
        return base64.b64decode(inputs["contentBase64"], validate=True)
    if "source" in inputs:
        try:
            return asset_bytes(inputs["source"])
        except (OSError, ValueError) as error:
            raise RefusedError("InvalidSource", str(error)) from error
    return b""


def _key(key: Any) -> Any:  # may be unknown
    return re.sub("/+", "/", key).lstrip("/") if isinstance(key, str) else key


def _version(head: dict[str, Any]) -> str:
    version = head.get("VersionId", "")
    return "" if version == "null" else str(version)
