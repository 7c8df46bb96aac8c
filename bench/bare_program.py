"""A plain Pulumi program with the same resources as a stack of mtasts, for `growth.py`.

It has the same kinds of resources with the same dependencies, components and their outputs
included. So the difference between the two is the work that mtasts does in addition. A component's
type is part of every URN below it, and the engine writes the whole state at every step; therefore
the type names here are as long as those of mtasts. `growth.py` copies this file as the program of a
project.
"""

from __future__ import annotations

import hashlib
import json

import pulumi
from pulumi_aws import acm, cloudfront, route53, s3

CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
REGION = "us-east-1"


def child(parent: pulumi.Resource, *depends: pulumi.Resource) -> pulumi.ResourceOptions:
    """The options of a child of ``parent`` that depends on ``depends``."""
    return pulumi.ResourceOptions(parent=parent, depends_on=list(depends))


def bucket(
    name: str, agency: pulumi.Resource
) -> tuple[s3.Bucket, cloudfront.OriginAccessControl, list[pulumi.Resource]]:
    """A bucket, its origin access control, and the settings that objects must wait for."""
    home = pulumi.ComponentResource("bench:index:PolicyBucket", "policies", {}, child(agency))
    made = s3.Bucket("bucket", bucket=name, force_destroy=True, opts=child(home))
    block = s3.BucketPublicAccessBlock(
        "public-access",
        bucket=made.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child(home),
    )
    s3.BucketOwnershipControls(
        "ownership",
        bucket=made.bucket,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=child(home),
    )
    versioning = s3.BucketVersioning(
        "versioning",
        bucket=made.bucket,
        versioning_configuration={"status": "Enabled"},
        opts=child(home),
    )
    s3.BucketServerSideEncryptionConfiguration(
        "encryption",
        bucket=made.bucket,
        rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
        opts=child(home),
    )
    reading = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/policy/*",
    }
    policy = s3.BucketPolicy(
        "access",
        bucket=made.bucket,
        policy=json.dumps({"Version": "2012-10-17", "Statement": [reading]}),
        opts=child(home, block),
    )
    control = cloudfront.OriginAccessControl(
        "access-control",
        name=name,
        origin_access_control_origin_type="s3",
        signing_behavior="always",
        signing_protocol="sigv4",
        opts=child(home),
    )
    home.register_outputs({"bucket": made.bucket})
    return made, control, [policy, versioning]


def distribution(
    name: str,
    home: s3.Bucket,
    control: cloudfront.OriginAccessControl,
    certificate: acm.CertificateValidation,
    opts: pulumi.ResourceOptions,
) -> cloudfront.Distribution:
    """The distribution of one domain."""
    return cloudfront.Distribution(
        f"{name}-distribution",
        aliases=[f"mta-sts.{name}"],
        enabled=True,
        is_ipv6_enabled=True,
        http_version="http2",
        origins=[
            {
                "origin_id": "policy",
                "domain_name": home.bucket_regional_domain_name,
                "origin_path": f"/policy/{name}",
                "origin_access_control_id": control.id,
            }
        ],
        default_cache_behavior={
            "target_origin_id": "policy",
            "allowed_methods": ["GET", "HEAD"],
            "cached_methods": ["GET", "HEAD"],
            "viewer_protocol_policy": "https-only",
            "cache_policy_id": CACHING_OPTIMIZED,
        },
        restrictions={"geo_restriction": {"restriction_type": "none"}},
        viewer_certificate={
            "acm_certificate_arn": certificate.certificate_arn,
            "ssl_support_method": "sni-only",
            "minimum_protocol_version": "TLSv1.2_2021",
        },
        opts=opts,
    )


def domain(
    name: str,
    zone_id: str,
    home: s3.Bucket,
    control: cloudfront.OriginAccessControl,
    ready: list[pulumi.Resource],
    *,
    agency: pulumi.Resource,
) -> dict[str, str]:
    """Declare all resources of one domain in the order of mtasts; returns its outputs."""
    top = pulumi.ComponentResource("bench:index:MailDomain", name, {}, child(agency))
    zone = pulumi.ComponentResource("bench:index:Zone", f"{name}-zone", {}, child(top))
    host = pulumi.ComponentResource("bench:index:PolicyHost", name, {}, child(top))
    certificate = acm.Certificate(
        f"{name}-certificate",
        domain_name=f"mta-sts.{name}",
        validation_method="DNS",
        region=REGION,
        opts=child(host),
    )
    option = certificate.domain_validation_options[0]
    validation = route53.Record(
        f"{name}-validation",
        zone_id=zone_id,
        name=option.resource_record_name,
        type=option.resource_record_type,
        ttl=300,
        records=[option.resource_record_value],
        opts=child(zone),
    )
    issued = acm.CertificateValidation(
        f"{name}-issued",
        certificate_arn=certificate.arn,
        validation_record_fqdns=[validation.fqdn],
        region=REGION,
        opts=child(host),
    )
    made = distribution(name, home, control, issued, child(host, *ready))
    body = f"version: STSv1\r\nmode: testing\r\nmx: mx1.{name}\r\nmax_age: 604800\r\n"
    policy = s3.BucketObjectv2(
        f"{name}-policy",
        bucket=home.bucket,
        key=f"policy/{name}/.well-known/mta-sts.txt",
        content=body,
        content_type="text/plain",
        cache_control="max-age=60",
        etag=hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        opts=child(host, *ready),
    )

    def text(suffix: str, owner: str, value: str, *depends: pulumi.Resource) -> route53.Record:
        return route53.Record(
            f"{name}-{suffix}",
            zone_id=zone_id,
            name=f"{owner}.{name}",
            type="TXT",
            ttl=300,
            records=[value],
            opts=child(zone, *depends),
        )

    reports = text("tlsrpt", "_smtp._tls", "v=TLSRPTv1; rua=mailto:tlsrpt@reports.example")
    addresses = [
        route53.Record(
            f"{name}-{type_}",
            zone_id=zone_id,
            name=f"mta-sts.{name}",
            type=type_,
            aliases=[
                {
                    "name": made.domain_name,
                    "zone_id": CLOUDFRONT_ZONE,
                    "evaluate_target_health": False,
                }
            ],
            opts=child(zone, policy),
        )
        for type_ in ("A", "AAAA")
    ]
    id_ = hashlib.sha256(body.encode()).hexdigest()[:32]
    text("sts", "_mta-sts", f"v=STSv1; id={id_};", reports, policy, *addresses)
    url = f"https://mta-sts.{name}/.well-known/mta-sts.txt"
    zone.register_outputs({"zoneId": zone_id})
    host.register_outputs({"policyUrl": url})
    top.register_outputs({"policyUrl": url, "policyId": id_})
    return {"policyId": id_, "policyUrl": url, "policy": body}


config = pulumi.Config("bare")
agency = pulumi.ComponentResource("bench:index:Agency", pulumi.get_stack())
shared = bucket(config.require("bucket"), agency)
outputs = {
    each["name"]: domain(each["name"], each["zone"], *shared, agency=agency)
    for each in config.require_object("domains")
}
agency.register_outputs({"domains": outputs})
