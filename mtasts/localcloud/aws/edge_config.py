"""Read the configuration of CloudFront distributions, for the provider and the edge.

moto does not store ``OriginAccessControlId``. So the provider stores it as a tag on the
distribution, one for each origin, and this module reads those tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_cloudfront.type_defs import DistributionConfigOutputTypeDef, OriginOutputTypeDef

LOCAL_TAGS = "mtasts-local:"
"""The beginning of the stand-in's own tags, which are not shown as tags of the program."""

_ACCESS_CONTROL_TAG = f"{LOCAL_TAGS}origin-access-control:"


@dataclass(frozen=True, slots=True)
class Origin:
    """An origin; ``access_control`` is the id of its origin access control, or empty."""

    id: str
    domain: str
    path: str = ""
    access_control: str = ""


@dataclass(frozen=True, slots=True)
class Distribution:
    """The part of a distribution's configuration that edge and provider use.

    ``aliases`` are in lower case. ``certificate_arn`` is empty for CloudFront's own certificate.
    ``target_origin`` is the id of the default cache behaviour's origin.
    """

    id: str
    arn: str
    domain: str
    enabled: bool
    aliases: tuple[str, ...]
    origins: tuple[Origin, ...]
    target_origin: str
    certificate_arn: str
    minimum_tls: str
    cache_policy: str
    response_headers_policy: str
    viewer_protocol_policy: str
    allowed_methods: tuple[str, ...]
    compress: bool
    http_version: str
    ipv6: bool
    default_root_object: str = ""
    caller_reference: str = ""

    @property
    def origin(self) -> Origin:
        """The origin of the default cache behaviour."""
        return next(origin for origin in self.origins if origin.id == self.target_origin)


def distribution_config(cloudfront: CloudFrontClient, distribution_id: str) -> Distribution:
    """The distribution with that id.

    Raises:
        botocore.exceptions.ClientError: ``NoSuchDistribution``.
    """
    found = cloudfront.get_distribution(Id=distribution_id)["Distribution"]
    config = found["DistributionConfig"]
    controls = access_controls(cloudfront, found["ARN"])
    behaviour = config["DefaultCacheBehavior"]
    viewer = config.get("ViewerCertificate", {})
    return Distribution(
        id=found["Id"],
        arn=found["ARN"],
        domain=found["DomainName"],
        enabled=config["Enabled"],
        aliases=aliases(config),
        origins=tuple(_origin(origin, controls) for origin in config["Origins"]["Items"]),
        target_origin=behaviour["TargetOriginId"],
        certificate_arn=viewer.get("ACMCertificateArn", ""),
        minimum_tls=viewer.get("MinimumProtocolVersion", "TLSv1"),
        cache_policy=behaviour.get("CachePolicyId", ""),
        response_headers_policy=behaviour.get("ResponseHeadersPolicyId", ""),
        viewer_protocol_policy=behaviour["ViewerProtocolPolicy"],
        allowed_methods=tuple(behaviour.get("AllowedMethods", {}).get("Items", ("GET", "HEAD"))),
        compress=behaviour.get("Compress", False),
        http_version=config.get("HttpVersion", "http2"),
        ipv6=config.get("IsIPV6Enabled", False),
        default_root_object=config.get("DefaultRootObject", ""),
        caller_reference=config["CallerReference"],
    )


def distributions(cloudfront: CloudFrontClient) -> tuple[Distribution, ...]:
    """All distributions of the account."""
    pages = cloudfront.get_paginator("list_distributions").paginate()
    ids = [item["Id"] for page in pages for item in page["DistributionList"].get("Items", ())]
    return tuple(distribution_config(cloudfront, found) for found in ids)


def aliases(config: DistributionConfigOutputTypeDef) -> tuple[str, ...]:
    """The alternate domain names (CNAMEs) of a distribution, in lower case."""
    return tuple(alias.lower() for alias in config.get("Aliases", {}).get("Items", ()))


def access_controls(cloudfront: CloudFrontClient, arn: str) -> dict[str, str]:
    """The ids of origin access controls by origin id, from the tags of the distribution ``arn``."""
    tags = cloudfront.list_tags_for_resource(Resource=arn)["Tags"].get("Items", [])
    return {
        tag["Key"].removeprefix(_ACCESS_CONTROL_TAG): tag.get("Value", "")
        for tag in tags
        if tag["Key"].startswith(_ACCESS_CONTROL_TAG)
    }


def access_control_tags(controls: Mapping[str, str]) -> dict[str, str]:
    """The tags that store these origin access controls (ids by origin id); empty ids have none."""
    return {
        f"{_ACCESS_CONTROL_TAG}{origin}": control for origin, control in controls.items() if control
    }


def _origin(origin: OriginOutputTypeDef, controls: Mapping[str, str]) -> Origin:
    return Origin(
        id=origin["Id"],
        domain=origin["DomainName"],
        path=origin.get("OriginPath", ""),
        access_control=controls.get(origin["Id"], ""),
    )
