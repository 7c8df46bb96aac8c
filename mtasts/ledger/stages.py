"""The stages of a domain whose records somebody else publishes."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """How far such a domain has come; a stage is never left again (`mtasts.rollout.handover`)."""

    REQUESTED = "requested"  # a certificate is asked for; nothing is served under the name
    ISSUED = "issued"  # its validation record is live: there is a host
    LIVE = "live"  # the name leads to the host: the policy is published
