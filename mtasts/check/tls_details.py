"""What `openssl s_client` shows of TLS beyond the certificate; Internet.nl asks for the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.check.revocation import responder_of
from mtasts.check.row import Question
from mtasts.check.table import tls as checks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtasts.check.notes import Notes
    from mtasts.check.observed import Observed
    from mtasts.observations import TlsDetails

_WEAK_DIGESTS = frozenset({"MD5", "SHA1", "MD5-SHA1"})
_INSTALL = "install openssl here, or ask again"


def judge_details(seen: Observed, notes: Notes) -> None:
    """Every address of which details were asked for."""
    certificates = {
        (each.host, each.address): each.tls.certificate for each in seen.policy_host.fetches
    }
    for host in seen.mx.hosts:
        certificates |= {(s.host, s.address): s.tls.certificate for s in host.sessions}
    for each in seen.details:
        _judge(each, notes, certificates)


def _judge(found: TlsDetails, notes: Notes, certificates: Mapping[tuple[str, str], bytes]) -> None:
    where = f"{found.host} at {found.address}"
    if found.reason:
        notes.not_known(
            Question.TLS_DETAILS, f"the details of TLS of {where}", found.reason, _INSTALL
        )
        return
    if found.digest.upper() in _WEAK_DIGESTS:
        notes.find(checks.TLS_KEY_EXCHANGE_HASH, f"{where}: {found.digest}")
    if found.compression not in ("", "NONE"):
        notes.find(checks.TLS_COMPRESSION, f"{where}: {found.compression}")
    if found.secure_renegotiation is False:
        notes.find(checks.TLS_RENEGOTIATION_INSECURE, where)
    if found.client_renegotiation:
        notes.find(checks.TLS_RENEGOTIATION_CLIENT, where)
    if found.extended_master_secret is False:
        notes.find(checks.TLS_EXTENDED_MASTER_SECRET_MISSING, where)
    if found.early_data_bytes:
        notes.find(checks.TLS_EARLY_DATA, f"{where}: {found.early_data_bytes} bytes")
    certificate = certificates.get((found.host, found.address), b"")
    if not found.stapled and responder_of(certificate):
        notes.find(checks.TLS_STAPLING_MISSING, where)
