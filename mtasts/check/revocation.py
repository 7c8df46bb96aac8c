"""Whether a certificate has been revoked, by its authority's list (RFC 5280 section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

_HTTP = "http://"


def crl_address(certificate: bytes) -> str:
    """Where the list is that a certificate (DER) names, over HTTP; empty where it names none."""
    from cryptography import x509  # noqa: PLC0415 - not for every command

    try:
        parsed = x509.load_der_x509_certificate(certificate)
        found = parsed.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (ValueError, x509.ExtensionNotFound):
        return ""
    names = [name.value for point in found for name in point.full_name or ()]
    return next((str(name) for name in names if str(name).lower().startswith(_HTTP)), "")


def is_revoked(
    raw: bytes, certificate: bytes, issuer: bytes, now: dt.datetime
) -> tuple[bool | None, str]:
    """Whether the list ``raw`` (DER) holds the certificate; None with a reason where it cannot say.

    A list counts only if the certificate's own issuer signed it, and until its next update.
    """
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        crl = x509.load_der_x509_crl(raw)
        signer = x509.load_der_x509_certificate(issuer)
        serial = x509.load_der_x509_certificate(certificate).serial_number
        signed = crl.issuer == signer.subject and crl.is_signature_valid(signer.public_key())  # type: ignore[arg-type] # of a kind that signs
    except (ValueError, TypeError) as error:
        return None, f"the list cannot be read: {type(error).__name__}"
    if not signed:
        return None, "the list is not signed by the certificate's issuer"
    if crl.next_update_utc is not None and crl.next_update_utc < now:
        return None, f"the list has lapsed at {crl.next_update_utc:%Y-%m-%d %H:%M}"
    return crl.get_revoked_certificate_by_serial_number(serial) is not None, ""
