"""``host-tls13-only``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "host-tls13-only.example"


def bad() -> None:
    """Senders that speak TLS 1.2 find no policy."""
    parts.whole(DOMAIN, {"minimum_protocol_version": "TLSv1.3_2025"})


def good() -> None:
    """TLS 1.2 and 1.3."""
    parts.whole(DOMAIN, {"minimum_protocol_version": "TLSv1.2_2021"})
