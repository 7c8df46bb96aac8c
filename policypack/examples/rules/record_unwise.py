"""``record-unwise``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "record-unwise.example"


def bad() -> None:
    """A mailbox of a service that has ended, which many copy from old guides."""
    rua = "mailto:tls-rua@mailcheck.service.ncsc.gov.uk"
    parts.tlsrpt_record(DOMAIN, f"v=TLSRPTv1; rua={rua};")


def good() -> None:
    """A mailbox that somebody reads."""
    parts.tlsrpt_record(DOMAIN, f"v=TLSRPTv1; rua=mailto:tls@reports.{DOMAIN};")
