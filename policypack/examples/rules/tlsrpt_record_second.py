"""``tlsrpt-record-second``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "tlsrpt-record-second.example"


def bad() -> None:
    """A record for each address."""
    parts.tlsrpt_record(
        DOMAIN,
        records=[
            "v=TLSRPTv1; rua=mailto:tls@reports.example;",
            "v=TLSRPTv1; rua=https://reports.example/tls;",
        ],
    )


def good() -> None:
    """Both addresses in one record."""
    rua = "mailto:tls@reports.example,https://reports.example/tls"
    parts.tlsrpt_record(DOMAIN, f"v=TLSRPTv1; rua={rua};")
