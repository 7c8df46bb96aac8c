"""``policy-unwise``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "policy-unwise.example"


def bad() -> None:
    """Lines end in LF, which some checkers refuse."""
    parts.whole(DOMAIN, content=parts.policy(DOMAIN).replace("\r\n", "\n"))


def good() -> None:
    """Lines end in CRLF."""
    parts.whole(DOMAIN, content=parts.policy(DOMAIN))
