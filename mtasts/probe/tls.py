"""TLS contexts of the probes; every one of them verifies the certificate chain."""

from __future__ import annotations

import datetime as dt
import ssl
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mtasts.findings import printable
from mtasts.names import DomainNameError, MxPattern
from mtasts.observations import CertificateFault, ClientProfile, TlsSession

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DER = 2  # ENCODING_DER of the _ssl module
# X509_V_ERR_* of OpenSSL's x509_vfy.h; Python hands the number on and has no names for it.
_FAULTS = {
    10: CertificateFault.EXPIRED,
    62: CertificateFault.HOST_MISMATCH,
    64: CertificateFault.HOST_MISMATCH,  # the name is an IP address
    18: CertificateFault.NOT_TRUSTED,  # self-signed
    19: CertificateFault.NOT_TRUSTED,  # self-signed in the chain
    20: CertificateFault.NOT_TRUSTED,  # the issuer is not known
    21: CertificateFault.NOT_TRUSTED,  # the intermediate was not sent
    66: CertificateFault.WEAK,  # its key is too small
    67: CertificateFault.WEAK,  # an authority's key is too small
    68: CertificateFault.WEAK,  # a signature rests on too weak a hash
    26: CertificateFault.PURPOSE,
    79: CertificateFault.PURPOSE,  # an authority's certificate is none
    24: CertificateFault.PURPOSE,
}


def fault(error: ssl.SSLCertVerificationError) -> CertificateFault:
    """Why OpenSSL refused a certificate."""
    return _FAULTS.get(error.verify_code, CertificateFault.OTHER)


def tls_context(roots: Path, profile: ClientProfile = ClientProfile.USUAL) -> ssl.SSLContext:
    """A context that trusts ``roots``; with the profile USUAL for TLS 1.2 and 1.3, with the name.

    Contexts are cached: reading the Mozilla roots takes longer than a handshake.
    """
    return _context(str(roots), roots.stat().st_mtime_ns, profile)


@lru_cache(maxsize=16)
def _context(roots: str, _: int, profile: ClientProfile) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=roots)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Senders compare the subjectAltName only, never the common name (RFC 8461 section 4.2).
    context.hostname_checks_common_name = False
    # OpenSSL's own default, as in Postfix. Python's default lacks suites without forward secrecy.
    context.set_ciphers("DEFAULT:@SECLEVEL=2")
    match profile:
        case ClientProfile.TLS12:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        case ClientProfile.OLD:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # old TLS is the test
                context.minimum_version = ssl.TLSVersion.TLSv1
                context.maximum_version = ssl.TLSVersion.TLSv1_1
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        case ClientProfile.NAMELESS:
            context.check_hostname = False  # no SNI is sent; `names` compares the name afterwards
        case _:
            pass
    return context


def tls_session(tls: ssl.SSLObject) -> TlsSession:
    """The facts of a handshake that passed verification."""
    certificate: Mapping[str, Any] = tls.getpeercert() or {}
    cipher = tls.cipher()
    return TlsSession(
        version=tls.version() or "",
        cipher=cipher[0] if cipher else "",
        expires=expiry(certificate),
        issuer=_organization(certificate),
        certificate=tls.getpeercert(binary_form=True) or b"",
        issuer_certificate=_issuer(tls),
    )


def _issuer(tls: ssl.SSLObject) -> bytes:
    """The certificate (DER) that signed the server's own; empty if the chain has only one."""
    # Public from Python 3.13 on; before that the same method is there below.
    owner: Any = tls if hasattr(tls, "get_verified_chain") else tls._sslobj  # type: ignore[attr-defined] # noqa: SLF001 - until 3.13
    chain = owner.get_verified_chain() or []
    if len(chain) < 2:
        return b""
    found = chain[1]
    return found if isinstance(found, bytes) else bytes(found.public_bytes(_DER))


def names(tls: ssl.SSLObject, host: str) -> bool:
    """Whether the certificate names ``host`` (RFC 6125 section 6.4, DNS names alone)."""
    certificate: Mapping[str, Any] = tls.getpeercert() or {}
    found = certificate.get("subjectAltName", ())
    return any(kind == "DNS" and _covers(value, host) for kind, value in found)


def _covers(pattern: str, host: str) -> bool:
    try:
        return MxPattern.parse(pattern).covers(host)
    except DomainNameError:
        return False


def expiry(certificate: Mapping[str, Any]) -> dt.datetime | None:
    """The end of a certificate's validity, from the mapping that `ssl` returns."""
    text = certificate.get("notAfter")
    if not isinstance(text, str):
        return None
    return dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(text), dt.UTC)


def _organization(certificate: Mapping[str, Any]) -> str:
    """The organization of the issuer, in printable ASCII."""
    named = dict(pair for relative in certificate.get("issuer", ()) for pair in relative)
    return printable(str(named.get("organizationName", "")), 100)
