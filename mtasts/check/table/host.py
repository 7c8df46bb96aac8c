"""Checks of the policy host (RFC 8461 section 3.3)."""

from __future__ import annotations

from mtasts.check.row import Check, Page, Question, ResultType
from mtasts.findings import Severity

_FETCH = "RFC 8461 section 3.3"
# For an address that nobody outside can reach.
GLOBAL_FIX = (
    "publish addresses that senders can reach; where DNS answers otherwise inside than outside, "
    "ask it from outside (--resolver)"
)
_HOST = (Question.HOST_ADDRESS, Question.HOST_FETCH)

# Id, severity, source; what is wrong; what to do; result type, depends on, page, peers.
# fmt: off
HOST_CNAME_LOOP = Check(
    "host-cname-loop", Severity.ERROR, "RFC 1034 section 3.6.2",
    "the policy host's CNAME leads back to itself",
    "make the last CNAME point to the web host",
    ResultType.FETCH_ERROR, (*_HOST, Question.STS_RECORD), Page.UNREACHABLE, "X",
)
HOST_MISSING = Check(
    "host-missing", Severity.ERROR, _FETCH,
    "the policy host does not exist in DNS",
    "publish addresses for mta-sts.<domain>",
    ResultType.FETCH_ERROR, (*_HOST, Question.STS_RECORD), Page.UNREACHABLE, "A",
)
HOST_CNAME_DANGLING = Check(
    "host-cname-dangling", Severity.ERROR, "RFC 8461 section 10.2",
    "the policy host is a CNAME to a name that does not exist: somebody else may take it",
    "remove the CNAME, or set the target up again",
    ResultType.FETCH_ERROR, (*_HOST, Question.STS_RECORD), Page.UNREACHABLE, "B",
)
HOST_CNAME = Check(
    "host-cname", Severity.INFO, "RFC 8461 section 8.2",
    "the policy host is a CNAME",
    "make sure that the owner of its target renews a certificate for mta-sts.<domain>",
    None, _HOST, Page.UNREACHABLE, "X",
)
HOST_IPV6_MISSING = Check(
    "host-ipv6-missing", Severity.INFO, _FETCH,
    "the policy host has no IPv6 address",
    "add an AAAA record: senders without IPv4 get no policy",
    None, _HOST, Page.UNREACHABLE,
)
HOST_ADDRESS_NOT_GLOBAL = Check(
    "host-address-not-global", Severity.ERROR, "RFC 6890",
    "an address of the policy host cannot be reached from the Internet",
    GLOBAL_FIX,
    ResultType.FETCH_ERROR, _HOST, Page.UNREACHABLE,
)
HOST_REFUSED = Check(
    "host-refused", Severity.ERROR, _FETCH,
    "an address of the policy host refuses connections, while another answers",
    "open port 443 there, or remove the address",
    ResultType.FETCH_ERROR, _HOST, Page.UNREACHABLE,
)
HOST_UNREACHABLE = Check(
    "host-unreachable", Severity.ERROR, _FETCH,
    "the policy host does not answer",
    "open port 443, or remove the address",
    ResultType.FETCH_ERROR, _HOST, Page.UNREACHABLE, "N C P G A",
)
HOST_TLS_FAILED = Check(
    "host-tls-failed", Severity.ERROR, "RFC 8461 section 3.3",
    "TLS 1.2 or newer fails at the policy host",
    "offer TLS 1.2 and 1.3 with a certificate for mta-sts.<domain>",
    ResultType.WEBPKI_INVALID, _HOST, Page.CERTIFICATE, "A L",
)
HOST_TLS12_MISSING = Check(
    "host-tls12-missing", Severity.WARNING, _FETCH,
    "the policy host does not accept TLS 1.2",
    "offer TLS 1.2 and 1.3: some senders have only TLS 1.2",
    ResultType.WEBPKI_INVALID, (*_HOST, Question.HOST_HELLO), Page.CERTIFICATE, "A L",
)
HOST_TLS13_MISSING = Check(
    "host-tls13-missing", Severity.INFO, "RFC 9325 section 3.1.1",
    "the policy host does not accept TLS 1.3",
    "offer TLS 1.2 and 1.3",
    None, _HOST, Page.CERTIFICATE,
)
HOST_TLS_OLD = Check(
    "host-tls-old", Severity.WARNING, "RFC 8996",
    "the policy host accepts TLS 1.1 or older",
    "offer only TLS 1.2 and 1.3",
    None, (*_HOST, Question.HOST_HELLO), Page.CERTIFICATE, "A L",
)
HOST_SNI_NEEDED = Check(
    "host-sni-needed", Severity.INFO, "RFC 6066 section 3",
    "clients that send no host name (SNI) get another certificate from the policy host",
    "nothing, if the host is shared: senders send the host name (SNI)",
    None, (*_HOST, Question.HOST_HELLO), Page.UNREACHABLE,
)
HOST_SLOW = Check(
    "host-slow", Severity.WARNING, _FETCH,
    "the policy host takes over 10 s to answer",
    "serve a static file; senders wait a minute at most",
    None, _HOST, Page.UNREACHABLE,
)
HOST_UNFINISHED = Check(
    "host-unfinished", Severity.ERROR, _FETCH,
    "the policy host starts to answer, but does not finish in time",
    "serve a static file; senders wait a minute at most, then delay mail or act without a policy",
    ResultType.FETCH_ERROR, _HOST, Page.UNREACHABLE,
)
HOST_TLS_STALLED = Check(
    "host-tls-stalled", Severity.ERROR, _FETCH,
    "the policy host accepts connections, but does not answer the TLS handshake",
    "find out which program listens on its port 443",
    ResultType.FETCH_ERROR, _HOST, Page.CERTIFICATE,
)
HOST_CAA = Check(
    "host-caa", Severity.WARNING, "RFC 8659 section 3",
    "CAA records do not allow the certificate's authority to issue the next certificate",
    "add the authority to the CAA records before the certificate is renewed",
    None, (*_HOST, Question.HOST_CAA), Page.UNREACHABLE, "I",
)
HOST_CERTIFICATE_EXPIRED = Check(
    "host-certificate-expired", Severity.ERROR, _FETCH,
    "the policy host's certificate has expired",
    "renew it",
    ResultType.WEBPKI_INVALID, _HOST, Page.CERTIFICATE, "N C P Z G M R A I T L X S",
)
HOST_CERTIFICATE_MISMATCH = Check(
    "host-certificate-mismatch", Severity.ERROR, _FETCH,
    "the policy host's certificate names another host",
    "install a certificate for mta-sts.<domain>",
    ResultType.WEBPKI_INVALID, _HOST, Page.CERTIFICATE, "N C P Z G M R A I T L X S",
)
HOST_CERTIFICATE_UNTRUSTED = Check(
    "host-certificate-untrusted", Severity.ERROR, _FETCH,
    "the policy host's certificate is not trusted",
    "install a certificate of a public authority, with its chain",
    ResultType.WEBPKI_INVALID, _HOST, Page.CERTIFICATE, "N C P Z G M R A I T L X S",
)
HOST_CERTIFICATE_WEAK = Check(
    "host-certificate-weak", Severity.ERROR, _FETCH,
    "the policy host's certificate has a key or hash that is too weak",
    "install a certificate with RSA 2048 or P-256 and SHA-256",
    ResultType.WEBPKI_INVALID, _HOST, Page.CERTIFICATE, "N C P Z G M R A I T L X S",
)
HOST_CERTIFICATE_PURPOSE = Check(
    "host-certificate-purpose", Severity.ERROR, _FETCH,
    "the policy host's certificate is not for a server",
    "install a certificate whose key usage allows a server",
    ResultType.WEBPKI_INVALID, _HOST, Page.CERTIFICATE, "N C P Z G M R A I T L X S",
)
HOST_CERTIFICATE_REVOKED = Check(
    "host-certificate-revoked", Severity.ERROR, "RFC 5280 section 5",
    "the policy host's certificate has been revoked",
    "install another certificate, and find out who revoked this one and why",
    None, (*_HOST, Question.HOST_REVOCATION), Page.CERTIFICATE, "N C P Z G M R A I T L X S",
)
HOST_CERTIFICATE_INVALID = Check(
    "host-certificate-invalid", Severity.ERROR, _FETCH,
    "the policy host's certificate fails validation",
    "install a certificate that passes validation",
    ResultType.WEBPKI_INVALID, _HOST, Page.CERTIFICATE, "N C P Z G M R A I T L X S",
)
HOST_CERTIFICATE_EXPIRING = Check(
    "host-certificate-expiring", Severity.WARNING, _FETCH,
    "the policy host's certificate expires soon",
    "renew it, and find out why it was not renewed automatically",
    None, _HOST, Page.CERTIFICATE, "V",
)
HOST_REDIRECT = Check(
    "host-redirect", Severity.ERROR, _FETCH,
    "the policy host redirects, which senders do not follow",
    "serve the policy at https://mta-sts.<domain>/.well-known/mta-sts.txt without a redirect",
    ResultType.FETCH_ERROR, _HOST, Page.UNREACHABLE, "C P Z G M A",
)
HOST_NOT_FOUND = Check(
    "host-not-found", Severity.ERROR, _FETCH,
    "there is no policy at /.well-known/mta-sts.txt (404)",
    "serve the policy at this path, in lower case",
    ResultType.FETCH_ERROR, _HOST, Page.UNREACHABLE, "A",
)
HOST_STATUS = Check(
    "host-status", Severity.ERROR, _FETCH,
    "the HTTP status is not 200",
    "serve the policy with status 200",
    ResultType.FETCH_ERROR, _HOST, Page.UNREACHABLE, "C P Z G M A",
)
HOST_MEDIA_TYPE = Check(
    "host-media-type", Severity.ERROR, "RFC 8461 section 3.2",
    "the media type is not text/plain",
    "send Content-Type: text/plain",
    ResultType.FETCH_ERROR, _HOST, Page.FORMAT, "C P Z G A L M",
)
HOST_MEDIA_TYPE_TWICE = Check(
    "host-media-type-twice", Severity.ERROR, "RFC 9110 section 5.3",
    "Content-Type appears twice: some senders take the first, some the last, some neither",
    "send one Content-Type: text/plain, and find out what adds the other",
    ResultType.FETCH_ERROR, _HOST, Page.FORMAT, "C P Z G A L M",
)
HOST_ENCODED = Check(
    "host-encoded", Severity.ERROR, "RFC 9110 section 8.4",
    "the policy is sent with a Content-Encoding that the request did not ask for; it was not read",
    "turn compression off for the policy",
    ResultType.FETCH_ERROR, _HOST, Page.UNREACHABLE,
)
HOST_MALFORMED = Check(
    "host-malformed", Severity.ERROR, _FETCH,
    "the answer of the policy host is not valid HTTP, or breaks off",
    "check the proxy or firewall in front of the web server",
    ResultType.FETCH_ERROR, _HOST, Page.UNREACHABLE,
)
HOST_TOO_LARGE = Check(
    "host-too-large", Severity.ERROR, _FETCH,
    "the body is larger than the 64 KB that senders read",
    "serve only the policy",
    ResultType.FETCH_ERROR, _HOST, Page.UNREACHABLE, "P Z M A",
)
HOST_BODIES_DIFFER = Check(
    "host-bodies-differ", Severity.ERROR, "RFC 8461 section 8.2",
    "the addresses serve different policies",
    "make all addresses serve the same policy, then give the STS record a new id",
    None, _HOST, Page.ID,
)
HOST_AGENT_BLOCKED = Check(
    "host-agent-blocked", Severity.ERROR, _FETCH,
    "a request with the User-Agent of a known sender gets another answer",
    "exempt mta-sts.<domain> from the firewall or bot filter",
    ResultType.FETCH_ERROR, (*_HOST, Question.HOST_AGENT), Page.UNREACHABLE,
)
HOST_CACHE_LONG = Check(
    "host-cache-long", Severity.WARNING, "RFC 8461 section 8.2",
    "caches may keep the policy for longer than a day, after the id has changed",
    "send Cache-Control: max-age=60",
    None, _HOST, Page.ID,
)
# fmt: on
