"""The local certificate authority: the only root that probes inside a local cloud trust."""

from __future__ import annotations

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WRONG_NAME = "wrong-name.invalid"
_DAY = timedelta(days=1)
# What ACM issues (198 days, renewed 45 days before the end), so that expiry checks see real spans.
_LIFETIME = 198 * _DAY


class Certificate(StrEnum):
    """The certificates a server can be made to present; every one but the first is refused."""

    GOOD = "good"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    MISMATCH = "mismatch"
    SELF_SIGNED = "self-signed"


def _now() -> datetime:
    return datetime.now(UTC)


class Authority:
    """A root of its own for one local cloud, and the server contexts it signs, minted on demand.

    Keys are on P-256: one costs a fraction of a millisecond, where RSA would cost a tenth of a
    second, and every mail host and alias needs one.
    """

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        """Make the root; ``now`` says what "expired" means."""
        self._root = trustme.CA(organization_name="mtasts local cloud")
        self._now = now
        self._contexts: dict[tuple[tuple[str, ...], Certificate], ssl.SSLContext] = {}

    @property
    def pem(self) -> bytes:
        """The root certificate, as clients load it."""
        return self._root.cert_pem.bytes()

    def write(self, path: Path) -> None:
        """Write the root certificate to ``path``; the key never leaves this process."""
        path.write_bytes(self.pem)

    def context(
        self, names: tuple[str, ...], certificate: Certificate = Certificate.GOOD
    ) -> ssl.SSLContext:
        """A server context for ``names`` with that certificate, TLS 1.2 or newer; cached."""
        key = (names, certificate)
        if key not in self._contexts:
            self._contexts[key] = self._mint(names, certificate)
        return self._contexts[key]

    def _mint(self, names: tuple[str, ...], certificate: Certificate) -> ssl.SSLContext:
        context = server_context()
        now = self._now()
        match certificate:
            case Certificate.SELF_SIGNED:
                _load(context, _self_signed(names, now))
                return context
            case Certificate.EXPIRED:
                begin, end = now - _LIFETIME, now - _DAY
            case Certificate.NOT_YET_VALID:
                begin, end = now + _DAY, now + _LIFETIME
            case Certificate.MISMATCH:
                names, begin, end = (WRONG_NAME,), now - _DAY, now + _LIFETIME
            case Certificate.GOOD:
                begin, end = now - _DAY, now + _LIFETIME
        leaf = self._root.issue_cert(*names, not_before=begin, not_after=end)
        _load(context, leaf.private_key_and_cert_chain_pem.bytes())
        return context


def server_context() -> ssl.SSLContext:
    """A server context without a certificate, TLS 1.2 or newer, that never resumes a session.

    A resumed session shows no certificate, so one put in by a fault would go unseen.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    return context


def _load(context: ssl.SSLContext, pem: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # ssl loads from files only
        file.write(pem)
        file.flush()
        context.load_cert_chain(file.name)


def _self_signed(names: tuple[str, ...], now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "self-signed")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)
