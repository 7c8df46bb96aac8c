"""``host-certificate-unvalidated``: a bad and a good example."""

from __future__ import annotations

from typing import TYPE_CHECKING

import parts

if TYPE_CHECKING:
    import pulumi

DOMAIN = "host-certificate-unvalidated.example"


def bad() -> None:
    """The certificate is requested, and may not be issued yet."""
    host(parts.certificate(DOMAIN).arn)


def good() -> None:
    """The certificate once it is issued."""
    host(parts.validated(DOMAIN, parts.certificate(DOMAIN)).certificate_arn)


def host(certificate_arn: pulumi.Output[str]) -> None:
    """A policy host with that certificate."""
    bucket = parts.bucket(DOMAIN)
    body = parts.policy_object(DOMAIN, bucket)
    parts.lead_to(DOMAIN, parts.distribution(DOMAIN, bucket, certificate_arn))
    parts.tlsrpt_record(DOMAIN)
    parts.sts_record(DOMAIN, [body])
