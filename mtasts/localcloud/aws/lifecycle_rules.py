"""``aws.s3.BucketLifecycleConfiguration``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mtasts.localcloud.aws.bucket_settings import BucketSetting
from mtasts.localcloud.provider.properties import UNKNOWN, Properties
from mtasts.localcloud.provider.schema import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

_EXPIRATION = {"days": "Days", "expiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"}


class BucketLifecycleConfiguration(BucketSetting):
    """When S3 deletes objects and their noncurrent versions; a put replaces all rules."""

    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"  # a type token
    modelled: ClassVar = {
        "bucket": None,
        "region": None,
        "rules": {
            "expiration": dict.fromkeys(_EXPIRATION),
            "filter": {"prefix": None},
            "id": None,
            "noncurrentVersionExpiration": {"noncurrentDays": None},
            "status": None,
        },
    }
    absent = "NoSuchLifecycleConfiguration"

    def judge(self, inputs: Properties) -> Iterator[Problem]:
        """Refuse an expiration that has both days and expiredObjectDeleteMarker, as S3 does."""
        rules = inputs.get("rules", UNKNOWN)
        for index, rule in enumerate(() if rules == UNKNOWN else rules):
            found = rule.get("expiration", {})
            if len(found) > 1:
                place = f"rules[{index}].expiration"
                yield Problem(
                    place, "MalformedXML: days and expiredObjectDeleteMarker exclude each other"
                )
            if rule.get("status", UNKNOWN) not in ("Enabled", "Disabled", UNKNOWN):
                yield Problem(f"rules[{index}].status", "the status must be Enabled or Disabled")

    def put(self, s3: S3Client, bucket: str, inputs: Properties) -> None:
        """Write all rules."""
        rules: Any = [_rule(each) for each in inputs["rules"]]
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": rules}
        )

    def get(self, s3: S3Client, bucket: str) -> Properties:
        """Read all rules."""
        found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        return {"rules": [_as_input(each) for each in found]}

    def remove(self, s3: S3Client, bucket: str) -> None:
        """Delete all rules."""
        s3.delete_bucket_lifecycle(Bucket=bucket)


def _rule(rule: Properties) -> Properties:
    made: Properties = {"ID": rule["id"], "Status": rule["status"]}
    made["Filter"] = {"Prefix": rule.get("filter", {}).get("prefix", "")}
    if expiration := rule.get("expiration"):
        made["Expiration"] = {_EXPIRATION[key]: value for key, value in expiration.items()}
    if noncurrent := rule.get("noncurrentVersionExpiration"):
        made["NoncurrentVersionExpiration"] = {"NoncurrentDays": noncurrent["noncurrentDays"]}
    return made


def _as_input(row: Any) -> Properties:  # botocore's own type
    made: Properties = {"id": row["ID"], "status": row["Status"]}
    made["filter"] = {"prefix": row.get("Filter", {}).get("Prefix", "")}
    if expiration := row.get("Expiration"):
        names = {api_name: input_name for input_name, api_name in _EXPIRATION.items()}
        made["expiration"] = {names[key]: value for key, value in expiration.items() if value}
    if noncurrent := row.get("NoncurrentVersionExpiration"):
        made["noncurrentVersionExpiration"] = {"noncurrentDays": noncurrent["NoncurrentDays"]}
    return made
