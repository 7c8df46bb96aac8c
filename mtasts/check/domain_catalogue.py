"""The findings on a live domain beyond its texts: one row each, as data.

A row is severity, clause, what is wrong, how to put it right, and the result type that a sender
would report for it (RFC 8460 section 4.3), empty where none does. It is long because it is one
table, in which a reader looks a finding up.
"""

from __future__ import annotations

from mtasts.findings import Severity

_STS = "RFC 8461 section 3.1"
_FETCH = "RFC 8461 section 3.3"
_MX = "RFC 8461 section 4"
_RPT = "RFC 8460 section 3"
_FETCH_ERROR = "sts-policy-fetch-error"
_WEBPKI = "sts-webpki-invalid"
_GLOBAL = (
    "publish addresses that senders can reach; where DNS answers otherwise inside than outside, "
    "ask it from outside (--resolver)"
)

CATALOGUE: dict[str, tuple[Severity, str, str, str, str]] = {
    "sts-record-delegated": (
        Severity.INFO, _STS, "the STS record is delegated by a CNAME",
        "keep the target's owner informed: whoever runs it decides what senders do", "",
    ),
    "sts-record-apex": (
        Severity.ERROR, _STS, "an STS record stands at the domain itself, where nobody looks",
        "move it to _mta-sts", "",
    ),
    "sts-record-ttl-long": (
        Severity.WARNING, "RFC 8461 section 10.2",
        "resolvers keep the STS record for long, so a correction is seen late",
        "lower its TTL to 300, at most 3600", "",
    ),
    "sts-record-dnssec": (
        Severity.INFO, "RFC 8461 section 10.2", "the STS record is not signed, or not validated",
        "sign the zone: a policy that was never seen can be hidden by whoever answers DNS", "",
    ),
    "sts-record-cname-beside": (
        Severity.WARNING, "RFC 1034 section 3.6.2", "a CNAME stands beside the STS record",
        "keep one: resolvers that hold the CNAME never see the record", "",
    ),
    "sts-record-cname-loop": (
        Severity.ERROR, "RFC 1034 section 3.6.2", "the STS record's CNAME leads back to itself",
        "let the last CNAME name where the record is", "",
    ),
    "sts-record-cname-dangling": (
        Severity.ERROR, "RFC 8461 section 8.2",
        "the STS record is a CNAME to a name that has no such record",
        "remove the CNAME, or publish at its target: whoever takes that name may do so", "",
    ),
    "host-cname-loop": (
        Severity.ERROR, "RFC 1034 section 3.6.2", "the policy host's CNAME leads back to itself",
        "let the last CNAME name the web host", _FETCH_ERROR,
    ),
    "host-missing": (
        Severity.ERROR, _FETCH, "the policy host does not exist in DNS",
        "publish addresses for mta-sts.<domain>", _FETCH_ERROR,
    ),
    "host-cname-dangling": (
        Severity.ERROR, "RFC 8461 section 10.2",
        "the policy host is a CNAME to a name that does not exist: somebody else may take it",
        "remove the CNAME, or set the target up again", _FETCH_ERROR,
    ),
    "host-cname": (
        Severity.INFO, "RFC 8461 section 8.2", "the policy host is a CNAME",
        "see that its target's owner renews a certificate for mta-sts.<domain>", "",
    ),
    "host-ipv6-missing": (
        Severity.INFO, _FETCH, "the policy host has no IPv6 address",
        "add an AAAA record: senders without IPv4 get no policy", "",
    ),
    "host-address-not-global": (
        Severity.ERROR, "RFC 6890", "nobody outside can reach an address of the policy host",
        _GLOBAL, _FETCH_ERROR,
    ),
    "host-refused": (
        Severity.ERROR, _FETCH,
        "an address of the policy host refuses connections, while another answers",
        "open port 443 there, or remove the address", _FETCH_ERROR,
    ),
    "host-unreachable": (
        Severity.ERROR, _FETCH, "the policy host does not answer",
        "open port 443, or remove the address", _FETCH_ERROR,
    ),
    "host-tls-failed": (
        Severity.ERROR, "RFC 8461 section 3.3", "TLS 1.2 or newer fails at the policy host",
        "offer TLS 1.2 and 1.3 with a certificate for mta-sts.<domain>", _WEBPKI,
    ),
    "host-tls12-missing": (
        Severity.WARNING, _FETCH, "the policy host takes no TLS 1.2",
        "offer TLS 1.2 beside 1.3: senders may speak no more than that", _WEBPKI,
    ),
    "host-tls13-missing": (
        Severity.INFO, "RFC 9325 section 3.1.1", "the policy host takes no TLS 1.3",
        "offer TLS 1.3 beside 1.2", "",
    ),
    "host-tls-old": (
        Severity.WARNING, "RFC 8996", "the policy host takes TLS 1.1 or older",
        "offer TLS 1.2 and 1.3 alone", "",
    ),
    "host-sni-needed": (
        Severity.INFO, "RFC 6066 section 3",
        "the policy host has another certificate for those who send no name",
        "nothing, where the host is shared: senders send the name", "",
    ),
    "host-slow": (
        Severity.WARNING, _FETCH, "the policy host takes over 10 s to answer",
        "serve a file; senders wait a minute at most", "",
    ),
    "host-unfinished": (
        Severity.ERROR, _FETCH, "the policy host begins to answer and does not end in time",
        "serve a file; senders wait a minute at most, and hold mail or go without a policy",
        _FETCH_ERROR,
    ),
    "host-tls-stalled": (
        Severity.ERROR, _FETCH, "the policy host takes connections and does not go on with TLS",
        "see what listens on its port 443", _FETCH_ERROR,
    ),
    "host-caa": (
        Severity.WARNING, "RFC 8659 section 3",
        "CAA records keep the certificate's authority from issuing the next one",
        "add its name to the CAA records before the certificate is renewed", "",
    ),
    "host-certificate-expired": (
        Severity.ERROR, _FETCH, "the policy host's certificate has expired", "renew it", _WEBPKI,
    ),
    "host-certificate-mismatch": (
        Severity.ERROR, _FETCH, "the policy host's certificate names another host",
        "install a certificate for mta-sts.<domain>", _WEBPKI,
    ),
    "host-certificate-untrusted": (
        Severity.ERROR, _FETCH, "the policy host's certificate is not trusted",
        "install one from a public authority, chain included", _WEBPKI,
    ),
    "host-certificate-weak": (
        Severity.ERROR, _FETCH, "the policy host's certificate has a key or hash that is too weak",
        "install one with RSA 2048 or P-256 and SHA-256", _WEBPKI,
    ),
    "host-certificate-purpose": (
        Severity.ERROR, _FETCH, "the policy host's certificate is not one for a server",
        "install one whose key usage allows a server", _WEBPKI,
    ),
    "host-certificate-revoked": (
        Severity.ERROR, "RFC 5280 section 5", "the policy host's certificate has been revoked",
        "install another one, and see who revoked it and why", "",
    ),
    "host-certificate-invalid": (
        Severity.ERROR, _FETCH, "the policy host's certificate is refused",
        "install a certificate that passes validation", _WEBPKI,
    ),
    "host-certificate-expiring": (
        Severity.WARNING, _FETCH, "the policy host's certificate expires soon",
        "renew it, and see why it was not renewed by itself", "",
    ),
    "host-redirect": (
        Severity.ERROR, _FETCH, "the policy host redirects, which senders do not follow",
        "serve the policy at this very address", _FETCH_ERROR,
    ),
    "host-not-found": (
        Severity.ERROR, _FETCH, "there is no policy at /.well-known/mta-sts.txt (404)",
        "serve it there, in lower case", _FETCH_ERROR,
    ),
    "host-status": (
        Severity.ERROR, _FETCH, "the status is not 200", "serve the policy with status 200",
        _FETCH_ERROR,
    ),
    "host-media-type": (
        Severity.ERROR, "RFC 8461 section 3.2", "the media type is not text/plain",
        "send Content-Type: text/plain", _FETCH_ERROR,
    ),
    "host-media-type-twice": (
        Severity.ERROR, "RFC 9110 section 5.3",
        "Content-Type stands twice: some senders take the first, some the last, some neither",
        "send one Content-Type: text/plain; see what adds the other", _FETCH_ERROR,
    ),
    "host-encoded": (
        Severity.ERROR, "RFC 9110 section 8.4",
        "the policy comes encoded, though nobody asked for that, so it was not read",
        "serve it without Content-Encoding: turn compression off for it", _FETCH_ERROR,
    ),
    "host-malformed": (
        Severity.ERROR, _FETCH, "the policy host does not speak HTTP to the end",
        "see what stands before the web server", _FETCH_ERROR,
    ),
    "host-too-large": (
        Severity.ERROR, _FETCH, "the body is larger than the 64 KB that senders read",
        "serve the policy alone", _FETCH_ERROR,
    ),
    "host-bodies-differ": (
        Severity.ERROR, "RFC 8461 section 8.2", "the addresses serve different policies",
        "bring all of them to one body, then give it a new id", "",
    ),
    "host-agent-blocked": (
        Severity.ERROR, _FETCH, "a sender's User-Agent gets another answer",
        "let a firewall or bot filter pass mta-sts.<domain>", _FETCH_ERROR,
    ),
    "host-cache-long": (
        Severity.WARNING, "RFC 8461 section 8.2",
        "caches may keep the policy longer than a day, past a change of the id",
        "send Cache-Control: max-age=60", "",
    ),
    "policy-sender-refuses": (
        Severity.ERROR, "docs/check.md", "a well-known sender makes nothing of this policy",
        "change what it names: to that sender there is no policy", "sts-policy-invalid",
    ),
    "policy-id-unchanged": (
        Severity.ERROR, "RFC 8461 section 3.1",
        "the policy has changed and its id has not: senders keep the old one",
        "give the STS record a new id", "",
    ),
    "policy-mx-nowhere": (
        Severity.ERROR, _MX, "the policy lists a name that does not exist in DNS",
        "remove it: whoever registers it may receive the mail", "",
    ),
    "mx-domain-missing": (
        Severity.ERROR, "RFC 5321 section 5.1", "the domain does not exist in DNS",
        "check the spelling", "",
    ),
    "mx-implicit": (
        Severity.WARNING, "RFC 5321 section 5.1",
        "there is no MX record, so mail goes to the domain's own address",
        "publish MX records, or a null MX (MX 0 .)", "",
    ),
    "mx-null": (
        Severity.WARNING, "RFC 7505 section 3", "a null MX stands beside a policy that is not none",
        "withdraw the policy: the domain receives no mail", "",
    ),
    "mx-null-beside": (
        Severity.ERROR, "RFC 7505 section 3", "a null MX stands beside other MX records",
        "remove one or the other", "",
    ),
    "mx-many": (
        Severity.WARNING, "RFC 5321 section 5.1", "there are more MX hosts than are looked at",
        "list fewer: senders try a handful", "",
    ),
    "mx-duplicate": (
        Severity.WARNING, "RFC 5321 section 5.1", "several MX records name the same host",
        "keep one of them", "",
    ),
    "mx-proxied": (
        Severity.ERROR, _MX,
        "Cloudflare proxies an MX host: MX names its own _dc-mx, which no certificate can have",
        "set the address records of the MX host to DNS only at Cloudflare", "validation-failure",
    ),
    "mx-address-not-global": (
        Severity.ERROR, "RFC 6890", "nobody outside can reach an address of an MX host",
        _GLOBAL, "",
    ),
    "mx-refused": (
        Severity.WARNING, "RFC 5321 section 5.1",
        "an MX host refuses connections, while another address or host answers",
        "start its mail server, or remove the address from DNS", "",
    ),
    "mx-malformed": (
        Severity.ERROR, "RFC 5321 section 4.2", "what an MX host says is not SMTP",
        "see what listens on its port 25", "",
    ),
    "mx-silent": (
        Severity.WARNING, "RFC 5321 section 4.5.3.2", "an MX host takes connections and is silent",
        "see what listens on its port 25; where it waits on purpose, wait less than 10 s", "",
    ),
    "mx-port-465": (
        Severity.INFO, "RFC 8314 section 3.3",
        "an MX host speaks TLS on port 465, where no server brings mail",
        "offer STARTTLS on port 25: port 465 is for people who send", "",
    ),
    "mx-tls12-missing": (
        Severity.WARNING, _MX, "an MX host takes no TLS 1.2",
        "offer TLS 1.2 beside 1.3: senders may speak no more than that", "",
    ),
    "mx-tls13-missing": (
        Severity.INFO, "RFC 9325 section 3.1.1", "an MX host takes no TLS 1.3",
        "offer TLS 1.3 beside 1.2", "",
    ),
    "mx-tls-old": (
        Severity.INFO, "RFC 8996", "an MX host takes TLS 1.1 or older",
        "offer TLS 1.2 and 1.3 alone, once no sender needs more", "",
    ),
    "mx-forward-secrecy": (
        Severity.WARNING, "RFC 9325 section 4.1",
        "an MX host prefers a key exchange without forward secrecy",
        "put ECDHE suites first", "",
    ),
    "mx-pointer-missing": (
        Severity.INFO, "RFC 1912 section 2.1", "the address of an MX host has no name (PTR)",
        "ask whoever holds the address to publish one", "",
    ),
    "mx-pointer-elsewhere": (
        Severity.INFO, "RFC 1912 section 2.1",
        "the name of an MX host's address does not lead back to it",
        "bring PTR and address records to agree", "",
    ),
    "tls-compression": (
        Severity.WARNING, "RFC 9325 section 3.3", "TLS compresses, which gives away what it hides",
        "turn TLS compression off", "",
    ),
    "tls-renegotiation-insecure": (
        Severity.WARNING, "RFC 5746", "TLS 1.2 is renegotiated without RFC 5746",
        "update the TLS library: an attacker can put words before a client's", "",
    ),
    "tls-renegotiation-client": (
        Severity.INFO, "RFC 9325 section 3.5", "clients may renegotiate TLS 1.2",
        "turn it off: it costs a server more than its client", "",
    ),
    "tls-extended-master-secret-missing": (
        Severity.INFO, "RFC 7627", "TLS 1.2 lacks the extended master secret",
        "update the TLS library", "",
    ),
    "tls-early-data": (
        Severity.INFO, "RFC 8446 section 8", "TLS 1.3 takes early data, which can be played again",
        "turn 0-RTT off", "",
    ),
    "tls-key-exchange-hash": (
        Severity.WARNING, "RFC 9155", "TLS 1.2 signs its key exchange with a broken hash",
        "let the server sign with SHA-256 or better", "",
    ),
    "tls-stapling-missing": (
        Severity.INFO, "RFC 6066 section 8",
        "the certificate names a responder, and its answer is not stapled",
        "turn OCSP stapling on, so that clients need not ask", "",
    ),
    "dane-unsigned": (
        Severity.WARNING, "RFC 7672 section 2.2",
        "TLSA records are not signed, so they count for nothing",
        "sign the zone, or remove them", "",
    ),
    "dane-usage": (
        Severity.WARNING, "RFC 7672 section 3.1.3",
        "a TLSA record has a usage that SMTP has no use for",
        "publish usage 3 (or 2)", "tlsa-invalid",
    ),
    "dane-mismatch": (
        Severity.ERROR, "RFC 7672 section 3.1", "no TLSA record matches the certificate",
        "publish TLSA 3 1 1 of the key in use", "validation-failure",
    ),
    "mx-cname": (
        Severity.WARNING, "RFC 2181 section 10.3", "an MX host is a CNAME",
        "name the host itself in the MX record", "",
    ),
    "mx-no-address": (
        Severity.ERROR, "RFC 5321 section 5.1", "an MX host has no address",
        "publish its addresses, or remove it from the MX records", "",
    ),
    "mx-starttls-missing": (
        Severity.ERROR, _MX, "an MX host offers no STARTTLS", "enable STARTTLS",
        "starttls-not-supported",
    ),
    "mx-tls-failed": (
        Severity.ERROR, _MX, "STARTTLS fails at an MX host", "offer TLS 1.2 and 1.3",
        "validation-failure",
    ),
    "mx-certificate-expired": (
        Severity.ERROR, "RFC 8461 section 4.2", "an MX host's certificate has expired",
        "renew it", "certificate-expired",
    ),
    "mx-certificate-mismatch": (
        Severity.ERROR, "RFC 8461 section 4.1", "an MX host's certificate names another host",
        "install a certificate for the name in the MX record", "certificate-host-mismatch",
    ),
    "mx-certificate-untrusted": (
        Severity.ERROR, "RFC 8461 section 4.2", "an MX host's certificate is not trusted",
        "install one from a public authority, chain included", "certificate-not-trusted",
    ),
    "mx-certificate-weak": (
        Severity.ERROR, "RFC 8461 section 4.2",
        "an MX host's certificate has a key or hash that is too weak",
        "install one with RSA 2048 or P-256 and SHA-256", "validation-failure",
    ),
    "mx-certificate-purpose": (
        Severity.ERROR, "RFC 8461 section 4.2", "an MX host's certificate is not one for a server",
        "install one whose key usage allows a server", "validation-failure",
    ),
    "mx-certificate-revoked": (
        Severity.ERROR, "RFC 5280 section 5", "an MX host's certificate has been revoked",
        "install another one, and see who revoked it and why", "",
    ),
    "mx-certificate-invalid": (
        Severity.ERROR, "RFC 8461 section 4.2", "an MX host's certificate is refused",
        "install a certificate that passes validation", "validation-failure",
    ),
    "mx-certificate-expiring": (
        Severity.WARNING, "RFC 8461 section 4.2", "an MX host's certificate expires soon",
        "renew it", "",
    ),
    "tlsrpt-record-delegated": (
        Severity.INFO, _RPT, "the TLS-RPT record is delegated by a CNAME",
        "see that reports still reach somebody who reads them", "",
    ),
    "tlsrpt-record-cname-beside": (
        Severity.WARNING, "RFC 1034 section 3.6.2", "a CNAME stands beside the TLS-RPT record",
        "keep one: resolvers that hold the CNAME never see the record", "",
    ),
    "tlsrpt-record-cname-loop": (
        Severity.ERROR, "RFC 1034 section 3.6.2",
        "the CNAME of the TLS-RPT record leads back to itself",
        "let the last CNAME name where the record is", "",
    ),
    "tlsrpt-record-cname-dangling": (
        Severity.ERROR, _RPT,
        "the TLS-RPT record is a CNAME to a name that has no such record",
        "remove the CNAME, or publish at its target: whoever takes that name may do so", "",
    ),
    "tlsrpt-endpoint-lost": (
        Severity.ERROR, _RPT, "reports are posted to a host that does not answer",
        "name one that takes reports over HTTPS", "",
    ),
    "tlsrpt-record-apex": (
        Severity.ERROR, _RPT, "a TLS-RPT record stands at the domain itself, where nobody looks",
        "move it to _smtp._tls", "",
    ),
    "tlsrpt-record-legacy": (
        Severity.ERROR, "drafts of RFC 8460", "a record stands at _smtp-tlsrpt, as drafts had it",
        "move it to _smtp._tls", "",
    ),
    "tlsrpt-mailbox-lost": (
        Severity.ERROR, _RPT, "reports go to a mailbox whose domain takes no mail",
        "name a mailbox that exists", "",
    ),
    "tlsrpt-mailbox-locked": (
        Severity.WARNING, "RFC 8460 section 5.3",
        "reports are mailed to a domain with the policy that they report on",
        "add a mailbox of another domain, or an https address", "",
    ),
    "stack-foreign": (
        Severity.ERROR, "docs/ledger.md", "an STS record is live that the stack has not published",
        "find out who published it; to take it over, mtasts adopt STACK --domain DOMAIN", "",
    ),
    "stack-unproven": (
        Severity.WARNING, "docs/ledger.md", "the last rollout has not come to its end",
        "pulumi up -s STACK; after a killed run mtasts recover STACK first", "",
    ),
    "stack-id-differs": (
        Severity.ERROR, "docs/ledger.md", "the STS record has another id than was published",
        "see who changed it, then pulumi up --refresh -s STACK", "",
    ),
    "stack-body-differs": (
        Severity.ERROR, "docs/ledger.md", "another policy is served than was published",
        "see who changed it, then pulumi up --refresh -s STACK; docs/emergencies.md", "",
    ),
    "stack-behind": (
        Severity.INFO, "docs/config.md", "the stack file asks for another policy than is published",
        "mtasts preview STACK, then pulumi up -s STACK", "",
    ),
    "stack-record-live": (
        Severity.INFO, "docs/delegation.md", "a record that the stack has handed out is live",
        "", "",
    ),
    "stack-record-missing": (
        Severity.WARNING, "docs/delegation.md",
        "a record that the stack has handed out is not published",
        "publish it as seen here; the stack's output domains has it ready to paste", "",
    ),
    "stack-record-differs": (
        Severity.ERROR, "docs/delegation.md",
        "DNS has something else than the stack has handed out",
        "publish what was handed out in its place", "",
    ),
    "stack-tlsrpt-differs": (
        Severity.ERROR, "docs/config.md", "the TLS-RPT record names other addresses than the file",
        "see who changed it, then pulumi up --refresh -s STACK", "",
    ),
    "stack-mx-differs": (
        Severity.WARNING, "docs/config.md", "live MX hosts are not those of the stack file",
        "see who changed them; mtasts plan-mx DOMAIN --to HOST... says when a change is safe", "",
    ),
    "stack-parked-mx": (
        Severity.ERROR, "docs/config.md",
        "the stack file has the domain parked, and it has MX hosts",
        "publish a null MX (MX 0 .), or list the hosts in the file", "",
    ),
    "stack-held-misses-mx": (
        Severity.ERROR, "RFC 8461 section 5.1",
        "an enforced policy that senders may still hold does not list a live MX host",
        "take the host out of the MX records until then: mtasts plan-mx DOMAIN --to HOST...",
        "validation-failure",
    ),
    "spf-missing": (
        Severity.WARNING, "RFC 7208 section 3", "the domain has no SPF record",
        'publish TXT "v=spf1 mx -all"', "",
    ),
    "spf-multiple": (
        Severity.ERROR, "RFC 7208 section 3.2", "the domain has several SPF records",
        "keep one", "",
    ),
    "spf-malformed": (
        Severity.ERROR, "RFC 7208 section 4.6", "the SPF record counts for nothing",
        "publish one that can be evaluated", "",
    ),
    "spf-doubtful": (
        Severity.INFO, "RFC 7208", "the SPF record has a doubtful part", "see the evidence", "",
    ),
    "dmarc-multiple": (
        Severity.ERROR, "RFC 7489 section 6.6.3", "there are several DMARC records, so none counts",
        "keep one", "",
    ),
    "dmarc-doubtful": (
        Severity.INFO, "RFC 7489", "the DMARC record has a doubtful part", "see the evidence", "",
    ),
    "dkim-key-weak": (
        Severity.WARNING, "RFC 8301 section 3.2", "a DKIM key is shorter than 2048 bits",
        "publish a new selector with RSA 2048 or Ed25519, then change over", "",
    ),
    "dmarc-missing": (
        Severity.WARNING, "RFC 7489 section 6.3", "neither the domain nor one above has DMARC",
        'publish _dmarc TXT "v=DMARC1; p=reject"', "",
    ),
    "dmarc-malformed": (
        Severity.WARNING, "RFC 7489 section 6.3", "the DMARC record has no policy that counts",
        'publish _dmarc TXT "v=DMARC1; p=reject"', "",
    ),
    "dkim-missing": (
        Severity.WARNING, "RFC 6376 section 3.6.1", "a DKIM selector has no usable key",
        "publish the key, or leave the selector out", "",
    ),
}  # fmt: skip
