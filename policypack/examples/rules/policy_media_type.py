"""``policy-media-type``: a bad and a good example."""

from __future__ import annotations

import parts

DOMAIN = "policy-media-type.example"


def bad() -> None:
    """A web page's content type."""
    parts.whole(DOMAIN, content_type="text/html")


def good() -> None:
    """Plain text."""
    parts.whole(DOMAIN, content_type="text/plain; charset=utf-8")
