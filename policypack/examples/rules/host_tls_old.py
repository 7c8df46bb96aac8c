"""``host-tls-old``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "host-tls-old.example"


def bad() -> None:
    """TLS 1.0 is still accepted."""
    parts.whole(DOMAIN, {"minimum_protocol_version": "TLSv1"})


def good() -> None:
    """TLS 1.2 and 1.3."""
    parts.whole(DOMAIN, {"minimum_protocol_version": "TLSv1.2_2021"})
