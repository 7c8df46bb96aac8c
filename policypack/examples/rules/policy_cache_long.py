"""``policy-cache-long``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "policy-cache-long.example"


def bad() -> None:
    """CloudFront keeps the policy for a day."""
    parts.whole(DOMAIN, cache_control=None)


def good() -> None:
    """CloudFront keeps the policy for a minute."""
    parts.whole(DOMAIN, cache_control="max-age=60")
