"""The results of probes: typed observations without a judgement.

Each keeps "no" apart from "could not find out"; nothing here does I/O.
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - pydantic reads the types of what lies in evidence files
from dataclasses import dataclass
from enum import StrEnum

NULL_MX = "."  # the host of a null MX record (RFC 7505 section 3)


class DnsStatus(StrEnum):
    """How a look-up ended; only ``failed`` settles nothing."""

    ANSWERED = "answered"
    NO_DATA = "no-data"
    NXDOMAIN = "nxdomain"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """What one look-up brought.

    ``name`` and the names in ``values`` are A-labels in lower case without a trailing dot.
    ``values`` are in presentation form (``10 mail.example.gov`` for MX, a null MX is ``0 .``);
    TXT records come as ``strings`` instead, one tuple a record. ``canonical`` is the name at the
    end of the CNAME chain. ``ttl_seconds`` is that of the records, or of the negative answer.
    ``reason`` says why a look-up failed, or that records were left out, in printable ASCII.
    ``authenticated`` is what the resolver says of DNSSEC (RFC 4035 section 3.2.3).
    """

    name: str
    type: str
    status: DnsStatus
    values: tuple[str, ...] = ()
    strings: tuple[tuple[bytes, ...], ...] = ()
    canonical: str = ""
    ttl_seconds: int = 0
    reason: str = ""
    authenticated: bool = False

    @property
    def settled(self) -> bool:
        """Whether the result is known, records or none; False if the look-up failed."""
        return self.status is not DnsStatus.FAILED

    @property
    def exchanges(self) -> tuple[tuple[int, str], ...]:
        """Preference and host of each MX record, most preferred first; a null MX is ``(0, ".")``.

        RFC 5321 section 5.1: lower numbers first. Hosts of one preference come in any order.
        """
        pairs = (value.split(" ", 1) for value in self.values)
        return tuple(sorted((int(preference), host) for preference, host in pairs))

    @property
    def mx_hosts(self) -> tuple[str, ...]:
        """The hosts of the MX records, each once, most preferred first; `NULL_MX` is one."""
        return tuple(dict.fromkeys(host for _, host in self.exchanges))


class ClientProfile(StrEnum):
    """What the client of a TLS handshake offers."""

    USUAL = "usual"  # TLS 1.2 and 1.3, and the host's name (SNI)
    TLS12 = "TLS 1.2 alone"
    OLD = "TLS 1.0 and 1.1"
    NAMELESS = "no name"  # without SNI (RFC 6066 section 3)


@dataclass(frozen=True, slots=True)
class TlsSession:
    """What a TLS handshake brought, its certificate verified.

    ``version`` is Python's, such as ``TLSv1.3``, ``cipher`` OpenSSL's name; ``expires`` is the end
    of the certificate's validity, ``issuer`` the organization that signed it, ``certificate`` the
    certificate itself and ``issuer_certificate`` that which signed it (DER).
    """

    version: str = ""
    cipher: str = ""
    expires: dt.datetime | None = None
    issuer: str = ""
    certificate: bytes = b""
    issuer_certificate: bytes = b""


NO_TLS = TlsSession()


@dataclass(frozen=True, slots=True)
class TlsDetails:
    """What a handshake does not tell Python; None where it did not come to it.

    ``digest`` is the hash that the server signed the key exchange of TLS 1.2 with, ``compression``
    OpenSSL's word for it, ``early_data_bytes`` what a ticket of TLS 1.3 allows. ``reason`` says why
    there are no details.
    """

    host: str
    address: str
    stapled: bool | None = None
    digest: str = ""
    compression: str = ""
    secure_renegotiation: bool | None = None
    client_renegotiation: bool | None = None
    extended_master_secret: bool | None = None
    early_data_bytes: int | None = None
    reason: str = ""


class CertificateFault(StrEnum):
    """Why a certificate was refused; the first four are words of RFC 8460 section 4.3."""

    EXPIRED = "certificate-expired"
    HOST_MISMATCH = "certificate-host-mismatch"
    NOT_TRUSTED = "certificate-not-trusted"
    OTHER = "validation-failure"
    WEAK = "certificate-weak"  # a key or hash algorithm that is too weak
    PURPOSE = "certificate-purpose"  # not for a server, or its signer is no authority


class FetchOutcome(StrEnum):
    """How far a request came."""

    ANSWERED = "answered"
    NO_ROUTE = "no-route"  # this machine has no route to the address family; not the host's fault
    CONNECT_FAILED = "connect-failed"
    TLS_FAILED = "tls-failed"  # handshake or alert; no certificate was refused by us
    CERTIFICATE_REFUSED = "certificate-refused"
    TIMED_OUT = "timed-out"
    HTTP_MALFORMED = "http-malformed"
    TOO_LARGE = "too-large"
    NOT_GLOBAL = "not-global"  # the address is not global (RFC 6890); no connection was made
    NOT_ASKED = "not-asked"  # the URL has a port that mtasts does not connect to


@dataclass(frozen=True, slots=True)
class Fetch:
    """What one request to one address brought.

    ``headers`` have lower-case names. ``body`` is what was read, never more than the limit asked
    for, its transfer coding undone. ``connected`` says whether the connection was taken, ``tls``
    what the handshake brought, ``fault`` why its certificate was refused. ``seconds`` is how long
    all of it took. ``reason`` says why there is no answer, in printable ASCII. ``refused`` says
    that the connection was (nothing listens there), ``cut`` that the other side ended it without a
    word. ``limited`` is what the checker makes of an answer that was put off: the usual request was
    too, right after.
    """

    host: str
    address: str
    outcome: FetchOutcome
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    tls: TlsSession = NO_TLS
    reason: str = ""
    fault: CertificateFault | None = None
    connected: bool = False
    seconds: float = 0.0
    refused: bool = False
    cut: bool = False
    limited: bool = False

    @property
    def is_deferred(self) -> bool:
        """Whether the server may answer later, as with a rate limit (RFC 6585 section 4)."""
        return self.cut or self.status == 429

    @property
    def has_handshake(self) -> bool:
        """Whether the TLS handshake succeeded and the answer was not deferred."""
        return bool(self.tls.version) and not self.is_deferred

    def header(self, name: str) -> str:
        """The first header of that lower-case name, or an empty text."""
        return next((value for each, value in self.headers if each == name), "")

    def lines(self, name: str) -> tuple[str, ...]:
        """The values of every header with that lower-case name."""
        return tuple(value for each, value in self.headers if each == name)

    @property
    def encoding(self) -> str:
        """What the body is encoded with, which nothing here undoes (RFC 9110 section 8.4)."""
        coding = self.header("content-encoding").strip().lower()
        return "" if coding == "identity" else coding

    @property
    def media_type(self) -> str:
        """The media type in lower case without its parameters (RFC 9110 section 8.3.1)."""
        return self.header("content-type").partition(";")[0].strip().lower()


class SmtpOutcome(StrEnum):
    """How far a session came."""

    TLS = "tls"  # STARTTLS done; the certificate is trusted, unexpired and names the host
    CERTIFICATE_REFUSED = "certificate-refused"
    TLS_FAILED = "tls-failed"
    NO_STARTTLS = "no-starttls"
    SMTP_FAILED = "smtp-failed"  # it answered, but accepts no mail from this address
    MALFORMED = "malformed"  # the answer is not SMTP, or is endless
    CONNECT_FAILED = "connect-failed"
    NO_ROUTE = "no-route"
    TIMED_OUT = "timed-out"
    NOT_GLOBAL = "not-global"  # the address is not global (RFC 6890); no connection was made

    @property
    def settled(self) -> bool:
        """Whether the session says something about STARTTLS at that host."""
        return self in (
            SmtpOutcome.TLS,
            SmtpOutcome.CERTIFICATE_REFUSED,
            SmtpOutcome.TLS_FAILED,
            SmtpOutcome.NO_STARTTLS,
        )


@dataclass(frozen=True, slots=True)
class SmtpSession:
    """What one session with one address of an MX host brought.

    ``connected`` says whether the connection was taken, ``tls`` what the handshake brought,
    ``reason`` what went wrong, in printable ASCII: in the server's own words where there is a reply
    ``code`` or the outcome is ``malformed``. ``seconds`` is how long all of it took; ``refused``,
    ``cut`` and ``limited`` are as in `Fetch`.
    """

    host: str
    address: str
    outcome: SmtpOutcome
    fault: CertificateFault | None = None
    tls: TlsSession = NO_TLS
    reason: str = ""
    connected: bool = False
    seconds: float = 0.0
    code: int = 0
    refused: bool = False
    cut: bool = False
    limited: bool = False

    @property
    def is_deferred(self) -> bool:
        """Whether the server may accept mail later (4yz, RFC 5321 section 4.2.1)."""
        return self.cut or 400 <= self.code < 500

    @property
    def has_handshake(self) -> bool:
        """Whether it came as far as TLS."""
        return bool(self.tls.version)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a parser makes of an SPF or a DMARC record, names in it looked up.

    ``error`` says why the record counts for nothing, ``warnings`` what is doubtful, ``reason`` why
    it could not be told; all in printable ASCII.
    """

    record: str
    error: str = ""
    warnings: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message: ``accepted``, and over what kind of session.

    ``reply`` is the server's word on it, empty where it was never offered; ``permanent`` says that
    the server refused it for good (5yz, RFC 5321 section 4.2.1).
    """

    session: SmtpSession
    accepted: bool = False
    permanent: bool = False
    reply: str = ""
