"""Whether a certificate has been revoked.

Its authority's list says so (RFC 5280 section 5), or its responder (OCSP, RFC 6960) where it names
no list.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    import datetime as dt

    from cryptography import x509
    from cryptography.x509 import ocsp

    from mtasts.observations import TlsSession

_HTTP = "http://"


def source(tls: TlsSession) -> str:
    """Where to GET what says whether the certificate was revoked; empty where it names nothing.

    The list comes first: one serves for all certificates of an authority, and tells it nothing of
    who asks.
    """
    if not tls.certificate:
        return ""
    return crl_address(tls.certificate) or ocsp_request(tls.certificate, tls.issuer_certificate)


def is_revoked(raw: bytes, tls: TlsSession, now: dt.datetime) -> tuple[bool | None, str]:
    """What the answer ``raw`` of `source` says; None with a reason where it cannot say."""
    answer_reader = _listed if crl_address(tls.certificate) else _answered
    try:
        return answer_reader(raw, tls, now)
    except (ValueError, TypeError) as error:
        return None, f"the answer cannot be read: {type(error).__name__}"


def crl_address(certificate: bytes) -> str:
    """Where the list is that a certificate (DER) names, over HTTP; empty where it names none."""
    from cryptography import x509  # not for every command

    try:
        parsed = x509.load_der_x509_certificate(certificate)
        found = parsed.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (ValueError, x509.ExtensionNotFound):
        return ""
    names = [name.value for point in found for name in point.full_name or ()]
    return next((str(name) for name in names if str(name).lower().startswith(_HTTP)), "")


def ocsp_request(certificate: bytes, issuer: bytes) -> str:
    """The question for the responder that a certificate (DER) names, as an address to GET.

    RFC 6960 appendix A.1; empty where it names none, or its issuer is not known.
    """
    from cryptography import x509  # as above
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import ocsp

    responder = responder_of(certificate)
    if not responder:
        return ""
    parsed = x509.load_der_x509_certificate(certificate)
    try:
        signer = x509.load_der_x509_certificate(issuer)
    except ValueError:
        return ""
    # The hash names the issuer and protects nothing; responders know no other (RFC 5019).
    builder = ocsp.OCSPRequestBuilder().add_certificate(parsed, signer, SHA1())  # noqa: S303 - as said
    question = base64.b64encode(builder.build().public_bytes(Encoding.DER))
    return f"{responder.rstrip('/')}/{quote(question, safe='')}"


def responder_of(certificate: bytes) -> str:
    """The responder that a certificate (DER) names, over HTTP; empty where it names none."""
    from cryptography import x509  # as above
    from cryptography.x509.oid import AuthorityInformationAccessOID

    try:
        parsed = x509.load_der_x509_certificate(certificate)
        found = parsed.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (ValueError, x509.ExtensionNotFound):
        return ""
    method = AuthorityInformationAccessOID.OCSP
    named = [str(each.access_location.value) for each in found if each.access_method == method]
    return next((each for each in named if each.lower().startswith(_HTTP)), "")


def _listed(raw: bytes, tls: TlsSession, now: dt.datetime) -> tuple[bool | None, str]:
    """A list counts only if the certificate's own issuer signed it, and until its next update."""
    from cryptography import x509  # as above

    crl = x509.load_der_x509_crl(raw)
    signer = x509.load_der_x509_certificate(tls.issuer_certificate)
    serial = x509.load_der_x509_certificate(tls.certificate).serial_number
    signed = crl.issuer == signer.subject and crl.is_signature_valid(signer.public_key())  # type: ignore[arg-type] # of a kind that signs
    if not signed:
        return None, "the list is not signed by the certificate's issuer"
    if crl.next_update_utc is not None and crl.next_update_utc < now:
        return None, f"the list has lapsed at {crl.next_update_utc:%Y-%m-%d %H:%M}"
    return crl.get_revoked_certificate_by_serial_number(serial) is not None, ""


def _answered(raw: bytes, tls: TlsSession, now: dt.datetime) -> tuple[bool | None, str]:
    """An answer counts if it is about the certificate, signed for its issuer, and still holds."""
    from cryptography import x509  # as above
    from cryptography.x509 import ocsp

    answer = ocsp.load_der_ocsp_response(raw)
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return None, f"the responder says {answer.response_status.name}"
    signer = x509.load_der_x509_certificate(tls.issuer_certificate)
    if answer.serial_number != x509.load_der_x509_certificate(tls.certificate).serial_number:
        return None, "the answer is about another certificate"
    if not _signed(answer, signer):
        return None, "the answer is not signed for the certificate's issuer"
    if answer.next_update_utc is not None and answer.next_update_utc < now:
        return None, f"the answer has lapsed at {answer.next_update_utc:%Y-%m-%d %H:%M}"
    if answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        return None, "the responder does not know the certificate"
    return answer.certificate_status is ocsp.OCSPCertStatus.REVOKED, ""


def _signed(answer: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
    """Whether the issuer signed, or somebody whom it lets sign answers (RFC 6960 4.2.2.2)."""
    from cryptography import x509  # as above
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID

    for signer in (issuer, *answer.certificates):
        key, hash_ = signer.public_key(), answer.signature_hash_algorithm
        try:
            if signer != issuer:
                signer.verify_directly_issued_by(issuer)
                usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
                if ExtendedKeyUsageOID.OCSP_SIGNING not in usage:
                    continue
            if isinstance(key, rsa.RSAPublicKey) and hash_:
                key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), hash_)
            elif isinstance(key, ec.EllipticCurvePublicKey) and hash_:
                key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(hash_))
            else:
                continue
        except (InvalidSignature, x509.ExtensionNotFound, ValueError, TypeError):
            continue
        return True
    return False
