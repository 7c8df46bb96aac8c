"""``sts-record-second``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "sts-record-second.example"


def bad() -> None:
    """The domain has the old record and a new one."""
    parts.tlsrpt_record(DOMAIN)
    body = parts.host(DOMAIN)
    old, new = "v=STSv1; id=20250101;", "v=STSv1; id=20260101;"
    parts.sts_record(DOMAIN, [body], records=[old, new])


def good() -> None:
    """The new record replaces the old one."""
    parts.whole(DOMAIN)
