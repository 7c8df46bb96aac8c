"""``host-zone-tls-old``: a bad and a good example."""

from __future__ import annotations

from worker import worker

DOMAIN = "host-zone-tls-old.example"


def bad() -> None:
    """The whole zone accepts TLS 1.0, which is Cloudflare's default."""
    worker(DOMAIN, "1.0")


def good() -> None:
    """The zone accepts TLS 1.2 and 1.3."""
    worker(DOMAIN, "1.2")
