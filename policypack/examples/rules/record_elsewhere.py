"""``record-elsewhere``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "record-elsewhere.example"


def bad() -> None:
    """The name of drafts of RFC 8460."""
    parts.text_record(
        f"{DOMAIN}-tlsrpt",
        f"_smtp-tlsrpt.{DOMAIN}",
        "v=TLSRPTv1; rua=mailto:tls@reports.example;",
    )


def good() -> None:
    """The name that senders look up."""
    parts.tlsrpt_record(DOMAIN)
