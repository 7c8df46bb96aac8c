"""``policy-path``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "policy-path.example"


def bad() -> None:
    """The dot before well-known is missing."""
    parts.whole(DOMAIN, key=f"{DOMAIN}/well-known/mta-sts.txt")


def good() -> None:
    """The path of RFC 8461 section 3.3."""
    parts.whole(DOMAIN, key=f"{DOMAIN}/.well-known/mta-sts.txt")
