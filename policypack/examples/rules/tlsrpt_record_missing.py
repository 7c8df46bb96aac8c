"""``tlsrpt-record-missing``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "tlsrpt-record-missing.example"


def bad() -> None:
    """Nobody learns of failed deliveries."""
    body = parts.host(DOMAIN)
    parts.sts_record(DOMAIN, [body])


def good() -> None:
    """Senders report to a mailbox."""
    parts.tlsrpt_record(DOMAIN)
    body = parts.host(DOMAIN)
    parts.sts_record(DOMAIN, [body])
