"""The evidence that a promotion rests on: what was observed of one domain, dated.

It lies in the repository, as ``evidence/<agency>/<domain>.json``, so that whoever reviews the
promotion reviews it too (docs/gates.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from mtasts.errors import MtaStsError
from mtasts.findings import printable

# pydantic reads these when it builds the parser.
from mtasts.observations import CertificateFault, DnsStatus, SmtpOutcome, SmtpSession  # noqa: TC001 - as said
from mtasts.tlsrpt.summary import FailureDay, ReportSummary  # noqa: TC001 - as said

VERSION: Literal[1] = 1
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
class Explanation:
    """Why failures of one type, at one MX host or all, say nothing against enforce."""

    result_type: str
    reason: str
    mx: str = ""

    __pydantic_config__ = _STRICT

    def explains(self, failure: FailureDay) -> bool:
        """Whether ``failure`` is meant."""
        return failure.result_type == self.result_type and self.mx in ("", failure.mx)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was observed at ``collected``; ``mx`` are the hosts that DNS had then."""

    domain: str
    collected: AwareDatetime
    mx: tuple[str, ...]
    hosts: tuple[Session, ...]
    spf: Texts
    dkim: tuple[Texts, ...]
    dmarc: tuple[Texts, ...]
    reports: ReportSummary
    explained: tuple[Explanation, ...] = ()
    version: Literal[1] = VERSION

    __pydantic_config__ = _STRICT


@cache
def _shape() -> TypeAdapter[Evidence]:
    return TypeAdapter(Evidence)


def read_evidence(raw: bytes, domain: str) -> Evidence:
    """The evidence for ``domain`` from its file.

    Raises:
        EvidenceError: with every key that is wrong.
    """
    if len(raw) > EVIDENCE_MAX_BYTES:
        raise EvidenceError(f"it is larger than {EVIDENCE_MAX_BYTES} bytes")
    try:
        found = _shape().validate_json(raw)
    except ValidationError as error:
        shown = [_problem(each) for each in error.errors()[:_PROBLEMS_MAX]]
        raise EvidenceError("; ".join(shown)) from error
    if found.domain != domain:
        raise EvidenceError(f"domain: it is about {printable(found.domain, 253)}, not {domain}")
    return found


def render_evidence(evidence: Evidence) -> bytes:
    """The file of ``evidence``: JSON that people can review, one value a line."""
    return _shape().dump_json(evidence, indent=2) + b"\n"


def _problem(detail: Any) -> str:  # noqa: ANN401 - pydantic's details
    path = ".".join(str(step) for step in detail["loc"])
    return printable(f"{path}: {detail['msg']}" if path else str(detail["msg"]), 300)
