"""``sts-record-before-policy``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "sts-record-before-policy.example"


def bad() -> None:
    """Record and policy are written in no fixed order."""
    parts.tlsrpt_record(DOMAIN)
    parts.host(DOMAIN)
    parts.sts_record(DOMAIN, [])


def good() -> None:
    """The record waits for the policy."""
    parts.tlsrpt_record(DOMAIN)
    body = parts.host(DOMAIN)
    parts.sts_record(DOMAIN, [body])
