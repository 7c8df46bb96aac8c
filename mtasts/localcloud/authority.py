"""The local certificate authority: its root is the only one that probes in a local cloud trust."""

from __future__ import annotations

import ssl
import tempfile
import warnings
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, cast

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WRONG_NAME = "wrong-name.invalid"
CRL_HOST = "crl.lab.example"
CRL_URL = f"http://{CRL_HOST}/crl.der"
OCSP_PATH = "/ocsp"
_DAY = timedelta(days=1)
# Options of OpenSSL 3 that Python has no names for.
_NO_EXTENDED_MASTER_SECRET = 1 << 0
_CLIENT_RENEGOTIATION = 1 << 8
_SELF = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "self-signed")])
# As ACM's certificates: valid for 198 days, renewed 45 days before the end. Expiry checks then see
# the spans of time that they see at AWS.
_LIFETIME = 198 * _DAY


class Certificate(StrEnum):
    """Certificates that a server can be made to present: each but ``GOOD`` has one fault."""

    GOOD = "good"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    MISMATCH = "mismatch"
    COMMON_NAME = "common-name"  # the host is in the common name alone, in no subjectAltName
    SELF_SIGNED = "self-signed"
    EXPIRING = "expiring"  # valid for three more days
    WEAK = "weak"  # an RSA key of 1024 bits
    PURPOSE = "purpose"  # the extended key usage allows clients alone
    REVOKED = "revoked"  # on the revocation list (CRL) whose URL the certificate has
    REVOKED_BY_ANSWER = "revoked-by-answer"  # revoked by an OCSP responder; it has no CRL URL


class Offer(StrEnum):
    """The versions and cipher suites of TLS that a server accepts."""

    USUAL = "usual"  # 1.2 and 1.3
    TLS12 = "tls12"
    TLS13 = "tls13"
    OLD = "old"  # 1.0 to 1.2
    STATIC = "static"  # 1.2, without forward secrecy
    RENEGOTIATING = "renegotiating"  # 1.2, as often as a client wants
    NO_EXTENDED = "no-extended"  # 1.2, without the extended master secret (RFC 7627)


def _now() -> datetime:
    return datetime.now(UTC)


