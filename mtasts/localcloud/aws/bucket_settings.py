"""The settings of a bucket that pulumi-aws has as resources; the id is the bucket's name."""

from __future__ import annotations

import json
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from mtasts.localcloud.provider.properties import UNKNOWN, Properties, is_unknown
from mtasts.localcloud.provider.resource import Live, RefusedError, Resource, error_code
from mtasts.localcloud.provider.schema import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

    from mtasts.localcloud.aws.session import Session


class BucketSetting(Resource):
    """A setting of a bucket, with a put, a get and a delete.

    ``absent`` is the error code of S3's get if the bucket does not have the setting.
    """

    replaces = frozenset({"bucket", "region"})
    computed = ("region",)
    absent: ClassVar[str]

    @abstractmethod
    def put(self, s3: S3Client, bucket: str, inputs: Properties) -> None:
        """Write the setting."""

    @abstractmethod
    def get(self, s3: S3Client, bucket: str) -> Properties:
        """Read the setting as inputs, without ``bucket``; empty if it was never made."""

    @abstractmethod
    def remove(self, s3: S3Client, bucket: str) -> None:
        """Delete the setting."""

    def create(self, session: Session, inputs: Properties) -> str:
        """Write the setting."""
        self.put(session.s3(inputs.get("region")), inputs["bucket"], inputs)
        return str(inputs["bucket"])

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Write the setting again."""
        del old  # a put replaces the whole setting
        self.put(session.s3(inputs.get("region")), identity, inputs)

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read the setting; None if the bucket does not exist or does not have it."""
        from botocore.exceptions import ClientError  # loaded with the client

        region = inputs.get("region", session.region)
        try:
            found = self.get(session.s3(region), identity)
        except ClientError as error:
            if error_code(error) in {self.absent, "NoSuchBucket"}:
                return None
            raise
        if not found:
            return None
        return Live({"bucket": identity, **found}, {"bucket": identity, **found, "region": region})

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete the setting, if the bucket exists and has it."""
        from botocore.exceptions import ClientError  # loaded with the client

        try:
            self.remove(session.s3(inputs.get("region", outputs.get("region"))), identity)
        except ClientError as error:
            if error_code(error) not in {self.absent, "NoSuchBucket"}:
                raise


class BucketPublicAccessBlock(BucketSetting):
    """The public access block: four switches, each off if it is left out."""

    token = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"  # a type token
    modelled: ClassVar = {
        "blockPublicAcls": None,
        "blockPublicPolicy": None,
        "bucket": None,
        "ignorePublicAcls": None,
        "region": None,
        "restrictPublicBuckets": None,
    }
    absent = "NoSuchPublicAccessBlockConfiguration"

    def put(self, s3: S3Client, bucket: str, inputs: Properties) -> None:
        """Write all four switches."""
        s3.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": inputs.get("blockPublicAcls", False),
                "BlockPublicPolicy": inputs.get("blockPublicPolicy", False),
                "IgnorePublicAcls": inputs.get("ignorePublicAcls", False),
                "RestrictPublicBuckets": inputs.get("restrictPublicBuckets", False),
            },
        )

    def get(self, s3: S3Client, bucket: str) -> Properties:
        """Read all four switches."""
        found = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        return {name[0].lower() + name[1:]: value for name, value in found.items()}

    def remove(self, s3: S3Client, bucket: str) -> None:
        """Delete the public access block."""
        s3.delete_public_access_block(Bucket=bucket)


class BucketOwnershipControls(BucketSetting):
    """Object ownership: which account owns objects that other accounts upload."""

    token = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"  # a type token
    modelled: ClassVar = {"bucket": None, "region": None, "rule": {"objectOwnership": None}}
    absent = "OwnershipControlsNotFoundError"

    def judge(self, inputs: Properties) -> Iterator[Problem]:
        """Require one of S3's three object ownerships."""
        ownership = inputs.get("rule", UNKNOWN)
        ownership = UNKNOWN if ownership == UNKNOWN else ownership["objectOwnership"]
        known = {"BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter", UNKNOWN}
        if ownership not in known:
            yield Problem("rule.objectOwnership", f'S3 has no object ownership "{ownership}"')

    def put(self, s3: S3Client, bucket: str, inputs: Properties) -> None:
        """Write the rule."""
        s3.put_bucket_ownership_controls(
            Bucket=bucket,
            OwnershipControls={"Rules": [{"ObjectOwnership": inputs["rule"]["objectOwnership"]}]},
        )

    def get(self, s3: S3Client, bucket: str) -> Properties:
        """Read the rule."""
        rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        return {"rule": {"objectOwnership": rules[0]["ObjectOwnership"]}}

    def remove(self, s3: S3Client, bucket: str) -> None:
        """Delete the ownership controls."""
        s3.delete_bucket_ownership_controls(Bucket=bucket)


