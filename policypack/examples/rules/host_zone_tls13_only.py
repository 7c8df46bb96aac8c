"""``host-zone-tls13-only``: a bad and a good example."""

from __future__ import annotations

from worker import worker

DOMAIN = "host-zone-tls13-only.example"


def bad() -> None:
    """The whole zone refuses TLS 1.2."""
    worker(DOMAIN, "1.3")


def good() -> None:
    """The zone accepts TLS 1.2 and 1.3."""
    worker(DOMAIN, "1.2")
