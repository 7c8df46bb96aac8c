"""One TLS report (RFC 8460 section 4): its rows, and those that cannot be used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from mtasts.names import DomainNameError, parse_domain

if TYPE_CHECKING:
    import datetime as dt

# Characters that no host name has.
_NO_NAME = re.compile(r"[^a-z0-9.-]")


class Drop(StrEnum):
    """Why a file or row was not counted; ``--explain`` takes these words."""

    REPORT = "report-unreadable"
    FILE = "file-skipped"
    ROW = "row-unusable"
    DETAIL = "detail-unusable"
    CONFLICT = "reports-conflict"
    FUTURE = "report-in-future"
    EMPTY = "report-without-sessions"
    UNTRUSTED = "report-untrusted"


class Failure(NamedTuple):
    """Sessions that failed for one reason (RFC 8460 section 4.3).

    A report has up to 100 000 of them, and a tuple is made in a third of the time that a frozen
    dataclass takes.

    ``result_type`` may be one that the registry gained later. ``count`` is None where the report
    does not say how many. Counts of several rows may overlap, so they do not add up to the total.
    """

    result_type: str
    count: int | None  # type: ignore[assignment]  # not what a tuple has by this name
    mx_host: str = ""
    receiving_ip: str = ""
    sending_ip: str = ""
    information: str = ""
    reason_code: str = ""


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """The results of the sessions with one policy domain under one policy.

    ``domain`` is in A-labels and lower case; ``policy_type`` is ``sts``, ``tlsa``,
    ``no-policy-found``, a later one, or empty; ``strings`` are the lines of the policy that was
    applied.
    """

    policy_type: str
    domain: str
    strings: tuple[str, ...]
    mx: tuple[str, ...]
    successes: int
    failures: int
    details: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class DroppedRow:
    """A row of a report that cannot be used, and why.

    ``domain`` is the policy domain as far as it can be read, None where there is none.
    ``may_hide_failures`` is False where the row says that no session failed.
    """

    kind: Drop
    where: str
    reason: str
    domain: str | None
    may_hide_failures: bool = True

    def may_concern(self, domain: str) -> bool:
        """Whether the row may be about ``domain``, spelt as `parse_domain` returns it."""
        if self.domain is None:
            return True
        try:
            return parse_domain(self.domain.strip()) == domain
        except DomainNameError:
            return not self.domain.isascii() or domain in _NO_NAME.sub("", self.domain.lower())


@dataclass(frozen=True, slots=True)
class ReportWarning:
    """One way in which a file differs from a well-formed report.

    ``id`` is a row of `mtasts.tlsrpt.warning_table.WARNINGS`, which says what follows from it;
    ``where`` is the place in the report and ``detail`` what was seen, both in printable ASCII.
    """

    id: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """One report of one sender about one span of time.

    ``accepted`` is False where no row of it can be used, so that its numbers say nothing.
    ``dropped`` are the rows that cannot be used. ``warnings`` say where the report differs from the
    RFC, at most 20 with the same id.
    """

    organization: str
    contact: str
    report_id: str
    begin: dt.datetime
    end: dt.datetime
    policies: tuple[PolicyResult, ...]
    dropped: tuple[DroppedRow, ...] = ()
    warnings: tuple[ReportWarning, ...] = ()
    accepted: bool = True

    @property
    def reporter(self) -> str:
        """Who sent it: the domain of the contact, or the name of the organisation."""
        return self.contact.rpartition("@")[2].lower() or self.organization.lower()
