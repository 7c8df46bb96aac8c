"""``policy-max-age-short``: a bad and a good example."""

from __future__ import annotations

import parts
import pulumi

DOMAIN = "policy-max-age-short.example"


def bad() -> None:
    """Senders forget the policy after a day."""
    enforced(86_400)


def good() -> None:
    """Senders keep the policy for two weeks."""
    enforced(1_209_600)


def enforced(max_age: int) -> None:
    """An enforced domain, protected as such."""
    protected = pulumi.ResourceOptions(protect=True)
    bucket = parts.bucket(DOMAIN)
    text = parts.policy(DOMAIN, "enforce", max_age)
    body = parts.policy_object(DOMAIN, bucket, protected, content=text)
    arn = parts.validated(DOMAIN, parts.certificate(DOMAIN)).certificate_arn
    parts.lead_to(DOMAIN, parts.distribution(DOMAIN, bucket, arn, protected))
    parts.tlsrpt_record(DOMAIN)
    parts.sts_record(DOMAIN, [body], protect=True)
