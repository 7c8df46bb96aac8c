"""What a check says of a domain, and how each layer adds to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mtasts.findings import Finding, printable
from mtasts.observations import SmtpOutcome

if TYPE_CHECKING:
    from mtasts.check.row import Check, Question
    from mtasts.observations import SmtpSession

# How to find out what could not be.
AGAIN = "ask DNS again"
ELSEWHERE = "ask again from a network that has a way there"
LATER = "ask again later, or from an address that its limits do not count"
# What a host is granted before it counts as one that does not answer.
PATIENCE_SECONDS = 10.0
PORT_25 = "ask from a host whose port 25 is open to the outside, such as a mail relay"


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be found out, why, and how to find out."""

    id: Question
    what: str
    reason: str
    how: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings on one domain, the gravest first, and what could not be found out.

    ``digest`` is the SHA-256 of the policy that every address serves, in hexadecimal; empty where
    there is none, or more than one.
    """

    domain: str
    findings: tuple[Finding, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    mode: str = ""
    id: str = ""
    digest: str = ""


@dataclass(slots=True)
class Notes:
    """Collects; every layer adds to it."""

    domain: str
    findings: list[Finding] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)

    def find(self, check: Check, evidence: str = "") -> None:
        """Add a finding; ``<domain>`` in its fix is filled in."""
        found = check.finding(evidence)
        self.findings.append(replace(found, fix=found.fix.replace("<domain>", self.domain)))

    def shown_reason(self, session: SmtpSession) -> str:
        """Why a session came to nothing; a server's own words only where it is the domain's.

        That is a host whose name is the domain, or lies below it. Whoever publishes an MX record
        may name any host: of one elsewhere the reply code is shown, and what it says is not.
        """
        if f".{session.host}".endswith(f".{self.domain}"):
            return session.reason
        if session.code:
            return f"it answers {session.code}"
        malformed = session.outcome is SmtpOutcome.MALFORMED
        return (
            "its words are not shown: it is no host of the domain" if malformed else session.reason
        )

    def not_known(self, question: Question, what: str, reason: str, how: str) -> None:
        """Add what could not be found out, why, and how to find out."""
        self.unknown.append(Unknown(question, what, printable(reason, 300), how))
