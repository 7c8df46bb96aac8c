"""``sts-record-ttl-long``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "sts-record-ttl-long.example"


def bad() -> None:
    """After a change from enforce to testing, resolvers may keep the old record for a day."""
    parts.tlsrpt_record(DOMAIN)
    body = parts.host(DOMAIN)
    parts.sts_record(DOMAIN, [body], ttl=86_400)


def good() -> None:
    """Five minutes."""
    parts.tlsrpt_record(DOMAIN)
    body = parts.host(DOMAIN)
    parts.sts_record(DOMAIN, [body], ttl=300)
