"""What the checker was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from live_domain import GOOD, SOON, fetched, session

from mtasts.observations import DnsStatus, SmtpOutcome, TlsSession

if TYPE_CHECKING:
    from mtasts.check.observed import Observed
    from mtasts.probe.reach import Reach


class Asked:
    """Stands for the observer: what it was asked, and what it saw."""

    domains: list[tuple[str, tuple[str, ...]]]
    reach: Reach
    seconds: float
    stop_after: int | None
    raises_at = ""

    def __init__(
        self, reach: Reach, _: object, *, deadline_seconds: float, tls_details: bool
    ) -> None:
        Asked.reach, Asked.seconds = reach, deadline_seconds
        assert not tls_details

    async def observe(self, domain: str, selectors: tuple[str, ...]) -> Observed:
        if Asked.stop_after is not None and len(Asked.domains) >= Asked.stop_after:
            raise KeyboardInterrupt
        Asked.domains.append((domain, tuple(selectors)))
        if domain == Asked.raises_at:
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
    sts = replace(GOOD.sts, status=DnsStatus.ANSWERED)
    return replace(GOOD, domain=domain, sts=sts, **changes.get(domain, {}))
