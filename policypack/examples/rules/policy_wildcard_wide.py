"""``policy-wildcard-wide``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "policy-wildcard-wide.example"


def bad() -> None:
    """Any host of the domain may take its mail."""
    parts.whole(DOMAIN, content=parts.policy(DOMAIN, mx=f"*.{DOMAIN}"))


def good() -> None:
    """The MX host by name."""
    parts.whole(DOMAIN, content=parts.policy(DOMAIN, mx=f"mail.{DOMAIN}"))
