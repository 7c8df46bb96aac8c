"""Checks of TLSA records (RFC 7672), and of TLS beyond what a sender decides on."""

from __future__ import annotations

from mtasts.check.row import Check, Question, ResultType
from mtasts.findings import Severity

_DETAILS = (
    Question.HOST_ADDRESS, Question.HOST_FETCH, Question.MX, Question.MX_ADDRESS,
    Question.MX_SESSION, Question.TLS_DETAILS,
)  # fmt: skip
_DANE = (Question.MX, Question.DANE)
_DANE_MATCH = (*_DANE, Question.MX_ADDRESS, Question.MX_SESSION)

# Id, severity, source; what is wrong; what to do; result type, depends on, page, peers.
# fmt: off
TLS_COMPRESSION = Check(
    "tls-compression", Severity.WARNING, "RFC 9325 section 3.3",
    "TLS compression is on, which can reveal encrypted data",
    "turn TLS compression off",
    None, _DETAILS, None, "I",
)
TLS_RENEGOTIATION_INSECURE = Check(
    "tls-renegotiation-insecure", Severity.WARNING, "RFC 5746",
    "TLS 1.2 can be renegotiated without the protection of RFC 5746",
    "update the TLS library: an attacker can insert text before what a client sends",
    None, _DETAILS, None, "I",
)
TLS_RENEGOTIATION_CLIENT = Check(
    "tls-renegotiation-client", Severity.INFO, "RFC 9325 section 3.5",
    "clients may start a renegotiation of TLS 1.2",
    "turn it off: a renegotiation costs the server more than the client",
    None, _DETAILS, None, "I",
)
TLS_EXTENDED_MASTER_SECRET_MISSING = Check(
    "tls-extended-master-secret-missing", Severity.INFO, "RFC 7627",
    "TLS 1.2 lacks the extended master secret",
    "update the TLS library",
    None, _DETAILS, None, "I",
)
TLS_EARLY_DATA = Check(
    "tls-early-data", Severity.INFO, "RFC 8446 section 8",
    "TLS 1.3 accepts early data (0-RTT), which an attacker can replay",
    "turn 0-RTT off",
    None, _DETAILS, None, "I",
)
TLS_KEY_EXCHANGE_HASH = Check(
    "tls-key-exchange-hash", Severity.WARNING, "RFC 9155",
    "TLS 1.2 signs its key exchange with a broken hash",
    "configure the server to sign with SHA-256 or better",
    None, _DETAILS, None, "I",
)
TLS_STAPLING_MISSING = Check(
    "tls-stapling-missing", Severity.INFO, "RFC 6066 section 8",
    "the certificate names an OCSP responder, but the server does not staple its answer",
    "turn on OCSP stapling, so that clients need no connection to the responder",
    None, _DETAILS, None, "I",
)
DANE_UNSIGNED = Check(
    "dane-unsigned", Severity.WARNING, "RFC 7672 section 2.2",
    "TLSA records are not signed with DNSSEC: senders ignore them",
    "sign the zone, or remove them",
    None, _DANE, None, "I A C",
)
DANE_USAGE = Check(
    "dane-usage", Severity.WARNING, "RFC 7672 section 3.1.3",
    "a TLSA record has usage 0 or 1, which SMTP does not use",
    "publish usage 3 (or 2)",
    ResultType.TLSA_INVALID, _DANE, None, "I A C",
)
DANE_MISMATCH = Check(
    "dane-mismatch", Severity.ERROR, "RFC 7672 section 3.1",
    "no TLSA record matches the certificate",
    "publish TLSA 3 1 1 of the key in use",
    ResultType.VALIDATION_FAILURE, _DANE_MATCH, None, "I A C",
)
# fmt: on