class Authority:
    """The root of one local cloud, and the server contexts with certificates that it signs.

    A context is made when it is first asked for. Keys are on the curve P-256, because every mail
    host and alias needs one: an RSA key takes a tenth of a second, one on P-256 under a
    millisecond.
    """

    def __init__(
        self, now: Callable[[], datetime] = _now, organization: str = "mtasts local cloud"
    ) -> None:
        """Make the root of ``organization``; the dates of certificates count from ``now()``."""
        self._root = trustme.CA(organization_name=organization)
        self._now = now
        self._revoked: list[x509.Certificate] = []
        self._contexts: dict[tuple[tuple[str, ...], Certificate, Offer], ssl.SSLContext] = {}

    @property
    def pem(self) -> bytes:
        """The root certificate in PEM."""
        return self._root.cert_pem.bytes()

    def write(self, path: Path) -> None:
        """Write the root certificate to ``path`` in PEM; the key never leaves this process."""
        path.write_bytes(self.pem)

    def context(
        self,
        names: tuple[str, ...],
        certificate: Certificate = Certificate.GOOD,
        offer: Offer = Offer.USUAL,
    ) -> ssl.SSLContext:
        """A server context with that kind of certificate for ``names``, made once and cached."""
        key = (names, certificate, offer)
        if key not in self._contexts:
            self._contexts[key] = self._mint(names, certificate, offer)
        return self._contexts[key]

    def _mint(
        self, names: tuple[str, ...], certificate: Certificate, offer: Offer
    ) -> ssl.SSLContext:
        context = server_context()
        _restrict(context, offer)
        now = self._now()
        match certificate:
            case Certificate.SELF_SIGNED:
                _load(context, _self_signed(names, now))
                return context
            case (
                Certificate.WEAK
                | Certificate.PURPOSE
                | Certificate.COMMON_NAME
                | Certificate.REVOKED
                | Certificate.REVOKED_BY_ANSWER
            ):
                context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL refuses to load weak keys
                _load(context, self._unfit(names, certificate, now))
                return context
            case Certificate.EXPIRING:
                begin, end = now - _LIFETIME, now + 3 * _DAY
            case Certificate.EXPIRED:
                begin, end = now - _LIFETIME, now - _DAY
            case Certificate.NOT_YET_VALID:
                begin, end = now + _DAY, now + _LIFETIME
            case Certificate.MISMATCH:
                names, begin, end = (WRONG_NAME,), now - _DAY, now + _LIFETIME
            case Certificate.GOOD:
                begin, end = now - _DAY, now + _LIFETIME
        kind = trustme.KeyType.RSA if offer is Offer.STATIC else trustme.KeyType.ECDSA
        leaf = self._root.issue_cert(*names, not_before=begin, not_after=end, key_type=kind)
        _load(context, leaf.private_key_and_cert_chain_pem.bytes())
        return context

    def _unfit(self, names: tuple[str, ...], certificate: Certificate, now: datetime) -> bytes:
        """Key and certificate in PEM: signed by this root, with a fault that it is named after."""
        signer = load_pem_private_key(self._root.private_key_pem.bytes(), None)
        root = x509.load_pem_x509_certificate(self.pem)
        is_weak = certificate is Certificate.WEAK
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = (
            rsa.generate_private_key(65537, 1024)  # noqa: S505 - weak on purpose
            if is_weak
            else ec.generate_private_key(ec.SECP256R1())
        )
        for_clients = certificate is Certificate.PURPOSE
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if for_clients else ExtendedKeyUsageOID.SERVER_AUTH
        common_name = names[0] if certificate is Certificate.COMMON_NAME else ""
        built = _builder(names, now, root.subject, key, common_name).add_extension(
            x509.ExtendedKeyUsage([usage]), critical=False
        )
        if certificate is Certificate.REVOKED:
            name = x509.UniformResourceIdentifier(CRL_URL)
            point = x509.DistributionPoint([name], None, None, None)
            built = built.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        elif certificate is Certificate.REVOKED_BY_ANSWER:
            responder = x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP,
                x509.UniformResourceIdentifier(f"http://{CRL_HOST}{OCSP_PATH}"),
            )
            built = built.add_extension(x509.AuthorityInformationAccess([responder]), False)  # noqa: FBT003 - not critical
        made = built.sign(cast("ec.EllipticCurvePrivateKey", signer), hashes.SHA256())
        if certificate in (Certificate.REVOKED, Certificate.REVOKED_BY_ANSWER):
            self._revoked.append(made)
        return _pem(key, made)

    def crl(self) -> bytes:
        """The revocation list (DER, RFC 5280 section 5) of every certificate made as revoked."""
        now = self._now()
        signer = load_pem_private_key(self._root.private_key_pem.bytes(), None)
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=x509.load_pem_x509_certificate(self.pem).subject,
            last_update=now - _DAY,
            next_update=now + _DAY,
            revoked_certificates=[
                x509.RevokedCertificateBuilder(each.serial_number, now - _DAY).build()
                for each in self._revoked
            ],
        )
        signed = builder.sign(cast("ec.EllipticCurvePrivateKey", signer), hashes.SHA256())
        return signed.public_bytes(Encoding.DER)

    def answer(self, question: bytes) -> bytes:
        """The OCSP response to the OCSP request ``question``, both in DER (RFC 6960).

        It is ``revoked`` for a certificate that was made as revoked, and the error
        ``unauthorized`` for any other.

        Raises:
            ValueError: ``question`` is no OCSP request.
        """
        serial_number = ocsp.load_der_ocsp_request(question).serial_number
        certificate = next(
            (each for each in self._revoked if each.serial_number == serial_number), None
        )
        if certificate is None:
            refused = ocsp.OCSPResponseStatus.UNAUTHORIZED
            return ocsp.OCSPResponseBuilder.build_unsuccessful(refused).public_bytes(Encoding.DER)
        now = self._now()
        root = x509.load_pem_x509_certificate(self.pem)
        signer = load_pem_private_key(self._root.private_key_pem.bytes(), None)
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=certificate,
            issuer=root,
            algorithm=hashes.SHA1(),  # noqa: S303 - the request's; it only names the issuer
            cert_status=ocsp.OCSPCertStatus.REVOKED,
            this_update=now - _DAY,
            next_update=now + _DAY,
            revocation_time=now - _DAY,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, root)
        signed = builder.sign(cast("ec.EllipticCurvePrivateKey", signer), hashes.SHA256())
        return signed.public_bytes(Encoding.DER)


def server_context() -> ssl.SSLContext:
    """A server context for TLS 1.2 and newer, without a certificate, that resumes no session.

    In a resumed session the server sends no certificate, so a client would not see the
    certificate of a fault that was set meanwhile.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    return context


def _restrict(context: ssl.SSLContext, offer: Offer) -> None:
    match offer:
        case Offer.TLS12:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        case Offer.STATIC:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers("kRSA+AESGCM")
        case Offer.TLS13:
            context.minimum_version = ssl.TLSVersion.TLSv1_3
        case Offer.OLD:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 on purpose
                context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        case Offer.RENEGOTIATING:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.options = (context.options & ~ssl.OP_NO_RENEGOTIATION) | _CLIENT_RENEGOTIATION
        case Offer.NO_EXTENDED:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.options |= _NO_EXTENDED_MASTER_SECRET
        case Offer.USUAL:
            pass


def _load(context: ssl.SSLContext, pem: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # ssl loads from files only
        file.write(pem)
        file.flush()
        context.load_cert_chain(file.name)


def _self_signed(names: tuple[str, ...], now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return _pem(key, _builder(names, now, _SELF, key).sign(key, hashes.SHA256()))


def _builder(
    names: tuple[str, ...],
    now: datetime,
    issuer: x509.Name,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    common_name: str = "",
) -> x509.CertificateBuilder:
    """A certificate for ``names``, not yet signed.

    With ``common_name`` that is its only name: it has no subjectAltName then.
    """
    built = (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    if common_name:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        return built.subject_name(subject)
    alternatives = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
    return built.subject_name(_SELF).add_extension(alternatives, critical=False)


def _pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, certificate: x509.Certificate
) -> bytes:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)
