"""Parts that the examples share: a policy host and its records, as plain resources."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_aws import acm, cloudfront, route53, s3

if TYPE_CHECKING:
    from collections.abc import Sequence

ZONE = "Z0123456789ABCDEFGHIJ"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"


def policy(domain: str, mode: str = "testing", max_age: int = 604_800, mx: str = "") -> str:
    """A policy of one mx, with the line ends of RFC 8461 section 3.2."""
    lines = ("version: STSv1", f"mode: {mode}", f"mx: {mx or f'mail.{domain}'}")
    return "\r\n".join((*lines, f"max_age: {max_age}", ""))


def bucket(domain: str) -> s3.Bucket:
    """A private bucket, which CloudFront may read."""
    made = s3.Bucket(f"{domain}-bucket", bucket=f"{domain}-policy")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{domain}-policy/*",
        "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
    }
    s3.BucketPolicy(
        f"{domain}-bucket-policy",
        bucket=made.bucket,
        policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    return made


def policy_object(
    domain: str, made: s3.Bucket, opts: pulumi.ResourceOptions | None = None, **changes: Any
) -> s3.BucketObjectv2:
    """The object that holds the policy."""
    inputs: dict[str, Any] = {
        "bucket": made.bucket,
        "key": f"{domain}/.well-known/mta-sts.txt",
        "content": policy(domain),
        "content_type": "text/plain",
        "cache_control": "max-age=60",
    }
    return s3.BucketObjectv2(f"{domain}-policy", opts=opts, **inputs | changes)


def certificate(domain: str) -> acm.Certificate:
    """A certificate for the policy host, not validated yet."""
    return acm.Certificate(
        f"{domain}-certificate",
        domain_name=f"mta-sts.{domain}",
        validation_method="DNS",
        region="us-east-1",
    )


def validated(domain: str, made: acm.Certificate) -> acm.CertificateValidation:
    """The certificate once it is issued."""
    option = made.domain_validation_options[0]
    record = route53.Record(
        f"{domain}-validation",
        zone_id=ZONE,
        name=option.resource_record_name,
        type=option.resource_record_type,
        records=[option.resource_record_value],
        ttl=300,
    )
    return acm.CertificateValidation(
        f"{domain}-validated",
        certificate_arn=made.arn,
        validation_record_fqdns=[record.fqdn],
        region="us-east-1",
    )


def distribution(
    domain: str,
    made: s3.Bucket,
    certificate_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions | None = None,
    **changes: Any,
) -> cloudfront.Distribution:
    """The policy host."""
    control = cloudfront.OriginAccessControl(
        f"{domain}-control",
        origin_access_control_origin_type="s3",
        signing_behavior="always",
        signing_protocol="sigv4",
    )
    tls = {"ssl_support_method": "sni-only", "minimum_protocol_version": "TLSv1.2_2021"}
    inputs: dict[str, Any] = {
        "aliases": [f"mta-sts.{domain}"],
        "enabled": True,
        "origins": [
            {
                "origin_id": "policy",
                "domain_name": made.bucket_regional_domain_name,
                "origin_path": f"/{domain}",
                "origin_access_control_id": control.id,
            }
        ],
        "default_cache_behavior": {
            "target_origin_id": "policy",
            "allowed_methods": ["GET", "HEAD"],
            "cached_methods": ["GET", "HEAD"],
            "viewer_protocol_policy": "https-only",
            "cache_policy_id": CACHING_OPTIMIZED,
        },
        "restrictions": {"geo_restriction": {"restriction_type": "none"}},
        "viewer_certificate": {
            "acm_certificate_arn": certificate_arn,
            **tls,
            **changes.pop("tls", {}),
        },
    }
    return cloudfront.Distribution(f"{domain}-distribution", opts=opts, **inputs | changes)


def host(
    domain: str, tls: dict[str, str] | None = None, **policy_changes: Any
) -> s3.BucketObjectv2:
    """A policy host and the record that leads to it; returns the object that holds the policy."""
    made = bucket(domain)
    body = policy_object(domain, made, **policy_changes)
    arn = validated(domain, certificate(domain)).certificate_arn
    lead_to(domain, distribution(domain, made, arn, tls=tls or {}))
    return body


def lead_to(domain: str, served: cloudfront.Distribution) -> None:
    """The address of the policy host."""
    target: route53.RecordAliasArgsDict = {
        "name": served.domain_name,
        "zone_id": served.hosted_zone_id,
        "evaluate_target_health": False,
    }
    route53.Record(
        f"{domain}-address", zone_id=ZONE, name=f"mta-sts.{domain}", type="A", aliases=[target]
    )


def sts_record(
    domain: str,
    waits_for: Sequence[pulumi.Resource],
    text: str = "v=STSv1; id=20260101;",
    **more: Any,
) -> route53.Record:
    """The STS record, written after the resources of ``waits_for``."""
    opts = pulumi.ResourceOptions(depends_on=[*waits_for], protect=more.pop("protect", False))
    return text_record(f"{domain}-sts", f"_mta-sts.{domain}", text, opts, **more)


def tlsrpt_record(domain: str, text: str = "", **more: Any) -> route53.Record:
    """The TLS-RPT record."""
    written = text or f"v=TLSRPTv1; rua=mailto:tls@reports.{domain};"
    return text_record(f"{domain}-tlsrpt", f"_smtp._tls.{domain}", written, **more)


def text_record(
    name: str, owner: str, text: str, opts: pulumi.ResourceOptions | None = None, **more: Any
) -> route53.Record:
    """A TXT record of one text."""
    inputs: dict[str, Any] = {
        "zone_id": ZONE,
        "name": owner,
        "type": "TXT",
        "ttl": 300,
        "records": [text],
    }
    return route53.Record(name, opts=opts, **inputs | more)


def whole(
    domain: str, tls: dict[str, str] | None = None, **policy_changes: Any
) -> s3.BucketObjectv2:
    """All that a domain needs; returns the object that holds the policy."""
    tlsrpt_record(domain)
    body = host(domain, tls, **policy_changes)
    sts_record(domain, [body])
    return body
