"""What the checker was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from live_domain import GOOD, SOON, changed, fetched, session

from mtasts.observations import DnsStatus, SmtpOutcome, TlsSession
from mtasts.probe.reach import Reach

if TYPE_CHECKING:
    from mtasts.check.observed import Observed


class Asked:
    """Stands for the observer: what it was asked, and what it saw.

    Called as one is made, it is the one that was made. It is stopped by the user after
    ``stop_after`` domains, and has a mistake that the domain ``raises_at`` brings out.
    """

    def __init__(self, *, stop_after: int | None = None, raises_at: str = "") -> None:
        self.domains: list[tuple[str, tuple[str, ...]]] = []
        self.reach = Reach()
        self.seconds = 0.0
        self._stop_after = stop_after
        self._raises_at = raises_at

    def __call__(self, reach: Reach, *, deadline_seconds: float, tls_details: bool) -> Asked:
        self.reach, self.seconds = reach, deadline_seconds
        assert not tls_details
        return self

    async def observe(self, domain: str, selectors: tuple[str, ...]) -> Observed:
        if self._stop_after is not None and len(self.domains) >= self._stop_after:
            raise KeyboardInterrupt
        self.domains.append((domain, tuple(selectors)))
        if domain == self._raises_at:
            raise ValueError("no")
        return seen(domain)


def seen(domain: str) -> Observed:
    from dataclasses import replace  # for this alone

    changes: dict[str, dict[str, Any]] = {
        "bad.example": fetched(status=404),
        "hm.example": fetched(tls=TlsSession(expires=SOON)),
        "dark.example": session(outcome=SmtpOutcome.TIMED_OUT, reason="no answer"),
        "<b>.example": fetched(status=301, headers=(("location", "<script>alert(1)</script>"),)),
    }
    sts = replace(GOOD.records.sts, status=DnsStatus.ANSWERED)
    return changed(GOOD, domain=domain, sts=sts, **changes.get(domain, {}))
