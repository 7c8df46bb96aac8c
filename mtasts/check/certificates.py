"""Certificates of policy and MX hosts: why one is refused, how near its end is, and revocation."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mtasts.check.revocation import is_revoked, source
from mtasts.observations import CertificateFault, FetchOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtasts.check.notes import Notes
    from mtasts.observations import Fetch, Presented

_EXPIRING = dt.timedelta(days=14)
_FAULTS = {
    CertificateFault.EXPIRED: "expired",
    CertificateFault.HOST_MISMATCH: "mismatch",
    CertificateFault.NOT_TRUSTED: "untrusted",
    CertificateFault.WEAK: "weak",
    CertificateFault.PURPOSE: "purpose",
    CertificateFault.OTHER: "invalid",
}


def judge_refused(
    fault: CertificateFault | None, reason: str, notes: Notes, layer: str, where: str
) -> None:
    """A certificate that was refused; ``layer`` begins the id: ``host`` or ``mx``."""
    kind = _FAULTS[fault or CertificateFault.OTHER]
    notes.find(f"{layer}-certificate-{kind}", f"{where}: {reason}")


def judge_presented(
    tls: Presented,
    revocations: Mapping[str, Fetch],
    notes: Notes,
    layer: str,
    where: str,
    *,
    now: dt.datetime,
) -> None:
    """One that was taken: how near its end is, and whether its authority revoked it."""
    if tls.expires is not None and tls.expires - now < _EXPIRING:
        notes.find(f"{layer}-certificate-expiring", f"{where}: {tls.expires:%Y-%m-%d %H:%M}")
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
        notes.find(f"{layer}-certificate-revoked", where)
    elif revoked is None:
        what = f"whether the certificate at {where} has been revoked ({address[:80]})"
        notes.ask(f"{layer}-revocation", what, reason, "ask again, or ask its authority")
