"""``aws.cloudfront.Distribution``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from mtasts.localcloud.aws.certificate import require_usable
from mtasts.localcloud.aws.distribution_config import (
    CLOUDFRONT_ZONE,
    access_controls_of,
    expand,
    flatten,
    refusals,
)
from mtasts.localcloud.aws.edge_config import access_control_tags, access_controls
from mtasts.localcloud.aws.tags import aws_tags, live_tags, program_tags
from mtasts.localcloud.provider.properties import Properties, is_unknown
from mtasts.localcloud.provider.resource import Live, RefusedError, Resource, error_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_cloudfront import CloudFrontClient

    from mtasts.localcloud.aws.session import Session
    from mtasts.localcloud.provider.schema import Problem

_DEPLOYMENT_SECONDS = 30


class Distribution(Resource):
    """A distribution with one default cache behaviour, managed policies and S3 origins."""

    token = "aws:cloudfront/distribution:Distribution"  # a type token
    modelled: ClassVar = {
        "aliases": None,
        "comment": None,
        "defaultCacheBehavior": {
            "allowedMethods": None,
            "cachePolicyId": None,
            "cachedMethods": None,
            "compress": None,
            "responseHeadersPolicyId": None,
            "targetOriginId": None,
            "viewerProtocolPolicy": None,
        },
        "defaultRootObject": None,
        "enabled": None,
        "httpVersion": None,
        "isIpv6Enabled": None,
        "origins": {
            "connectionAttempts": None,
            "connectionTimeout": None,
            "domainName": None,
            "originAccessControlId": None,
            "originId": None,
            "originPath": None,
        },
        "priceClass": None,
        "restrictions": {"geoRestriction": {"locations": None, "restrictionType": None}},
        "retainOnDelete": None,
        "tags": None,
        "viewerCertificate": {
            "acmCertificateArn": None,
            "cloudfrontDefaultCertificate": None,
            "minimumProtocolVersion": None,
            "sslSupportMethod": None,
        },
        "waitForDeployment": None,
    }
    replaces = frozenset[str]()
    computed = (
        "arn",
        "callerReference",
        "domainName",
        "etag",
        "hostedZoneId",
        "inProgressValidationBatches",
        "lastModifiedTime",
        "status",
        "tagsAll",
    )
    volatile = ("etag", "lastModifiedTime", "status")
    sets = frozenset(
        {
            "aliases",
            "defaultCacheBehavior.allowedMethods",
            "defaultCacheBehavior.cachedMethods",
            "origins",
            "restrictions.geoRestriction.locations",
        }
    )
    taggable = True

    def judge(self, inputs: Properties) -> Iterator[Problem]:
        """Refuse what CloudFront refuses without looking at the rest of the account."""
        yield from refusals(inputs)

    def foreseen(self, inputs: Properties, session: Session) -> Properties:
        """The hosted zone id, which is the same for all distributions."""
        del inputs, session
        return {"hostedZoneId": CLOUDFRONT_ZONE}

    def create(self, session: Session, inputs: Properties) -> str:
        """Create it and wait until it is deployed."""
        cloudfront = session.cloudfront()
        tags = inputs.get("tagsAll", {}) | access_control_tags(access_controls_of(inputs))
        with session.one_at_a_time("distributions"):
            _require_valid(session, inputs)
            answer = cloudfront.create_distribution_with_tags(
                DistributionConfigWithTags={
                    "DistributionConfig": expand(inputs, str(uuid4())),
                    "Tags": {"Items": aws_tags(tags)},
                }
            )
        identity = answer["Distribution"]["Id"]
        if inputs.get("waitForDeployment", True):
            _await_deployed(session, identity)
        return identity

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read the whole configuration and the tags."""
        cloudfront = session.cloudfront()
        found = _get(cloudfront, identity)
        if found is None:
            return None
        distribution = found["Distribution"]
        config = distribution["DistributionConfig"]
        listed = cloudfront.list_tags_for_resource(Resource=distribution["ARN"])["Tags"]
        tags = program_tags(listed.get("Items", []))
        live = flatten(config, access_controls(cloudfront, distribution["ARN"]))
        live["origins"] = _in_order(live["origins"], inputs.get("origins", []))
        live |= live_tags(session, inputs, tags)
        outputs = {name: value for name, value in live.items() if value is not None} | {
            "arn": distribution["ARN"],
            "callerReference": config["CallerReference"],
            "domainName": distribution["DomainName"],
            "etag": found["ETag"],
            "hostedZoneId": CLOUDFRONT_ZONE,
            "inProgressValidationBatches": distribution["InProgressInvalidationBatches"],
            "lastModifiedTime": distribution["LastModifiedTime"].isoformat(),
            "status": distribution["Status"],
            "tagsAll": tags,
        }
        return Live(live, outputs)

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Write the whole configuration and the tags, and wait until it is deployed."""
        del old
        cloudfront = session.cloudfront()
        with session.one_at_a_time("distributions"):
            found = _get(cloudfront, identity)
            if found is None:
                raise RefusedError("NoSuchDistribution", f"there is no distribution {identity}")
            _require_valid(session, inputs)
            reference = found["Distribution"]["DistributionConfig"]["CallerReference"]
            cloudfront.update_distribution(
                Id=identity,
                IfMatch=found["ETag"],
                DistributionConfig=expand(inputs, reference),
            )
            _retag(cloudfront, found["Distribution"]["ARN"], inputs)
        if inputs.get("waitForDeployment", True):
            _await_deployed(session, identity)

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Disable it, wait until that is deployed, and delete it, as pulumi-aws does.

        With ``retainOnDelete`` it is only disabled.
        """
        del outputs
        cloudfront = session.cloudfront()
        found = _get(cloudfront, identity)
        if found is None:
            return
        with session.one_at_a_time("distributions"):
            config: Any = found["Distribution"]["DistributionConfig"]
            if config["Enabled"]:
                found_etag = found["ETag"]
                cloudfront.update_distribution(
                    Id=identity,
                    IfMatch=found_etag,
                    DistributionConfig=_resubmittable(config) | {"Enabled": False},
                )
            if inputs.get("retainOnDelete"):
                return
            _await_deployed(session, identity)
            found = _get(cloudfront, identity)
            if found is None:
                return
            if found["Distribution"]["DistributionConfig"]["Enabled"]:
                raise RefusedError(
                    "DistributionNotDisabled",
                    "The distribution you are trying to delete has not been disabled.",
                )
            cloudfront.delete_distribution(Id=identity, IfMatch=found["ETag"])


