"""``sts-record-host-missing``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "sts-record-host-missing.example"


def bad() -> None:
    """An alias domain that has only a copy of the main domain's STS record."""
    parts.tlsrpt_record(DOMAIN)
    parts.sts_record(DOMAIN, [])


def good() -> None:
    """The alias domain has a policy host and a certificate of its own."""
    parts.whole(DOMAIN)
