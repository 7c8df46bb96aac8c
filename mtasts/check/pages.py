"""Which page tells more about a finding: the five classic mistakes (docs/mistakes/)."""

from __future__ import annotations

# By the beginning of an id; the longest that fits counts.
_PAGES = {
    "sts-record": "record",
    "host-": "unreachable",
    "host-tls": "certificate",
    "host-certificate": "certificate",
    "host-media-type": "format",
    "host-bodies-differ": "id",
    "host-cache-long": "id",
    "policy-": "format",
    "policy-id-unchanged": "id",
    "mx-certificate": "certificate",
}


def page(id_: str) -> str:
    """Where the page lies in the repository; empty where there is none."""
    fitting = [each for each in _PAGES if id_.startswith(each)]
    return f"docs/mistakes/{_PAGES[max(fitting, key=len)]}.md" if fitting else ""