def _require_valid(session: Session, inputs: Properties) -> None:
    """Refuse an origin access control or a certificate that the account does not have."""
    for control in access_controls_of(inputs).values():
        _require_access_control(session.cloudfront(), control)
    certificate = inputs["viewerCertificate"].get("acmCertificateArn", "")
    if certificate:
        aliases = tuple(alias.lower() for alias in inputs.get("aliases", []))
        require_usable(session, certificate, aliases)


def _require_access_control(cloudfront: CloudFrontClient, control: str) -> None:
    from botocore.exceptions import ClientError  # loaded with the client

    if not control:
        return
    try:
        cloudfront.get_origin_access_control(Id=control)
    except ClientError as error:
        if error_code(error) != "NoSuchOriginAccessControl":
            raise
        raise RefusedError(
            "InvalidOriginAccessControl", f"The origin access control is not valid: {control}"
        ) from error


def _get(cloudfront: CloudFrontClient, identity: str) -> Any:  # as botocore has it
    from botocore.exceptions import ClientError  # loaded with the client

    try:
        return cloudfront.get_distribution(Id=identity)
    except ClientError as error:
        if error_code(error) == "NoSuchDistribution":
            return None
        raise


def _await_deployed(session: Session, identity: str) -> None:
    deadline = time.monotonic() + _DEPLOYMENT_SECONDS
    while True:
        found = _get(session.cloudfront(), identity)
        if found is None or found["Distribution"]["Status"].lower() == "deployed":
            return
        if time.monotonic() >= deadline or session.cancelled.wait(0.1):
            raise RefusedError("DeploymentTimedOut", f"distribution {identity} is not deployed")


def _retag(cloudfront: CloudFrontClient, arn: str, inputs: Properties) -> None:
    wanted = inputs.get("tagsAll", {}) | access_control_tags(access_controls_of(inputs))
    listed = cloudfront.list_tags_for_resource(Resource=arn)["Tags"].get("Items", [])
    removed_tags = [tag["Key"] for tag in listed if tag["Key"] not in wanted]
    if removed_tags:
        cloudfront.untag_resource(Resource=arn, TagKeys={"Items": removed_tags})
    if wanted:
        cloudfront.tag_resource(Resource=arn, Tags={"Items": aws_tags(wanted)})


def _resubmittable(config: Any) -> Any:  # as botocore has it
    """A configuration that was read, for an update: moto's answer lacks ``S3OriginConfig``."""
    origins = [
        origin | {"S3OriginConfig": {"OriginAccessIdentity": ""}}
        for origin in config["Origins"]["Items"]
    ]
    return config | {"Origins": config["Origins"] | {"Items": origins}}


def _in_order(live: list[Properties], given: Any) -> list[Properties]:  # any JSON value
    """Origins in the program's order; CloudFront treats them as a set."""
    if is_unknown(given):
        return live
    order = {origin["originId"]: index for index, origin in enumerate(given)}
    return sorted(live, key=lambda origin: order.get(origin["originId"], len(order)))
