"""The stages of a domain with dns delegated or manual (docs/delegation.md)."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """How far such a domain has come; it never returns to an earlier stage."""

    REQUESTED = "requested"  # the certificate is requested; the policy host serves nothing yet
    ISSUED = "issued"  # the certificate is issued; the host serves at its own name
    LIVE = "live"  # the policy host's name leads to the host; the policy may be published
