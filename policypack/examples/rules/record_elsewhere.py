"""``record-elsewhere``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "record-elsewhere.example"


def bad() -> None:
    """Drafts of RFC 8460 had this name."""
    parts.text_record(
        f"{DOMAIN}-tlsrpt",
        f"_smtp-tlsrpt.{DOMAIN}",
        "v=TLSRPTv1; rua=mailto:tls@reports.example;",
    )


def good() -> None:
    """The name that senders ask for."""
    parts.tlsrpt_record(DOMAIN)
