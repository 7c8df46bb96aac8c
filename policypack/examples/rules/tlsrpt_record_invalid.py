"""``tlsrpt-record-invalid``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "tlsrpt-record-invalid.example"


def bad() -> None:
    """An address without mailto: is no URI."""
    parts.tlsrpt_record(DOMAIN, "v=TLSRPTv1; rua=tls@reports.example;")


def good() -> None:
    """The same address as a URI."""
    parts.tlsrpt_record(DOMAIN, "v=TLSRPTv1; rua=mailto:tls@reports.example;")
