"""A Worker has no cache to purge, and Cloudflare does not report when an upload is everywhere.

A Worker runs before Cloudflare's cache, and its answers are not cached there. So the proof must see
the new body for `settle_seconds` without a break.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerCaches:
    """`mtasts.run.proof.Caches` for a Worker."""

    settle_seconds: float

    async def purge(self, within_seconds: float) -> None:
        """No-op: no cache has a copy."""

    async def seconds_until_lapsed(self) -> float | None:
        """0: no cached copy has to expire first."""
        return 0.0
