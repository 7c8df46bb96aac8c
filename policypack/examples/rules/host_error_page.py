"""``host-error-page``: a bad and a good example."""

from __future__ import annotations

from typing import Any

import parts

DOMAIN = "host-error-page.example"


def bad() -> None:
    """Where the policy is missing, senders get a page and status 200."""
    page = {"error_code": 404, "response_code": 200, "response_page_path": "/index.html"}
    host(custom_error_responses=[page])


def good() -> None:
    """Where the policy is missing, senders get status 404."""
    host()


def host(**changes: Any) -> None:
    """A policy host with those settings."""
    bucket = parts.bucket(DOMAIN)
    body = parts.policy_object(DOMAIN, bucket)
    arn = parts.validated(DOMAIN, parts.certificate(DOMAIN)).certificate_arn
    parts.lead_to(DOMAIN, parts.distribution(DOMAIN, bucket, arn, **changes))
    parts.tlsrpt_record(DOMAIN)
    parts.sts_record(DOMAIN, [body])
