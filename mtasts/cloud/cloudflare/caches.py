"""What stands between a Worker and the senders: nothing that can be purged, or that says so.

A Worker runs before Cloudflare's cache and its own answers are not kept there. An upload spreads
over the places without a signal that it has arrived, so what counts is seeing it for long enough.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerCaches:
    """`mtasts.run.proof.Caches` of a Worker."""

    settle_seconds: float

    async def purge(self, within_seconds: float) -> None:
        """Nothing: no cache holds a copy."""

    async def seconds_until_lapsed(self) -> float | None:
        """Nothing is waited out ahead; `settle_seconds` is how long it has to be seen."""
        return 0.0
