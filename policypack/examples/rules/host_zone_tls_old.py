"""``host-zone-tls-old``: a bad and a good example."""

from __future__ import annotations

from worker import worker

DOMAIN = "host-zone-tls-old.example"


def bad() -> None:
    """The whole zone takes TLS 1.0, as Cloudflare's default is."""
    worker(DOMAIN, "1.0")


def good() -> None:
    """The zone takes TLS 1.2 and 1.3."""
    worker(DOMAIN, "1.2")
