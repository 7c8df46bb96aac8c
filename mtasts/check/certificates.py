"""Certificates of policy and MX hosts: why one is refused, how near its end is, and revocation."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.check.revocation import is_revoked, source
from mtasts.check.row import Question
from mtasts.check.table import host, mx
from mtasts.observations import CertificateFault, FetchOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtasts.check.notes import Notes
    from mtasts.check.row import Check
    from mtasts.observations import Fetch, TlsSession

_EXPIRING = dt.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class CertificateChecks:
    """What the certificate of a kind of host may be found to be.

    ``refused`` has a check for each fault, ``revocation`` is the question that a list of revoked
    certificates or a responder answers.
    """

    refused: Mapping[CertificateFault, Check]
    expiring: Check
    revoked: Check
    revocation: Question


HOST = CertificateChecks(
    {
        CertificateFault.EXPIRED: host.HOST_CERTIFICATE_EXPIRED,
        CertificateFault.HOST_MISMATCH: host.HOST_CERTIFICATE_MISMATCH,
        CertificateFault.NOT_TRUSTED: host.HOST_CERTIFICATE_UNTRUSTED,
        CertificateFault.WEAK: host.HOST_CERTIFICATE_WEAK,
        CertificateFault.PURPOSE: host.HOST_CERTIFICATE_PURPOSE,
        CertificateFault.OTHER: host.HOST_CERTIFICATE_INVALID,
    },
    host.HOST_CERTIFICATE_EXPIRING,
    host.HOST_CERTIFICATE_REVOKED,
    Question.HOST_REVOCATION,
)
MX = CertificateChecks(
    {
        CertificateFault.EXPIRED: mx.MX_CERTIFICATE_EXPIRED,
        CertificateFault.HOST_MISMATCH: mx.MX_CERTIFICATE_MISMATCH,
        CertificateFault.NOT_TRUSTED: mx.MX_CERTIFICATE_UNTRUSTED,
        CertificateFault.WEAK: mx.MX_CERTIFICATE_WEAK,
        CertificateFault.PURPOSE: mx.MX_CERTIFICATE_PURPOSE,
        CertificateFault.OTHER: mx.MX_CERTIFICATE_INVALID,
    },
    mx.MX_CERTIFICATE_EXPIRING,
    mx.MX_CERTIFICATE_REVOKED,
    Question.MX_REVOCATION,
)


def judge_refused(
    fault: CertificateFault | None, reason: str, notes: Notes, checks: CertificateChecks, where: str
) -> None:
    """A certificate that was refused."""
    notes.find(checks.refused[fault or CertificateFault.OTHER], f"{where}: {reason}")


def judge_accepted(
    tls: TlsSession,
    revocations: Mapping[str, Fetch],
    notes: Notes,
    checks: CertificateChecks,
    where: str,
    *,
    now: dt.datetime,
) -> None:
    """One that was taken: how near its end is, and whether its authority revoked it."""
    if tls.expires is not None and tls.expires - now < _EXPIRING:
        notes.find(checks.expiring, f"{where}: {tls.expires:%Y-%m-%d %H:%M}")
    address = source(tls)
    if address not in revocations:
        return
    fetch = revocations[address]
    revoked, reason = None, fetch.reason or f"status {fetch.status}"
    if fetch.outcome is FetchOutcome.HTTP_MALFORMED:
        reason = "what it says is not HTTP"  # whose words are those of no host of the domain
    if fetch.status == 200 and not fetch.reason:
        revoked, reason = is_revoked(fetch.body, tls, now)
    if revoked:
        notes.find(checks.revoked, where)
    elif revoked is None:
        what = f"whether the certificate at {where} has been revoked ({address[:80]})"
        notes.not_known(checks.revocation, what, reason, "ask again, or ask its authority")
