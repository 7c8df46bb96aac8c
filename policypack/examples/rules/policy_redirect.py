"""``policy-redirect``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "policy-redirect.example"


def bad() -> None:
    """The policy of another domain, by a redirect."""
    parts.whole(DOMAIN, website_redirect="https://mta-sts.provider.example/.well-known/mta-sts.txt")


def good() -> None:
    """The policy itself."""
    parts.whole(DOMAIN)
