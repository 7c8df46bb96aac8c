"""``sts-record-id``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "sts-record-id.example"


def bad() -> None:
    """Hyphens and colons are no letters or digits."""
    parts.tlsrpt_record(DOMAIN)
    body = parts.host(DOMAIN)
    parts.sts_record(DOMAIN, [body], "v=STSv1; id=2026-01-01T00:00:00;")


def good() -> None:
    """The same time in digits."""
    parts.tlsrpt_record(DOMAIN)
    body = parts.host(DOMAIN)
    parts.sts_record(DOMAIN, [body], "v=STSv1; id=20260101000000;")
