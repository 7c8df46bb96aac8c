"""Every kind of alert about TLS reports; docs/reports.md lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mtasts.findings import Severity


@dataclass(frozen=True, slots=True)
class AlertKind:
    """A kind of alert: its id, how much it matters, what it means and what to do."""

    id: str
    severity: Severity
    means: str
    to_do: str
    page: str = "mtasts docs reports"


FAILURE_NEW: Final = AlertKind(
    "report-failure-new",
    Severity.WARNING,
    "Senders report a type of failure that was not reported of the domain in the last 30 days.",
    "Do what the type asks for; mtasts reports failures has them all.",
)
FAILURE_SHARE: Final = AlertKind(
    "report-failure-share",
    Severity.ERROR,
    "Too large a share of the sessions failed: over 5 % of the last 2 days, 2 % of 14, 1 % of 90. "
    "It is over at half of that.",
    "See mtasts reports failures for the reasons, and mtasts check for what is amiss now; where "
    "mail is being lost, go back to testing (mtasts docs emergencies)",
)
SILENCE: Final = AlertKind(
    "report-silence",
    Severity.INFO,
    "A reporter that used to tell of the domain has stopped.",
    "See whether others still report; if none does, look at the TLS-RPT record and the inbox",
)
QUARANTINE: Final = AlertKind(
    "report-quarantine",
    Severity.WARNING,
    "A report has the identity of another one, and says something else.",
    "See who sent either with mtasts reports sql quarantine; one of them is not what it says",
)
UNREADABLE: Final = AlertKind(
    "report-unreadable",
    Severity.WARNING,
    "Something arrived that cannot be used, and may hide failed sessions.",
    "See the file at its source; tell the sender what is wrong with it",
)
ALERTS: Final = (FAILURE_NEW, FAILURE_SHARE, SILENCE, QUARANTINE, UNREADABLE)
