"""``policy-unprotected``: a bad and a good example."""

from __future__ import annotations

import parts
import pulumi

DOMAIN = "policy-unprotected.example"


def bad() -> None:
    """A destroy would take down what senders rely on."""
    enforced(protect=False)


def good() -> None:
    """A destroy is refused."""
    enforced(protect=True)


def enforced(*, protect: bool) -> None:
    """An enforced domain."""
    opts = pulumi.ResourceOptions(protect=protect)
    bucket = parts.bucket(DOMAIN)
    text = parts.policy(DOMAIN, "enforce")
    body = parts.policy_object(DOMAIN, bucket, opts, content=text)
    arn = parts.validated(DOMAIN, parts.certificate(DOMAIN)).certificate_arn
    parts.lead_to(DOMAIN, parts.distribution(DOMAIN, bucket, arn, opts))
    parts.tlsrpt_record(DOMAIN)
    parts.sts_record(DOMAIN, [body], protect=protect)
