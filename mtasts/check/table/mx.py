"""Checks of MX records and MX hosts (RFC 8461 section 4, RFC 5321 section 5.1)."""

from __future__ import annotations

from mtasts.check.row import Check, Page, Question, ResultType
from mtasts.check.table.host import GLOBAL_FIX
from mtasts.findings import Severity

_MX = "RFC 8461 section 4"
_RECORDS = (Question.MX,)
_ADDRESSES = (Question.MX, Question.MX_ADDRESS)
_SESSIONS = (Question.MX, Question.MX_ADDRESS, Question.MX_SESSION)
_HOST = (Question.HOST_ADDRESS, Question.HOST_FETCH)

# Id, severity, source; what is wrong; what to do; result type, depends on, page, peers.
# fmt: off
MX_DOMAIN_MISSING = Check(
    "mx-domain-missing", Severity.ERROR, "RFC 5321 section 5.1",
    "the domain does not exist in DNS",
    "check the spelling",
    None, _RECORDS,
)
MX_IMPLICIT = Check(
    "mx-implicit", Severity.WARNING, "RFC 5321 section 5.1",
    "there is no MX record, so mail goes to the domain's own address",
    "publish MX records, or a null MX (MX 0 .)",
    None, _RECORDS, None, "C I",
)
MX_NULL = Check(
    "mx-null", Severity.WARNING, "RFC 7505 section 3",
    "a null MX is published, but the mode of the policy is not none",
    "withdraw the policy: the domain receives no mail",
    None, (*_HOST, Question.MX), None, "C I",
)
MX_NULL_BESIDE = Check(
    "mx-null-beside", Severity.ERROR, "RFC 7505 section 3",
    "a null MX and other MX records are published",
    "if the domain receives mail, remove the null MX; otherwise remove the other MX records",
    None, _RECORDS, None, "C I",
)
MX_MANY = Check(
    "mx-many", Severity.WARNING, "RFC 5321 section 5.1",
    "the domain has more MX hosts than mtasts looks at",
    "publish fewer: senders try only a few",
    None, _RECORDS,
)
MX_DUPLICATE = Check(
    "mx-duplicate", Severity.WARNING, "RFC 5321 section 5.1",
    "several MX records name the same host",
    "keep one of them",
    None, _RECORDS, None, "C",
)
MX_PROXIED = Check(
    "mx-proxied", Severity.ERROR, _MX,
    "Cloudflare proxies an MX host: MX names its own _dc-mx, which no certificate can have",
    "set the address records of the MX host to DNS only at Cloudflare",
    ResultType.VALIDATION_FAILURE, _RECORDS,
)
MX_ADDRESS_NOT_GLOBAL = Check(
    "mx-address-not-global", Severity.ERROR, "RFC 6890",
    "an address of an MX host cannot be reached from the Internet",
    GLOBAL_FIX,
    None, _ADDRESSES,
)
MX_REFUSED = Check(
    "mx-refused", Severity.WARNING, "RFC 5321 section 5.1",
    "an MX host refuses connections, while another address or host answers",
    "start its mail server, or remove the address from DNS",
    None, _SESSIONS,
)
MX_MALFORMED = Check(
    "mx-malformed", Severity.ERROR, "RFC 5321 section 4.2",
    "an MX host answers, but not in SMTP",
    "find out which program listens on its port 25",
    None, _SESSIONS,
)
MX_SILENT = Check(
    "mx-silent", Severity.WARNING, "RFC 5321 section 4.5.3.2",
    "an MX host accepts connections, but sends no greeting",
    "find out which program listens on its port 25; a greeting may be delayed by less than 10 s",
    None, _SESSIONS,
)
MX_PORT_465 = Check(
    "mx-port-465", Severity.INFO, "RFC 8314 section 3.3",
    "an MX host offers TLS on port 465, where other servers deliver no mail",
    "offer STARTTLS on port 25: port 465 is for users who submit mail",
    None, _SESSIONS, None, "C",
)
MX_TLS12_MISSING = Check(
    "mx-tls12-missing", Severity.WARNING, _MX,
    "an MX host does not accept TLS 1.2",
    "offer TLS 1.2 and 1.3: some senders have only TLS 1.2",
    None, (*_SESSIONS, Question.MX_HELLO), None, "N A S I",
)
MX_TLS13_MISSING = Check(
    "mx-tls13-missing", Severity.INFO, "RFC 9325 section 3.1.1",
    "an MX host does not accept TLS 1.3",
    "offer TLS 1.2 and 1.3",
    None, _SESSIONS, None, "N I",
)
MX_TLS_OLD = Check(
    "mx-tls-old", Severity.INFO, "RFC 8996",
    "an MX host accepts TLS 1.1 or older",
    "offer only TLS 1.2 and 1.3, when no sender needs older versions",
    None, (*_SESSIONS, Question.MX_HELLO), None, "N I",
)
MX_FORWARD_SECRECY = Check(
    "mx-forward-secrecy", Severity.WARNING, "RFC 9325 section 4.1",
    "an MX host prefers a key exchange without forward secrecy",
    "put ECDHE suites first",
    None, (*_SESSIONS, Question.MX_HELLO), None, "N I",
)
MX_POINTER_MISSING = Check(
    "mx-pointer-missing", Severity.INFO, "RFC 1912 section 2.1",
    "the address of an MX host has no name (PTR)",
    "ask the provider of the address to publish one",
    None, (*_ADDRESSES, Question.MX_POINTER), None, "C",
)
MX_POINTER_ELSEWHERE = Check(
    "mx-pointer-elsewhere", Severity.INFO, "RFC 1912 section 2.1",
    "the name of an MX host's address does not lead back to it",
    "make the PTR record and the address record agree",
    None, (*_ADDRESSES, Question.MX_POINTER), None, "C",
)
MX_CNAME = Check(
    "mx-cname", Severity.WARNING, "RFC 2181 section 10.3",
    "an MX host is a CNAME",
    "name the host itself in the MX record",
    None, _ADDRESSES, None, "C",
)
MX_NO_ADDRESS = Check(
    "mx-no-address", Severity.ERROR, "RFC 5321 section 5.1",
    "an MX host has no address",
    "publish its addresses, or remove it from the MX records",
    None, _ADDRESSES, None, "C",
)
MX_STARTTLS_MISSING = Check(
    "mx-starttls-missing", Severity.ERROR, _MX,
    "an MX host offers no STARTTLS",
    "enable STARTTLS",
    ResultType.STARTTLS_NOT_SUPPORTED, _SESSIONS, None, "N A I S C T",
)
MX_TLS_FAILED = Check(
    "mx-tls-failed", Severity.ERROR, _MX,
    "STARTTLS fails at an MX host",
    "offer TLS 1.2 and 1.3",
    ResultType.VALIDATION_FAILURE, _SESSIONS, None, "N A S I",
)
MX_CERTIFICATE_EXPIRED = Check(
    "mx-certificate-expired", Severity.ERROR, "RFC 8461 section 4.2",
    "an MX host's certificate has expired",
    "renew it",
    ResultType.EXPIRED, _SESSIONS, Page.CERTIFICATE, "N A S",
)
MX_CERTIFICATE_MISMATCH = Check(
    "mx-certificate-mismatch", Severity.ERROR, "RFC 8461 section 4.1",
    "an MX host's certificate names another host",
    "install a certificate for the name in the MX record",
    ResultType.HOST_MISMATCH, _SESSIONS, Page.CERTIFICATE, "N A S I",
)
MX_CERTIFICATE_UNTRUSTED = Check(
    "mx-certificate-untrusted", Severity.ERROR, "RFC 8461 section 4.2",
    "an MX host's certificate is not trusted",
    "install a certificate of a public authority, with its chain",
    ResultType.NOT_TRUSTED, _SESSIONS, Page.CERTIFICATE, "N A C I",
)
MX_CERTIFICATE_WEAK = Check(
    "mx-certificate-weak", Severity.ERROR, "RFC 8461 section 4.2",
    "an MX host's certificate has a key or hash that is too weak",
    "install a certificate with RSA 2048 or P-256 and SHA-256",
    ResultType.VALIDATION_FAILURE, _SESSIONS, Page.CERTIFICATE, "N",
)
MX_CERTIFICATE_PURPOSE = Check(
    "mx-certificate-purpose", Severity.ERROR, "RFC 8461 section 4.2",
    "an MX host's certificate is not for a server",
    "install a certificate whose key usage allows a server",
    ResultType.VALIDATION_FAILURE, _SESSIONS, Page.CERTIFICATE, "N",
)
MX_CERTIFICATE_REVOKED = Check(
    "mx-certificate-revoked", Severity.ERROR, "RFC 5280 section 5",
    "an MX host's certificate has been revoked",
    "install another certificate, and find out who revoked this one and why",
    None, (*_SESSIONS, Question.MX_REVOCATION), Page.CERTIFICATE, "N",
)
MX_CERTIFICATE_INVALID = Check(
    "mx-certificate-invalid", Severity.ERROR, "RFC 8461 section 4.2",
    "an MX host's certificate fails validation",
    "install a certificate that passes validation",
    ResultType.VALIDATION_FAILURE, _SESSIONS, Page.CERTIFICATE,
)
MX_CERTIFICATE_EXPIRING = Check(
    "mx-certificate-expiring", Severity.WARNING, "RFC 8461 section 4.2",
    "an MX host's certificate expires soon",
    "renew it",
    None, _SESSIONS, Page.CERTIFICATE, "N",
)
# fmt: on
