"""The local certificate authority: the only root that probes inside a local cloud trust."""

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
# What ACM issues (198 days, renewed 45 days before the end), so that expiry checks see real spans.
_LIFETIME = 198 * _DAY


class Certificate(StrEnum):
    """The certificates a server can be made to present; every one but the first is refused."""

    GOOD = "good"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    MISMATCH = "mismatch"
    COMMON_NAME = "common-name"  # it names the host there, and nowhere else
    SELF_SIGNED = "self-signed"
    EXPIRING = "expiring"  # good for three more days
    WEAK = "weak"  # an RSA key of 1024 bits
    PURPOSE = "purpose"  # for clients alone
    REVOKED = "revoked"  # on the authority's list, which it names
    REVOKED_BY_ANSWER = "revoked-by-answer"  # it names no list, but a responder (OCSP)


class Offer(StrEnum):
    """The versions and suites of TLS that a server takes."""

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
    """A root of its own for one local cloud, and the server contexts it signs, minted on demand.

    Keys are on P-256: one costs a fraction of a millisecond, where RSA would cost a tenth of a
    second, and every mail host and alias needs one.
    """

    def __init__(
        self, now: Callable[[], datetime] = _now, organization: str = "mtasts local cloud"
    ) -> None:
        """Make the root of ``organization``; ``now`` says what "expired" means."""
        self._root = trustme.CA(organization_name=organization)
        self._now = now
        self._revoked: list[x509.Certificate] = []
        self._contexts: dict[tuple[tuple[str, ...], Certificate, Offer], ssl.SSLContext] = {}

    @property
    def pem(self) -> bytes:
        """The root certificate, as clients load it."""
        return self._root.cert_pem.bytes()

    def write(self, path: Path) -> None:
        """Write the root certificate to ``path``; the key never leaves this process."""
        path.write_bytes(self.pem)

    def context(
        self,
        names: tuple[str, ...],
        certificate: Certificate = Certificate.GOOD,
        offer: Offer = Offer.USUAL,
    ) -> ssl.SSLContext:
        """A server context for ``names`` with that certificate; cached."""
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
                context.set_ciphers("DEFAULT:@SECLEVEL=0")  # or the key would be refused here
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
        """A certificate of this root that no sender should take."""
        signer = load_pem_private_key(self._root.private_key_pem.bytes(), None)
        root = x509.load_pem_x509_certificate(self.pem)
        is_weak = certificate is Certificate.WEAK
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = (
            rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is what makes it weak
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
        """The list of the certificates that were made revoked (DER), as of now."""
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
        """What the responder says of a certificate that was made revoked, else that it is not.

        Both are DER (RFC 6960).
        """
        asked = ocsp.load_der_ocsp_request(question).serial_number
        about = next((each for each in self._revoked if each.serial_number == asked), None)
        if about is None:
            refused = ocsp.OCSPResponseStatus.UNAUTHORIZED
            return ocsp.OCSPResponseBuilder.build_unsuccessful(refused).public_bytes(Encoding.DER)
        now = self._now()
        root = x509.load_pem_x509_certificate(self.pem)
        signer = load_pem_private_key(self._root.private_key_pem.bytes(), None)
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=about,
            issuer=root,
            algorithm=hashes.SHA1(),  # noqa: S303 - what the question has; it protects nothing
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
    """A server context without a certificate, TLS 1.2 or newer, that never resumes a session.

    A resumed session shows no certificate, so one put in by a fault would go unseen.
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
                warnings.simplefilter("ignore", DeprecationWarning)  # it is to be out of date
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
    """An unsigned one for ``names``; with ``common_name`` it has no other name at all."""
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
