"""Every kind of alert about TLS reports; docs/reports.md lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mtasts.findings import Severity


@dataclass(frozen=True, slots=True)
class AlertKind:
    """A kind of alert: its id, how much it matters, what it means and what to do.

    ``clause`` is the section of the RFC that it rests on, ``page`` the command that shows ours.
    """

    id: str
    severity: Severity
    clause: str
    means: str
    to_do: str
    page: str = "mtasts docs reports"


FAILURE_NEW: Final = AlertKind(
    "report-failure-new",
    Severity.WARNING,
    "RFC 8460 section 4.3",
    "Senders report a type of failure that was not reported of the domain in the last 30 days.",
    "Look up the type in mtasts docs report-failures, and do what stands there.",
)
FAILURE_SHARE: Final = AlertKind(
    "report-failure-share",
    Severity.ERROR,
    "RFC 8460 section 4.3",
    "Too large a share of the sessions failed: over 5 % of the last 2 days, 2 % of 14, 1 % of 90. "
    "It is over at half of that.",
    "Run mtasts reports failures for the reasons, and mtasts check for what is wrong now. If mail "
    "is being lost, go back to testing (mtasts docs emergencies)",
)
SILENCE: Final = AlertKind(
    "report-silence",
    Severity.INFO,
    "RFC 8460 section 3",
    "A reporter that reported on the domain regularly has stopped.",
    "Run mtasts reports reporters to see whether others still report. If none does, check the "
    "TLS-RPT record (mtasts check) and the inbox",
)
QUARANTINE: Final = AlertKind(
    "report-quarantine",
    Severity.WARNING,
    "RFC 8460 section 4.4",
    "A report has the identity of another one, and other content.",
    "Run mtasts reports sql quarantine to see who sent each of them. One of the two is forged or "
    "wrong: ask the reporter which one it sent",
)
UNREADABLE: Final = AlertKind(
    "report-unreadable",
    Severity.WARNING,
    "RFC 8460 section 4.4",
    "A file arrived that cannot be used and may hide failed sessions.",
    "Look at the file at its source, and tell its sender what is wrong with it",
)
ALERTS: Final = (FAILURE_NEW, FAILURE_SHARE, SILENCE, QUARANTINE, UNREADABLE)
