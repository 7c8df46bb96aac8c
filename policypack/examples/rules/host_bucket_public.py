"""``host-bucket-public``: a bad and a good example."""

from __future__ import annotations

import json

import parts
import pulumi_aws as aws

DOMAIN = "host-bucket-public.example"


def bad() -> None:
    """Anybody can read the bucket directly, without the policy host."""
    everybody = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{DOMAIN}-policy/*",
    }
    host({"Version": "2012-10-17", "Statement": [everybody]})


def good() -> None:
    """CloudFront alone reads the bucket."""
    parts.whole(DOMAIN)


def host(bucket_policy: dict[str, object]) -> None:
    """A policy host whose bucket has that policy."""
    bucket = aws.s3.Bucket(f"{DOMAIN}-bucket", bucket=f"{DOMAIN}-policy")
    aws.s3.BucketPolicy(
        f"{DOMAIN}-bucket-policy", bucket=bucket.bucket, policy=json.dumps(bucket_policy)
    )
    body = parts.policy_object(DOMAIN, bucket)
    arn = parts.validated(DOMAIN, parts.certificate(DOMAIN)).certificate_arn
    parts.lead_to(DOMAIN, parts.distribution(DOMAIN, bucket, arn))
    parts.tlsrpt_record(DOMAIN)
    parts.sts_record(DOMAIN, [body])
