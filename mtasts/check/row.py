"""One check as one row: its id, and everything there is to say about it.

The rows stand in `mtasts.check.table`, a module a subject; the modules that judge name them
(``host.HOST_REDIRECT``), so an id that is renamed or misspelt does not get past mypy.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mtasts.findings import Finding, printable

if TYPE_CHECKING:
    from types import ModuleType

    from mtasts.findings import Severity


class ResultType(StrEnum):
    """What a sender reports about a failure (RFC 8460 section 4.3)."""

    STARTTLS_NOT_SUPPORTED = "starttls-not-supported"
    HOST_MISMATCH = "certificate-host-mismatch"
    EXPIRED = "certificate-expired"
    NOT_TRUSTED = "certificate-not-trusted"
    VALIDATION_FAILURE = "validation-failure"
    TLSA_INVALID = "tlsa-invalid"
    FETCH_ERROR = "sts-policy-fetch-error"
    POLICY_INVALID = "sts-policy-invalid"
    WEBPKI_INVALID = "sts-webpki-invalid"


class Page(StrEnum):
    """The page that tells more about a mistake; its path in the repository."""

    @property
    def command(self) -> str:
        """What prints it, wherever the package is installed."""
        return f"mtasts docs {self.removeprefix('docs/').removesuffix('.md')}"

    RECORD = "docs/mistakes/record.md"
    UNREACHABLE = "docs/mistakes/unreachable.md"
    CERTIFICATE = "docs/mistakes/certificate.md"
    FORMAT = "docs/mistakes/format.md"
    ID = "docs/mistakes/id.md"


class Question(StrEnum):
    """What a check asks of the network, and may be left without an answer to."""

    STS_RECORD = "sts-record"
    TLSRPT_RECORD = "tlsrpt-record"
    TLSRPT_MAILBOX = "tlsrpt-mailbox"
    TLSRPT_ENDPOINT = "tlsrpt-endpoint"
    HOST_ADDRESS = "host-address"
    HOST_FETCH = "host-fetch"
    HOST_HELLO = "host-hello"
    HOST_AGENT = "host-agent"
    HOST_CAA = "host-caa"
    HOST_REVOCATION = "host-revocation"
    POLICY_MX = "policy-mx"
    MX = "mx"
    MX_ADDRESS = "mx-address"
    MX_SESSION = "mx-session"
    MX_HELLO = "mx-hello"
    MX_POINTER = "mx-pointer"
    MX_REVOCATION = "mx-revocation"
    DANE = "dane"
    TLS_DETAILS = "tls-details"
    SPF = "spf"
    SPF_PARSED = "spf-parsed"
    DKIM = "dkim"
    DMARC = "dmarc"
    DMARC_PARSED = "dmarc-parsed"
    STACK_RECORD = "stack-record"
    LEDGER = "ledger"
    DOMAIN = "domain"  # which one is meant
    CHECK = "check"  # all of it: a mistake of this program ended the check


@dataclass(frozen=True, slots=True)
class Check:
    """What can be found, and what is said of it wherever it is found.

    ``id`` is stable and kebab-case, subject first. ``clause`` is the RFC section or the receiver's
    rule; ``summary`` says what is wrong and ``fix`` what to do, as in `Finding`. ``result_type`` is
    what a sender reports for it, None where none does. ``depends_on`` has the questions without
    whose answers it cannot be looked for: while one of them is open, a finding from before is
    neither there nor gone. ``page`` tells more. ``peers`` are those that check the same, a letter
    each, separated by spaces (`tools/checks_table.py` has their names).
    """

    id: str
    severity: Severity
    clause: str
    summary: str
    fix: str
    result_type: ResultType | None = None
    depends_on: tuple[Question, ...] = ()
    page: Page | None = None
    peers: str = ""

    def finding(
        self,
        evidence: bytes | str = b"",
        *,
        line: int = 0,
        summary: str = "",
        fix: str = "",
        limit: int = 120,
    ) -> Finding:
        """The finding, its ``evidence`` escaped and cut at ``limit`` characters.

        ``line`` counts from 1, and 0 means the text as a whole; ``summary`` and ``fix`` replace the
        general ones where more is known.
        """
        where = f"line {line}: " if line else ""
        return Finding(
            self.id,
            self.severity,
            where + (summary or self.summary),
            self.clause,
            printable(evidence, limit),
            fix or self.fix,
        )


def rows_of(part: ModuleType) -> dict[str, Check]:
    """The rows of one module of the table by id, in their order."""
    return {row.id: row for row in vars(part).values() if isinstance(row, Check)}
