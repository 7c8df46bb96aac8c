"""The evidence for a promotion: what was observed of one domain, with dates.

The file ``evidence/<agency>/<domain>.json`` is in the repository, so that the reviewer of the
promotion reviews the evidence too (docs/gates.md).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from mtasts.errors import MtaStsError
from mtasts.findings import printable

# pydantic reads these when it builds the parser.
from mtasts.observations import CertificateFault, DnsStatus, SmtpOutcome, SmtpSession
from mtasts.tlsrpt.summary import Dropped, FailureDay, ReportSummary

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION: Literal[2] = 2
EVIDENCE_MAX_BYTES = 1024 * 1024
# People edit these files, so an unknown key is a spelling mistake and is refused.
_STRICT = {"extra": "forbid"}
_PROBLEMS_MAX = 10


class EvidenceError(MtaStsError):
    """An evidence file cannot be read or written; without evidence no domain is promoted."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The TXT records of the name ``owner``; ``reason`` says why a look-up failed."""

    owner: str
    status: DnsStatus
    records: tuple[str, ...] = ()
    reason: str = ""

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Session:
    """The result of one SMTP session with one address of an MX host.

    ``address`` is empty if no address is known. ``expires`` is the end of the certificate.
    """

    host: str
    address: str
    outcome: SmtpOutcome
    fault: CertificateFault | None = None
    tls_version: str = ""
    expires: AwareDatetime | None = None
    reason: str = ""

    __pydantic_config__ = _STRICT

    @classmethod
    def of(cls, seen: SmtpSession) -> Session:
        """The parts of an observation that the file has."""
        return cls(
            seen.host,
            seen.address,
            seen.outcome,
            seen.fault,
            seen.tls.version,
            seen.tls.expires,
            seen.reason,
        )


@dataclass(frozen=True, slots=True)
class Vantage:
    """Where evidence was collected, and with what.

    ``tool`` is name and version, ``resolver`` the DNS servers, ``roots`` the trusted certificate
    authorities. ``changed`` has one text for each option with which the view differs from that of a
    sender: ``--resolver``, ``--ca``, ``--connect-to``, ``--allow-private``. A local cloud sets all.
    """

    tool: str
    resolver: str
    roots: str
    changed: tuple[str, ...] = ()

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a reported failure, or a report that was not read, is no reason against enforce.

    ``result_type`` is a result type of RFC 8460 section 4.3, for failures at the MX host ``mx``; or
    it is a `Drop`, for rows and files that were left out of ``file``. An empty ``mx`` or ``file``
    means all.
    """

    result_type: str
    reason: str
    mx: str = ""
    file: str = ""

    __pydantic_config__ = _STRICT

    def explains(self, found: FailureDay | Dropped) -> bool:
        """Whether the explanation is about ``found``."""
        if isinstance(found, Dropped):
            return (self.result_type, self.mx) == (found.kind, "") and self.file in ("", found.file)
        is_type = (self.result_type, self.file) == (found.result_type, "")
        return is_type and self.mx in ("", found.mx)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was observed at ``collected``; ``mx`` are the MX hosts that DNS had then.

    ``hosts`` has one session for each address. ``vantage`` is None in a file of version 1, which
    has neither a vantage nor the policy of each report.
    """

    domain: str
    collected: AwareDatetime
    vantage: Vantage | None
    mx: tuple[str, ...]
    hosts: tuple[Session, ...]
    spf: Texts
    dkim: tuple[Texts, ...]
    dmarc: tuple[Texts, ...]
    reports: ReportSummary
    explained: tuple[Explanation, ...] = ()
    version: Literal[2] = VERSION

    __pydantic_config__ = _STRICT


@cache
def _shape() -> TypeAdapter[Evidence]:
    return TypeAdapter(Evidence)


def read_evidence(raw: bytes, domain: str) -> Evidence:
    """The evidence for ``domain`` from the bytes of its file, of version 1 or 2.

    Raises:
        EvidenceError: the text names every key that is wrong; the file is no evidence.
    """
    if len(raw) > EVIDENCE_MAX_BYTES:
        raise EvidenceError(f"it is larger than {EVIDENCE_MAX_BYTES} bytes")
    try:
        found = _shape().validate_json(_as_version_2(raw))
    except ValidationError as error:
        shown = [_problem(each) for each in error.errors()[:_PROBLEMS_MAX]]
        raise EvidenceError("; ".join(shown)) from error
    if found.domain != domain:
        raise EvidenceError(f"domain: it is about {printable(found.domain, 253)}, not {domain}")
    wrong = list(_contradictions(found))
    if wrong:
        raise EvidenceError("; ".join(wrong[:_PROBLEMS_MAX]))
    return found


def render_evidence(evidence: Evidence) -> bytes:
    """The bytes of the file: JSON with one value a line, so that a diff can be reviewed.

    Raises:
        EvidenceError: it is larger than `read_evidence` accepts.
    """
    raw = _shape().dump_json(evidence, indent=2) + b"\n"
    if len(raw) > EVIDENCE_MAX_BYTES:
        raise EvidenceError(
            f"it would be larger than {EVIDENCE_MAX_BYTES} bytes: give the reports of the last "
            "60 days alone"
        )
    return raw


def _as_version_2(raw: bytes) -> bytes:
    """A file of version 1 with the keys of version 2; every other file unchanged.

    Days of reports are dropped: version 1 does not say which policy they were about.
    """
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return raw  # pydantic finds the same error, with its place
    if not isinstance(found, dict) or found.get("version") != 1 or "vantage" in found:
        return raw
    reports = found.get("reports")
    if isinstance(reports, dict):
        reports = {key: reports[key] for key in reports.keys() - {"reporters", "refused"}}
    return json.dumps({**found, "version": 2, "vantage": None, "reports": reports}).encode()


def _contradictions(found: Evidence) -> Iterator[str]:
    """Values that contradict each other: no collected file has them, so somebody edited it."""
    for number, each in enumerate(found.hosts):
        if each.outcome is SmtpOutcome.TLS and each.fault is not None:
            yield f"hosts.{number}: fault {each.fault} together with outcome tls"
        if each.outcome is SmtpOutcome.TLS and not each.address:
            yield f"hosts.{number}: outcome tls without an address"
    for number, failed in enumerate(found.reports.failures):
        if failed.count < 1:
            yield f"reports.failures.{number}: count {failed.count} of failed sessions"


def _problem(detail: Any) -> str:  # noqa: ANN401 - pydantic's details
    path = ".".join(str(step) for step in detail["loc"])
    return printable(f"{path}: {detail['msg']}" if path else str(detail["msg"]), 300)
