"""``sts-record-invalid``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "sts-record-invalid.example"


def bad() -> None:
    """The version is misspelt."""
    parts.tlsrpt_record(DOMAIN)
    body = parts.host(DOMAIN)
    parts.sts_record(DOMAIN, [body], "v=STSv01; id=20260101;")


def good() -> None:
    """The version as RFC 8461 spells it."""
    parts.tlsrpt_record(DOMAIN)
    body = parts.host(DOMAIN)
    parts.sts_record(DOMAIN, [body], "v=STSv1; id=20260101;")
