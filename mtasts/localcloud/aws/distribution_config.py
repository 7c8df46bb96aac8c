"""Convert a distribution's inputs to CloudFront's configuration and back, and check them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtasts.localcloud.provider.properties import UNKNOWN, Properties
from mtasts.localcloud.provider.schema import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
"""The hosted zone id that an alias to any distribution has (Route 53 API, ``AliasTarget``)."""

CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
SECURITY_HEADERS = "67f7725c-6f97-4210-82d7-5512b31e9d03"

_CACHE_POLICIES = frozenset({CACHING_OPTIMIZED, CACHING_DISABLED, UNKNOWN})
_HEADERS_POLICIES = frozenset({SECURITY_HEADERS, UNKNOWN})
_HTTP_VERSIONS = frozenset({"http1.1", "http2", "http3", "http2and3", UNKNOWN})
_VIEWER_POLICIES = frozenset({"allow-all", "https-only", "redirect-to-https", UNKNOWN})
_TLS = frozenset(
    {"TLSv1_2016", "TLSv1.1_2016", "TLSv1.2_2018", "TLSv1.2_2019", "TLSv1.2_2021"}
    | {"TLSv1.2_2025", "TLSv1.3_2025", "TLSv1", UNKNOWN}
)


def refusals(inputs: Properties) -> Iterator[Problem]:
    """What CloudFront refuses without looking at the rest of the account.

    Values that are not known yet are not judged.
    """
    behaviour = inputs["defaultCacheBehavior"]
    if behaviour != UNKNOWN:
        yield from _behaviour_refusals(behaviour, inputs["origins"])
    if inputs.get("httpVersion", "http2") not in _HTTP_VERSIONS:
        yield Problem("httpVersion", f'InvalidArgument: "{inputs["httpVersion"]}" is no version')
    origins = inputs["origins"]
    for index, origin in enumerate([] if origins == UNKNOWN else origins):
        if origin != UNKNOWN:
            yield from _origin_refusals(f"origins[{index}]", origin)
    if inputs["viewerCertificate"] != UNKNOWN:
        yield from _viewer_refusals(inputs["viewerCertificate"], inputs.get("aliases"))


def _behaviour_refusals(behaviour: Properties, origins: Any) -> Iterator[Problem]:  # any JSON value
    path = "defaultCacheBehavior"
    policy = behaviour.get("cachePolicyId")
    if policy is None:
        yield Problem(
            f"{path}.cachePolicyId",
            "the local stand-in does not model cache behaviours without a cache policy",
        )
    elif policy not in _CACHE_POLICIES:
        yield Problem(
            f"{path}.cachePolicyId",
            f"NoSuchCachePolicy: The specified cache policy does not exist: {policy}",
        )
    headers = behaviour.get("responseHeadersPolicyId", UNKNOWN)
    if headers not in _HEADERS_POLICIES:
        yield Problem(
            f"{path}.responseHeadersPolicyId",
            "NoSuchResponseHeadersPolicy: The specified response headers policy does not exist: "
            f"{headers}",
        )
    if behaviour["viewerProtocolPolicy"] not in _VIEWER_POLICIES:
        yield Problem(
            f"{path}.viewerProtocolPolicy",
            f'InvalidArgument: "{behaviour["viewerProtocolPolicy"]}" is no viewer protocol policy',
        )
    target = behaviour["targetOriginId"]
    if UNKNOWN in (origins, target) or UNKNOWN in origins:
        return
    known = [origin["originId"] for origin in origins]
    if target not in known and UNKNOWN not in known:
        yield Problem(
            f"{path}.targetOriginId",
            f"NoSuchOrigin: One or more of your origins do not exist: {target}",
        )


def _origin_refusals(path: str, origin: Properties) -> Iterator[Problem]:
    domain = origin["domainName"]
    if domain != UNKNOWN and not domain.endswith(".amazonaws.com"):
        yield Problem(
            f"{path}.domainName",
            "InvalidArgument: The parameter Origin DomainName does not refer to a valid S3 "
            f"bucket: {domain}",
        )
    folder = origin.get("originPath", "")
    if folder not in {"", UNKNOWN} and (not folder.startswith("/") or folder.endswith("/")):
        yield Problem(
            f"{path}.originPath",
            f"InvalidArgument: an origin path begins with a slash and ends without: {folder}",
        )


def _viewer_refusals(viewer: Properties, aliases: Any) -> Iterator[Problem]:  # any JSON value
    arn = viewer.get("acmCertificateArn")
    if arn and viewer.get("sslSupportMethod") not in {"sni-only", UNKNOWN}:
        yield Problem(
            "viewerCertificate.sslSupportMethod",
            "the local stand-in models certificates of your own with sni-only",
        )
    if not arn and not viewer.get("cloudfrontDefaultCertificate"):
        yield Problem(
            "viewerCertificate",
            "InvalidViewerCertificate: name acmCertificateArn or cloudfrontDefaultCertificate",
        )
    if not arn and aliases:
        yield Problem(
            "aliases",
            "InvalidViewerCertificate: To add an alternate domain name (CNAME) to a CloudFront "
            "distribution, you must attach a trusted certificate that validates your "
            "authorization to use the domain name",
        )
    if viewer.get("minimumProtocolVersion", UNKNOWN) not in _TLS:
        yield Problem(
            "viewerCertificate.minimumProtocolVersion",
            f'InvalidViewerCertificate: "{viewer["minimumProtocolVersion"]}" is no security policy',
        )


def access_controls_of(inputs: Properties) -> dict[str, str]:
    """The id of the origin access control by origin id; empty if the origin has none."""
    return {
        origin["originId"]: origin.get("originAccessControlId", "") for origin in inputs["origins"]
    }


def expand(inputs: Properties, reference: str) -> Any:  # botocore checks the shape
    """The inputs as a ``DistributionConfig`` of CloudFront's API, with pulumi-aws's defaults.

    ``reference`` is the ``CallerReference``.
    """
    behaviour = inputs["defaultCacheBehavior"]
    geo = inputs["restrictions"]["geoRestriction"]
    made: Properties = {
        "Aliases": _items(inputs.get("aliases", [])),
        "CallerReference": reference,
        "Comment": inputs.get("comment", ""),
        "DefaultCacheBehavior": {
            "AllowedMethods": _items(behaviour["allowedMethods"])
            | {"CachedMethods": _items(behaviour["cachedMethods"])},
            "CachePolicyId": behaviour["cachePolicyId"],
            "Compress": behaviour.get("compress", False),
            "TargetOriginId": behaviour["targetOriginId"],
            "ViewerProtocolPolicy": behaviour["viewerProtocolPolicy"],
        },
        "DefaultRootObject": inputs.get("defaultRootObject", ""),
        "Enabled": inputs["enabled"],
        "HttpVersion": inputs.get("httpVersion", "http2"),
        "IsIPV6Enabled": inputs.get("isIpv6Enabled", False),
        "Origins": _items([_expand_origin(origin) for origin in inputs["origins"]]),
        "PriceClass": inputs.get("priceClass", "PriceClass_All"),
        "Restrictions": {
            "GeoRestriction": _items(geo.get("locations", []))
            | {"RestrictionType": geo["restrictionType"]}
        },
        "ViewerCertificate": _expand_viewer(inputs["viewerCertificate"]),
    }
    if behaviour.get("responseHeadersPolicyId"):
        made["DefaultCacheBehavior"]["ResponseHeadersPolicyId"] = behaviour[
            "responseHeadersPolicyId"
        ]
    return made


def flatten(config: Any, controls: Mapping[str, str]) -> Properties:  # any JSON value
    """A ``DistributionConfig`` as inputs; None for what is empty.

    ``controls`` are the ids of origin access controls by origin id, which moto does not store.
    """
    behaviour = config["DefaultCacheBehavior"]
    geo = config["Restrictions"]["GeoRestriction"]
    viewer = config["ViewerCertificate"]
    arn = viewer.get("ACMCertificateArn") or None
    return {
        "aliases": config["Aliases"].get("Items") or None,
        "comment": config["Comment"] or None,
        "defaultCacheBehavior": {
            "allowedMethods": behaviour["AllowedMethods"]["Items"],
            "cachePolicyId": behaviour.get("CachePolicyId") or None,
            "cachedMethods": behaviour["AllowedMethods"]["CachedMethods"]["Items"],
            "compress": behaviour["Compress"],
            "responseHeadersPolicyId": behaviour.get("ResponseHeadersPolicyId") or None,
            "targetOriginId": behaviour["TargetOriginId"],
            "viewerProtocolPolicy": behaviour["ViewerProtocolPolicy"],
        },
        "defaultRootObject": config["DefaultRootObject"] or None,
        "enabled": config["Enabled"],
        "httpVersion": config["HttpVersion"],
        "isIpv6Enabled": config["IsIPV6Enabled"],
        "origins": [_flatten_origin(origin, controls) for origin in config["Origins"]["Items"]],
        "priceClass": config["PriceClass"],
        "restrictions": {
            "geoRestriction": {
                "locations": geo.get("Items") or None,
                "restrictionType": geo["RestrictionType"],
            }
        },
        "viewerCertificate": {
            "acmCertificateArn": arn,
            "cloudfrontDefaultCertificate": not arn,
            "minimumProtocolVersion": viewer["MinimumProtocolVersion"],
            "sslSupportMethod": viewer["SSLSupportMethod"] if arn else None,
        },
    }


def _expand_origin(origin: Properties) -> Properties:
    return {
        "ConnectionAttempts": origin.get("connectionAttempts", 3),
        "ConnectionTimeout": origin.get("connectionTimeout", 10),
        "DomainName": origin["domainName"],
        "Id": origin["originId"],
        "OriginAccessControlId": origin.get("originAccessControlId", ""),
        "OriginPath": origin.get("originPath", ""),
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }


def _flatten_origin(origin: Properties, controls: Mapping[str, str]) -> Properties:
    return {
        "connectionAttempts": origin["ConnectionAttempts"],
        "connectionTimeout": origin["ConnectionTimeout"],
        "domainName": origin["DomainName"],
        "originAccessControlId": controls.get(origin["Id"]) or None,
        "originId": origin["Id"],
        "originPath": origin["OriginPath"] or None,
    }


def _expand_viewer(viewer: Properties) -> Properties:
    if not viewer.get("acmCertificateArn"):
        return {"CloudFrontDefaultCertificate": True, "MinimumProtocolVersion": "TLSv1"}
    return {
        "ACMCertificateArn": viewer["acmCertificateArn"],
        "CloudFrontDefaultCertificate": False,
        "MinimumProtocolVersion": viewer.get("minimumProtocolVersion", "TLSv1"),
        "SSLSupportMethod": viewer["sslSupportMethod"],
    }


def _items(members: list[Any]) -> Properties:
    return {"Quantity": len(members), "Items": members} if members else {"Quantity": 0}
