"""``aws.s3.Bucket``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from mtasts.localcloud.aws.tags import aws_tags, live_tags, program_tags
from mtasts.localcloud.provider.properties import UNKNOWN, Properties, is_unknown
from mtasts.localcloud.provider.resource import Live, RefusedError, Resource, error_code
from mtasts.localcloud.provider.schema import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

    from mtasts.localcloud.aws.session import Session

_MISSING = frozenset({"NoSuchBucket", "404", "NotFound"})
# S3 general-purpose bucket naming rules.
_NAME = re.compile(r"(?!xn--)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class Bucket(Resource):
    """A bucket with its tags; its other settings are resources (`bucket_settings`)."""

    token = "aws:s3/bucket:Bucket"  # a type token
    modelled: ClassVar = {"bucket": None, "forceDestroy": None, "region": None, "tags": None}
    replaces = frozenset({"bucket", "region"})
    computed = (
        "arn",
        "bucketDomainName",
        "bucketRegion",
        "bucketRegionalDomainName",
        "hostedZoneId",
        "region",
        "tagsAll",
    )
    taggable = True
    auto_name = "bucket"
    auto_name_limit = 63

    def automatic(self, name: str, seed: bytes) -> str:
        """The automatic name in lower case, as S3 requires of bucket names."""
        return super().automatic(name, seed).lower()

    def judge(self, inputs: Properties) -> Iterator[Problem]:
        """Require a valid bucket name (S3 user guide, "Bucket naming rules")."""
        name = inputs.get("bucket", UNKNOWN)
        if name != UNKNOWN and not _NAME.fullmatch(name):
            yield Problem("bucket", f'InvalidBucketName: "{name}" is no valid bucket name')

    def foreseen(self, inputs: Properties, session: Session) -> Properties:
        """The outputs, which all follow from the name and the region."""
        if is_unknown(inputs):
            return {}
        return _computed(inputs["bucket"], inputs.get("region", session.region), inputs)

    def create(self, session: Session, inputs: Properties) -> str:
        """Create the bucket; a name in use is refused.

        S3 in us-east-1 accepts a second create by the owner. pulumi-aws refuses it, and so does
        this.
        """
        name = inputs["bucket"]
        region = inputs.get("region", session.region)
        s3 = session.s3(region)
        where: dict[str, Any] = {}
        if region != "us-east-1":
            where["CreateBucketConfiguration"] = {"LocationConstraint": region}
        with session.one_at_a_time(f"bucket/{name}"):
            if _exists(s3, name):
                code = (
                    "BucketAlreadyOwnedByYou" if _is_own_bucket(s3, name) else "BucketAlreadyExists"
                )
                raise RefusedError(code, f"the bucket {name} exists already (BucketAlreadyExists)")
            s3.create_bucket(Bucket=name, **where)
        self._tag(s3, name, inputs)
        return str(name)

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read the tags: nothing else of the bucket can drift."""
        region = inputs.get("region", session.region)
        s3 = session.s3(region)
        if not _exists(s3, identity):
            return None
        tags = _tags(s3, identity)
        live = {"bucket": identity, **live_tags(session, inputs, tags)}
        return Live(live, _computed(identity, region, {"tagsAll": tags}))

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Write the tags, if they have changed."""
        if old.get("tagsAll") != inputs.get("tagsAll"):
            self._tag(session.s3(inputs.get("region")), identity, inputs)

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete the bucket; ``forceDestroy`` deletes its content first, else it must be empty."""
        s3 = session.s3(inputs.get("region", outputs.get("region")))
        if not _exists(s3, identity):
            return
        if inputs.get("forceDestroy"):
            _empty(s3, identity)
        elif _holds_anything(s3, identity):
            raise RefusedError(
                "BucketNotEmpty",
                f"the bucket {identity} holds objects or versions; set forceDestroy to delete them",
            )
        s3.delete_bucket(Bucket=identity)

    @staticmethod
    def _tag(s3: S3Client, name: str, inputs: Properties) -> None:
        if inputs.get("tagsAll"):
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": aws_tags(inputs["tagsAll"])})
        else:
            s3.delete_bucket_tagging(Bucket=name)


def _empty(s3: S3Client, bucket: str) -> None:
    """Delete all versions and delete markers, a thousand in each call.

    Raises:
        RefusedError: S3 did not delete an object; its code and message are S3's.
    """
    versions: list[Any] = list(versions_of(s3, bucket))
    for start in range(0, len(versions), 1000):
        answer = s3.delete_objects(
            Bucket=bucket, Delete={"Objects": versions[start : start + 1000], "Quiet": True}
        )
        for kept in answer.get("Errors", ()):
            code, key = kept.get("Code", ""), kept.get("Key", "")
            raise RefusedError(code, f"deleting S3 object ({key}): {kept.get('Message', '')}")


def versions_of(s3: S3Client, bucket: str, key: str = "") -> Iterator[dict[str, str]]:
    """``Key`` and ``VersionId`` of all versions, and then of all delete markers, of ``key``.

    An empty ``key`` stands for every key of the bucket.
    """
    for kind in ("Versions", "DeleteMarkers"):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
            found: Any = page.get(kind, ())
            for item in found:
                if not key or item["Key"] == key:
                    yield {"Key": item["Key"], "VersionId": item["VersionId"]}


def _holds_anything(s3: S3Client, bucket: str) -> bool:
    answer = s3.list_object_versions(Bucket=bucket, MaxKeys=1)
    return bool(answer.get("Versions") or answer.get("DeleteMarkers"))


def _exists(s3: S3Client, name: str) -> bool:
    from botocore.exceptions import ClientError  # loaded with the client

    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        if error_code(error) in _MISSING:
            return False
        if error_code(error) != "403":
            raise
    return True


def _is_own_bucket(s3: S3Client, name: str) -> bool:
    return any(bucket.get("Name") == name for bucket in s3.list_buckets()["Buckets"])


def _tags(s3: S3Client, name: str) -> Properties:
    from botocore.exceptions import ClientError  # loaded with the client

    try:
        return program_tags(s3.get_bucket_tagging(Bucket=name)["TagSet"])
    except ClientError as error:
        if error_code(error) == "NoSuchTagSet":
            return {}
        raise


def _computed(name: str, region: str, inputs: Properties) -> Properties:
    return {
        "arn": f"arn:aws:s3:::{name}",
        "bucket": name,
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegion": region,
        "bucketRegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        "hostedZoneId": "Z3AQBSTGFJSTF",  # S3's website zone in us-east-1
        "region": region,
        "tagsAll": inputs.get("tagsAll", {}),
    }
