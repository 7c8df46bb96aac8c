"""The evidence that a promotion rests on: what was observed of one domain, dated.

It lies in the repository, as ``evidence/<agency>/<domain>.json``, so that whoever reviews the
promotion reviews it too (docs/gates.md).
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
# A key that nobody reads is a mistake in a file that people edit.
_STRICT = {"extra": "forbid"}
_PROBLEMS_MAX = 10


class EvidenceError(MtaStsError):
    """An evidence file that cannot be read: it proves nothing."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The TXT records of one name."""

    owner: str
    status: DnsStatus
    records: tuple[str, ...] = ()
    reason: str = ""

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Session:
    """What one session with one address of an MX host brought."""

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
        """What of an observation belongs into the file."""
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
    """From where, and with what, the domain was looked at.

    ``tool`` is name and version, ``resolver`` the DNS servers that were asked, ``roots`` the
    authorities that were trusted. ``changed`` is what of it is not as senders have it, one text
    for each ``--resolver``, ``--ca`` and ``--connect-to``; a local cloud sets all of them.
    """

    tool: str
    resolver: str
    roots: str
    changed: tuple[str, ...] = ()

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why something says nothing against enforce, though it was reported or left out.

    ``result_type`` is that of failures, at the MX host ``mx`` or all; or it is a `Drop`, of what
    was left out of ``file`` or all files.
    """

    result_type: str
    reason: str
    mx: str = ""
    file: str = ""

    __pydantic_config__ = _STRICT

    def explains(self, found: FailureDay | Dropped) -> bool:
        """Whether ``found`` is meant."""
        if isinstance(found, Dropped):
            return (self.result_type, self.mx) == (found.kind, "") and self.file in ("", found.file)
        is_type = (self.result_type, self.file) == (found.result_type, "")
        return is_type and self.mx in ("", found.mx)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was observed at ``collected``; ``mx`` are the hosts that DNS had then.

    ``vantage`` is None in a file of version 1, which says neither that nor which policy each
    report is about.
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
    """The evidence for ``domain`` from its file, be it of version 1 or 2.

    Raises:
        EvidenceError: with every key that is wrong.
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
    """The file of ``evidence``: JSON that people can review, one value a line.

    Raises:
        EvidenceError: it is larger than what is read back.
    """
    raw = _shape().dump_json(evidence, indent=2) + b"\n"
    if len(raw) > EVIDENCE_MAX_BYTES:
        raise EvidenceError(
            f"it would be larger than {EVIDENCE_MAX_BYTES} bytes: give the reports of the last "
            "60 days alone"
        )
    return raw


def _as_version_2(raw: bytes) -> bytes:
    """A file of version 1 in the shape of version 2; every other file as it is.

    What version 1 does not say stays empty: its days of reports name no policy, so none is kept.
    """
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return raw  # the parser says what is wrong
    if not isinstance(found, dict) or found.get("version") != 1 or "vantage" in found:
        return raw
    reports = found.get("reports")
    if isinstance(reports, dict):
        reports = {key: reports[key] for key in reports.keys() - {"reporters", "refused"}}
    return json.dumps({**found, "version": 2, "vantage": None, "reports": reports}).encode()


def _contradictions(found: Evidence) -> Iterator[str]:
    """What no look at a domain brings, so that somebody must have written it."""
    for number, each in enumerate(found.hosts):
        if each.outcome is SmtpOutcome.TLS and each.fault is not None:
            yield f"hosts.{number}: fault {each.fault} beside outcome tls"
        if each.outcome is SmtpOutcome.TLS and not each.address:
            yield f"hosts.{number}: outcome tls without an address"
    for number, failed in enumerate(found.reports.failures):
        if failed.count < 1:
            yield f"reports.failures.{number}: count {failed.count} of failed sessions"


def _problem(detail: Any) -> str:  # noqa: ANN401 - pydantic's details
    path = ".".join(str(step) for step in detail["loc"])
    return printable(f"{path}: {detail['msg']}" if path else str(detail["msg"]), 300)