class BucketVersioning(BucketSetting):
    """Versioning. Once enabled, it can only be suspended; deleting the resource does that."""

    token = "aws:s3/bucketVersioning:BucketVersioning"  # a type token
    modelled: ClassVar = {
        "bucket": None,
        "region": None,
        "versioningConfiguration": {"status": None},
    }
    absent = "NoSuchBucket"

    def judge(self, inputs: Properties) -> Iterator[Problem]:
        """Require a status of S3's API; pulumi-aws has a third one, "Disabled"."""
        configuration = inputs.get("versioningConfiguration", UNKNOWN)
        status = UNKNOWN if configuration == UNKNOWN else configuration["status"]
        if status not in {"Enabled", "Suspended", UNKNOWN}:
            yield Problem(
                "versioningConfiguration.status",
                f'the local stand-in does not model versioning that is "{status}", only Enabled '
                "and Suspended",
            )

    def put(self, s3: S3Client, bucket: str, inputs: Properties) -> None:
        """Enable or suspend versioning."""
        status = inputs["versioningConfiguration"]["status"]
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})

    def get(self, s3: S3Client, bucket: str) -> Properties:
        """Read the status; empty if it was never set."""
        status = s3.get_bucket_versioning(Bucket=bucket).get("Status")
        return {"versioningConfiguration": {"status": status}} if status else {}

    def remove(self, s3: S3Client, bucket: str) -> None:
        """Suspend versioning, as pulumi-aws does: S3 cannot make a bucket unversioned again."""
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


class BucketServerSideEncryptionConfiguration(BucketSetting):
    """The default encryption of a bucket: SSE-S3 only, because the local cloud has no KMS."""

    token = (
        "aws:s3/bucketServerSideEncryptionConfiguration:"  # a type token
        "BucketServerSideEncryptionConfiguration"
    )
    modelled: ClassVar = {
        "bucket": None,
        "region": None,
        "rules": {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": None},
            "blockedEncryptionTypes": None,
            "bucketKeyEnabled": None,
        },
    }
    absent = "ServerSideEncryptionConfigurationNotFoundError"

    def judge(self, inputs: Properties) -> Iterator[Problem]:
        """Refuse algorithms that need KMS."""
        rules = inputs.get("rules", UNKNOWN)
        for index, rule in enumerate([] if is_unknown(rules) else rules):
            algorithm = rule.get("applyServerSideEncryptionByDefault", {}).get("sseAlgorithm")
            if algorithm not in {"AES256", None}:
                yield Problem(
                    f"rules[{index}].applyServerSideEncryptionByDefault.sseAlgorithm",
                    f'the local stand-in does not model encryption with "{algorithm}", only AES256',
                )

    def put(self, s3: S3Client, bucket: str, inputs: Properties) -> None:
        """Write all rules."""
        s3.put_bucket_encryption(
            Bucket=bucket,
            ServerSideEncryptionConfiguration={
                "Rules": [_encryption_rule(rule) for rule in inputs["rules"]]
            },
        )

    def get(self, s3: S3Client, bucket: str) -> Properties:
        """Read all rules."""
        answer = s3.get_bucket_encryption(Bucket=bucket)
        rules: list[Any] = []
        for found in answer["ServerSideEncryptionConfiguration"]["Rules"]:
            default = found.get("ApplyServerSideEncryptionByDefault", {})
            blocked = found.get("BlockedEncryptionTypes", {}).get("EncryptionType")
            rules.append(
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": default.get("SSEAlgorithm")
                    },
                    "blockedEncryptionTypes": blocked or None,
                    "bucketKeyEnabled": found.get("BucketKeyEnabled", False),
                }
            )
        return {"rules": rules}

    def remove(self, s3: S3Client, bucket: str) -> None:
        """Delete the encryption rules; S3 then encrypts with its own default."""
        s3.delete_bucket_encryption(Bucket=bucket)


