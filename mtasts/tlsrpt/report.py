"""One TLS report (RFC 8460 section 4): its rows, and those that cannot be used.

Reports are read by the hundred thousand, and have up to 100 000 rows. So what is made for each of
them is a `Struct` of msgspec, which is made in a fifth of the time that a frozen dataclass takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct, field

from mtasts.names import DomainNameError, parse_domain

if TYPE_CHECKING:
    import datetime as dt

POLICIES_MAX = 10_000
DETAILS_MAX = 100_000
STRINGS_MAX = 200  # lines of a policy, or MX hosts
TEXT_MAX = 1000
COUNT_MAX = 2**53 - 1  # what I-JSON promises to carry exactly (RFC 7493 section 2.2)
Text = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX)]
"""A text of a report as `ordinary` decodes it."""
Count = Annotated[int, Meta(ge=0, le=COUNT_MAX)]
"""A number of sessions as `ordinary` decodes it."""
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


class Failure(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Sessions that failed for one reason (RFC 8460 section 4.3).

    A report has up to 100 000 of them, so `ordinary` decodes them straight from JSON, in which they
    have the names that stand here; nothing is checked where one is made otherwise.

    ``result_type`` may be one that the registry gained later. ``count`` is None where the report
    does not say how many. Counts of several rows may overlap, so they do not add up to the total.
    """

    result_type: Text = field(name="result-type")
    count: Count | None = field(name="failed-session-count")
    mx_host: Text = field(default="", name="receiving-mx-hostname")
    receiving_ip: Text = field(default="", name="receiving-ip")
    sending_ip: Text = field(default="", name="sending-mta-ip")
    information: Text = field(default="", name="additional-information")
    reason_code: Text = field(default="", name="failure-reason-code")


class PolicyResult(Struct, frozen=True, gc=False):
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


class Report(Struct, frozen=True, gc=False):
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
