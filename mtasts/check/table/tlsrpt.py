"""Checks of the TLS-RPT record at ``_smtp._tls``, and of where reports go (RFC 8460)."""

from __future__ import annotations

from mtasts.check.row import Check, Question
from mtasts.findings import Severity

_RPT = "RFC 8460 section 3"
# Presentation format: what is published can be copied from here.
_RPT_FIX = '"v=TLSRPTv1; rua=mailto:<mailbox>"'
_RECORD = (Question.TLSRPT_RECORD,)

# Id, severity, source; what is wrong; what to do; result type, depends on, page, peers.
# fmt: off
TLSRPT_RECORD_DELEGATED = Check(
    "tlsrpt-record-delegated", Severity.INFO, _RPT,
    "the TLS-RPT record is delegated by a CNAME",
    "make sure that somebody reads the reports",
    None, _RECORD,
)
TLSRPT_RECORD_CNAME_BESIDE = Check(
    "tlsrpt-record-cname-beside", Severity.WARNING, "RFC 1034 section 3.6.2",
    "a CNAME is published beside the TLS-RPT record",
    "remove one of them: resolvers with the CNAME in their cache never see the record",
    None, _RECORD, None, "C",
)
TLSRPT_RECORD_CNAME_LOOP = Check(
    "tlsrpt-record-cname-loop", Severity.ERROR, "RFC 1034 section 3.6.2",
    "the CNAME of the TLS-RPT record leads back to itself",
    "make the last CNAME point to the name that has the record",
    None, _RECORD,
)
TLSRPT_RECORD_CNAME_DANGLING = Check(
    "tlsrpt-record-cname-dangling", Severity.ERROR, _RPT,
    "the TLS-RPT record is a CNAME to a name that has no such record",
    "remove the CNAME, or publish at its target: anybody who gets that name could publish there",
    None, _RECORD,
)
TLSRPT_ENDPOINT_LOST = Check(
    "tlsrpt-endpoint-lost", Severity.ERROR, _RPT,
    "reports are posted to a host that does not answer",
    "use an address that accepts reports over HTTPS",
    None, (*_RECORD, Question.TLSRPT_ENDPOINT),
)
TLSRPT_RECORD_APEX = Check(
    "tlsrpt-record-apex", Severity.ERROR, _RPT,
    "a TLS-RPT record is published at the domain itself, where senders do not look",
    "move it to _smtp._tls",
    None, (*_RECORD, Question.SPF), None, "C",
)
TLSRPT_RECORD_LEGACY = Check(
    "tlsrpt-record-legacy", Severity.ERROR, "drafts of RFC 8460",
    "a record is published at _smtp-tlsrpt, as drafts had it",
    "move it to _smtp._tls",
    None, _RECORD, None, "A",
)
TLSRPT_MAILBOX_LOST = Check(
    "tlsrpt-mailbox-lost", Severity.ERROR, _RPT,
    "reports go to a mailbox whose domain receives no mail",
    "use a mailbox that exists",
    None, (*_RECORD, Question.TLSRPT_MAILBOX),
)
TLSRPT_MAILBOX_LOCKED = Check(
    "tlsrpt-mailbox-locked", Severity.WARNING, "RFC 8460 section 5.3",
    "reports are mailed to a domain that has the policy they report on",
    "add a mailbox of another domain, or an https address",
    None, (*_RECORD, Question.TLSRPT_MAILBOX, Question.HOST_ADDRESS, Question.HOST_FETCH),
)
TLSRPT_RECORD_MISSING = Check(
    "tlsrpt-record-missing", Severity.ERROR, _RPT,
    "there is no TLS-RPT record",
    _RPT_FIX,
    None, _RECORD, None, "N C A R L",
)
TLSRPT_RECORD_MULTIPLE = Check(
    "tlsrpt-record-multiple", Severity.ERROR, _RPT,
    "there are several TLS-RPT records: senders send no reports",
    "keep exactly one",
    None, _RECORD, None, "N C A R L",
)
TLSRPT_RECORD_VERSION = Check(
    "tlsrpt-record-version", Severity.ERROR, _RPT,
    "the record does not begin with v=TLSRPTv1",
    _RPT_FIX,
    None, _RECORD, None, "N C R A",
)
TLSRPT_RECORD_VERSION_NEAR_MISS = Check(
    "tlsrpt-record-version-near-miss", Severity.WARNING, _RPT,
    "a record looks like TLS-RPT of another version or spelling",
    _RPT_FIX,
    None, _RECORD, None, "N C R A",
)
TLSRPT_RUA_MISSING = Check(
    "tlsrpt-rua-missing", Severity.ERROR, _RPT,
    "the record has no rua",
    _RPT_FIX,
    None, _RECORD, None, "C R L A",
)
TLSRPT_RUA_EMPTY = Check(
    "tlsrpt-rua-empty", Severity.ERROR, _RPT,
    "a rua has an empty place where a URI should be",
    _RPT_FIX,
    None, _RECORD,
)
TLSRPT_RUA_SCHEME_MISSING = Check(
    "tlsrpt-rua-scheme-missing", Severity.ERROR, _RPT,
    "a rua is an address without mailto: or https: before it",
    _RPT_FIX,
    None, _RECORD, None, "N C A",
)
TLSRPT_RUA_HTTP = Check(
    "tlsrpt-rua-http", Severity.ERROR, _RPT,
    "a rua is an http: URI; reports go over https:",
    _RPT_FIX,
    None, _RECORD, None, "N C A",
)
TLSRPT_RUA_SCHEME_UNKNOWN = Check(
    "tlsrpt-rua-scheme-unknown", Severity.ERROR, _RPT,
    "the scheme of a rua is neither mailto: nor https:",
    _RPT_FIX,
    None, _RECORD, None, "N C A",
)
TLSRPT_RUA_MAILTO_MALFORMED = Check(
    "tlsrpt-rua-mailto-malformed", Severity.ERROR, "RFC 6068 section 2",
    "a mailto: URI has no usable address",
    _RPT_FIX,
    None, _RECORD, None, "N C",
)
TLSRPT_RUA_HTTPS_MALFORMED = Check(
    "tlsrpt-rua-https-malformed", Severity.ERROR, "RFC 3986 section 3",
    "an https: URI is malformed",
    _RPT_FIX,
    None, _RECORD, None, "N C",
)
TLSRPT_RUA_UNENCODED = Check(
    "tlsrpt-rua-unencoded", Severity.ERROR, _RPT,
    "a rua has a '!', which must be percent-encoded",
    "write %21",
    None, _RECORD, None, "N C",
)
TLSRPT_RUA_SIZE_SUFFIX = Check(
    "tlsrpt-rua-size-suffix", Severity.ERROR, _RPT,
    "a rua has a '!' with a size: only DMARC has size suffixes",
    "remove the suffix; a real '!' is written %21",
    None, _RECORD, None, "N C",
)
TLSRPT_RECORD_FIELD_MALFORMED = Check(
    "tlsrpt-record-field-malformed", Severity.ERROR, _RPT,
    "a part of the record is not 'name=value'; a ';' in a URI is %3B",
    _RPT_FIX,
    None, _RECORD, None, "N",
)
TLSRPT_RECORD_FIELD_EMPTY = Check(
    "tlsrpt-record-field-empty", Severity.ERROR, _RPT,
    "two semicolons follow each other",
    _RPT_FIX,
    None, _RECORD, None, "N",
)
TLSRPT_RECORD_TRAILING_SPACE = Check(
    "tlsrpt-record-trailing-space", Severity.ERROR, _RPT,
    "white space ends the record: the grammar does not allow it, but some senders accept it",
    _RPT_FIX,
    None, _RECORD,
)
TLSRPT_RECORD_QUOTED = Check(
    "tlsrpt-record-quoted", Severity.ERROR, _RPT,
    "the record has quotation marks in it; only a zone file needs them",
    _RPT_FIX,
    None, _RECORD,
)
TLSRPT_RECORD_NOT_ASCII = Check(
    "tlsrpt-record-not-ascii", Severity.ERROR, _RPT,
    "the record has characters that are not printable ASCII",
    _RPT_FIX,
    None, _RECORD,
)
TLSRPT_RECORD_SPF = Check(
    "tlsrpt-record-spf", Severity.WARNING, "RFC 7208 section 3",
    "an SPF record is published at _smtp._tls",
    "remove it, or the wildcard record that puts it there",
    None, _RECORD, None, "C",
)
TLSRPT_RECORD_SPACE = Check(
    "tlsrpt-record-space", Severity.WARNING, _RPT,
    "white space before the first ';': beside another TXT record, senders discard this one",
    "v=TLSRPTv1; right at the start",
    None, _RECORD,
)
TLSRPT_RECORD_DUPLICATE = Check(
    "tlsrpt-record-duplicate", Severity.WARNING, _RPT,
    "a field appears twice; RFC 8460 does not say which one senders use",
    "keep one rua, URIs separated by commas",
    None, _RECORD, None, "N C",
)
TLSRPT_RECORD_UNKNOWN_FIELD = Check(
    "tlsrpt-record-unknown-field", Severity.INFO, _RPT,
    "the RFC does not define a field; senders ignore it",
    _RPT_FIX,
    None, _RECORD, None, "N C",
)
TLSRPT_RECORD_FIELD_NEAR_MISS = Check(
    "tlsrpt-record-field-near-miss", Severity.WARNING, _RPT,
    "a field is misspelt (case, hyphen or underscore); senders ignore it",
    _RPT_FIX,
    None, _RECORD, None, "N",
)
TLSRPT_RECORD_MISPLACED = Check(
    "tlsrpt-record-misplaced", Severity.WARNING, _RPT,
    "an STS record is published at _smtp._tls",
    "publish it at _mta-sts",
    None, _RECORD,
)
TLSRPT_RECORD_UNRELATED = Check(
    "tlsrpt-record-unrelated", Severity.WARNING, _RPT,
    "an unrelated TXT record is published at the same name",
    "remove it",
    None, _RECORD, None, "C",
)
TLSRPT_RUA_SEMICOLON = Check(
    "tlsrpt-rua-semicolon", Severity.WARNING, _RPT,
    "a ';' ends an https: URI; if it belongs to the URI, it is cut off",
    "write the ';' of a URI as %3B",
    None, _RECORD,
)
TLSRPT_RUA_HOST = Check(
    "tlsrpt-rua-host", Severity.WARNING, _RPT,
    "a URI does not name a host in public DNS",
    "write a public host name",
    None, _RECORD,
)
TLSRPT_RUA_CREDENTIALS = Check(
    "tlsrpt-rua-credentials", Severity.WARNING, "RFC 3986 section 3.2.1",
    "a URI publishes a user name or password",
    "remove the part before the '@'",
    None, _RECORD,
)
TLSRPT_RUA_SCHEME_CASE = Check(
    "tlsrpt-rua-scheme-case", Severity.WARNING, "RFC 3986 section 3.1",
    "a scheme is not in lower case: that is legal, but some senders accept only lower case",
    "write mailto: or https:",
    None, _RECORD, None, "N C A",
)
TLSRPT_RUA_RETIRED = Check(
    "tlsrpt-rua-retired", Severity.WARNING, _RPT,
    "NCSC Mail Check was retired in March 2026; nobody reads its mail",
    "write a mailbox of your own",
    None, _RECORD, None, "N",
)
TLSRPT_RUA_SEVERAL = Check(
    "tlsrpt-rua-several", Severity.INFO, _RPT,
    "there are several URIs: each gets every report",
    "",
    None, _RECORD, None, "N",
)
TLSRPT_RUA_DUPLICATE = Check(
    "tlsrpt-rua-duplicate", Severity.WARNING, _RPT,
    "a URI appears twice: each report is sent there twice",
    "keep one",
    None, _RECORD, None, "N",
)
# fmt: on