class BucketPolicy(BucketSetting):
    """The bucket policy."""

    token = "aws:s3/bucketPolicy:BucketPolicy"  # a type token
    modelled: ClassVar = {"bucket": None, "policy": None, "region": None}
    absent = "NoSuchBucketPolicy"

    def normalise(self, path: str, value: Any) -> Any:  # any JSON value
        """Compare policy documents as JSON, whatever their white space."""
        return _document(value) if path == "policy" else super().normalise(path, value)

    def put(self, s3: S3Client, bucket: str, inputs: Properties) -> None:
        """Write the policy, after checks that S3 makes and moto does not."""
        document = _document(inputs["policy"])
        statements = document.get("Statement") if isinstance(document, dict) else None
        if not statements:
            raise RefusedError("MalformedPolicy", "Policies must be valid JSON with a Statement")
        statements = statements if isinstance(statements, list) else [statements]
        for statement in statements:
            _require_own_resources(bucket, statement)
        if any(_is_public(statement) for statement in statements) and _blocks_policies(s3, bucket):
            raise RefusedError(
                "AccessDenied",
                "public policies are blocked by the BlockPublicPolicy block public access setting",
            )
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))

    def get(self, s3: S3Client, bucket: str) -> Properties:
        """Read the policy."""
        return {"policy": s3.get_bucket_policy(Bucket=bucket)["Policy"]}

    def remove(self, s3: S3Client, bucket: str) -> None:
        """Delete the policy."""
        s3.delete_bucket_policy(Bucket=bucket)


def _encryption_rule(rule: Properties) -> Any:  # botocore checks the shape
    made: Properties = {}
    default = rule.get("applyServerSideEncryptionByDefault")
    if default:
        made["ApplyServerSideEncryptionByDefault"] = {"SSEAlgorithm": default["sseAlgorithm"]}
    if rule.get("blockedEncryptionTypes"):
        made["BlockedEncryptionTypes"] = {"EncryptionType": rule["blockedEncryptionTypes"]}
    if "bucketKeyEnabled" in rule:
        made["BucketKeyEnabled"] = rule["bucketKeyEnabled"]
    return made


def _document(value: Any) -> Any:  # any JSON value
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _require_own_resources(bucket: str, statement: Properties) -> None:
    resources = statement.get("Resource", [])
    arn = f"arn:aws:s3:::{bucket}"
    for resource in resources if isinstance(resources, list) else [resources]:
        if resource != arn and not str(resource).startswith(f"{arn}/"):
            raise RefusedError("MalformedPolicy", f"Policy has invalid resource: {resource}")


def _is_public(statement: Properties) -> bool:
    principal = statement.get("Principal")
    everyone = principal in ("*", {"AWS": "*"}, {"AWS": ["*"]})
    return everyone and statement.get("Effect") == "Allow" and not statement.get("Condition")


def _blocks_policies(s3: S3Client, bucket: str) -> bool:
    from botocore.exceptions import ClientError  # loaded with the client

    try:
        found = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    except ClientError as error:
        if error_code(error) == BucketPublicAccessBlock.absent:
            return False
        raise
    return found.get("BlockPublicPolicy", False)
