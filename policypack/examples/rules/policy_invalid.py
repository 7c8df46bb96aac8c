"""``policy-invalid``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "policy-invalid.example"


def bad() -> None:
    """A dot at the end of an mx, as zone files write it."""
    parts.whole(DOMAIN, content=parts.policy(DOMAIN, mx=f"mail.{DOMAIN}."))


def good() -> None:
    """The host's name alone."""
    parts.whole(DOMAIN, content=parts.policy(DOMAIN, mx=f"mail.{DOMAIN}"))
