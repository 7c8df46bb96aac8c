"""Checks of the STS record at ``_mta-sts`` (RFC 8461 section 3.1)."""

from __future__ import annotations

from mtasts.check.row import Check, Page, Question
from mtasts.findings import Severity

_STS = "RFC 8461 section 3.1"
# Presentation format: what is published can be copied from here.
_STS_FIX = '"v=STSv1; id=<1 to 32 letters and digits>;"'
_RECORD = (Question.STS_RECORD,)

# Id, severity, source; what is wrong; what to do; result type, depends on, page, peers.
# fmt: off
STS_RECORD_DELEGATED = Check(
    "sts-record-delegated", Severity.INFO, _STS,
    "the STS record is delegated by a CNAME",
    "make sure that the owner of the target knows: the target decides what senders do",
    None, _RECORD, Page.RECORD,
)
STS_RECORD_APEX = Check(
    "sts-record-apex", Severity.ERROR, _STS,
    "an STS record is published at the domain itself, where senders do not look",
    "move it to _mta-sts",
    None, (*_RECORD, Question.SPF), Page.RECORD, "C",
)
STS_RECORD_TTL_LONG = Check(
    "sts-record-ttl-long", Severity.WARNING, "RFC 8461 section 10.2",
    "resolvers keep the STS record for a long time, so senders see a correction late",
    "lower its TTL to 300, at most 3600",
    None, _RECORD, Page.RECORD,
)
STS_RECORD_DNSSEC = Check(
    "sts-record-dnssec", Severity.INFO, "RFC 8461 section 10.2",
    "the STS record is not signed, or not validated",
    "sign the zone: without DNSSEC an attacker can hide the policy from senders that never saw it",
    None, _RECORD, Page.RECORD, "A L",
)
STS_RECORD_CNAME_BESIDE = Check(
    "sts-record-cname-beside", Severity.WARNING, "RFC 1034 section 3.6.2",
    "a CNAME is published beside the STS record",
    "remove one of them: resolvers with the CNAME in their cache never see the record",
    None, _RECORD, Page.RECORD, "C",
)
STS_RECORD_CNAME_LOOP = Check(
    "sts-record-cname-loop", Severity.ERROR, "RFC 1034 section 3.6.2",
    "the STS record's CNAME leads back to itself",
    "make the last CNAME point to the name that has the record",
    None, _RECORD, Page.RECORD,
)
STS_RECORD_CNAME_DANGLING = Check(
    "sts-record-cname-dangling", Severity.ERROR, "RFC 8461 section 8.2",
    "the STS record is a CNAME to a name that has no such record",
    "remove the CNAME, or publish at its target: anybody who gets that name could publish there",
    None, _RECORD, Page.RECORD,
)
STS_RECORD_MISSING = Check(
    "sts-record-missing", Severity.ERROR, _STS,
    "there is no STS record",
    _STS_FIX,
    None, _RECORD, Page.RECORD, "N C A L X",
)
STS_RECORD_MULTIPLE = Check(
    "sts-record-multiple", Severity.ERROR, _STS,
    "there are several STS records: senders act as if there were none",
    "keep exactly one",
    None, _RECORD, Page.RECORD, "N C P Z R A L",
)
STS_RECORD_VERSION = Check(
    "sts-record-version", Severity.ERROR, _STS,
    "the record does not begin with v=STSv1;",
    _STS_FIX,
    None, _RECORD, Page.RECORD, "N C P Z G R A",
)
STS_RECORD_VERSION_NEAR_MISS = Check(
    "sts-record-version-near-miss", Severity.WARNING, _STS,
    "a record looks like an STS record of another version or spelling",
    _STS_FIX,
    None, _RECORD, Page.RECORD, "N C P Z G R A",
)
STS_RECORD_ID_MISSING = Check(
    "sts-record-id-missing", Severity.ERROR, _STS,
    "the record has no id",
    _STS_FIX,
    None, _RECORD, Page.RECORD, "C P Z G R A",
)
STS_RECORD_ID_MALFORMED = Check(
    "sts-record-id-malformed", Severity.ERROR, _STS,
    "the id is not 1 to 32 letters and digits",
    _STS_FIX,
    None, _RECORD, Page.RECORD, "N C Z A",
)
STS_RECORD_FIELD_MALFORMED = Check(
    "sts-record-field-malformed", Severity.ERROR, _STS,
    "a part of the record is not 'name=value'",
    _STS_FIX,
    None, _RECORD, Page.RECORD, "N C Z G A",
)
STS_RECORD_ID_LONG = Check(
    "sts-record-id-long", Severity.ERROR, _STS,
    "the id has over 32 characters",
    _STS_FIX,
    None, _RECORD, Page.RECORD, "N C Z A",
)
STS_RECORD_FIELD_EMPTY = Check(
    "sts-record-field-empty", Severity.ERROR, _STS,
    "two semicolons follow each other",
    _STS_FIX,
    None, _RECORD, Page.RECORD, "N C Z G A",
)
STS_RECORD_TRAILING_SPACE = Check(
    "sts-record-trailing-space", Severity.ERROR, _STS,
    "white space ends the record: the grammar does not allow it, but some senders accept it",
    _STS_FIX,
    None, _RECORD, Page.RECORD,
)
STS_RECORD_QUOTED = Check(
    "sts-record-quoted", Severity.ERROR, _STS,
    "the record has quotation marks in it; only a zone file needs them",
    _STS_FIX,
    None, _RECORD, Page.RECORD,
)
STS_RECORD_NOT_ASCII = Check(
    "sts-record-not-ascii", Severity.ERROR, _STS,
    "the record has characters that are not printable ASCII",
    _STS_FIX,
    None, _RECORD, Page.RECORD, "Z R",
)
STS_RECORD_SPF = Check(
    "sts-record-spf", Severity.WARNING, "RFC 7208 section 3",
    "an SPF record is published at _mta-sts",
    "remove it, or the wildcard record that puts it there",
    None, _RECORD, Page.RECORD, "C",
)
STS_RECORD_SPACE = Check(
    "sts-record-space", Severity.WARNING, "RFC 8461 erratum 6285",
    "white space before the first ';': beside another TXT record, senders discard this one",
    "v=STSv1; right at the start",
    None, _RECORD, Page.RECORD, "C",
)
STS_RECORD_DUPLICATE = Check(
    "sts-record-duplicate", Severity.WARNING, _STS,
    "a field appears twice; senders take the first",
    "keep one",
    None, _RECORD, Page.RECORD, "N C",
)
STS_RECORD_UNKNOWN_FIELD = Check(
    "sts-record-unknown-field", Severity.INFO, _STS,
    "the RFC does not define a field; senders ignore it",
    _STS_FIX,
    None, _RECORD, Page.RECORD, "C A L",
)
STS_RECORD_FIELD_NEAR_MISS = Check(
    "sts-record-field-near-miss", Severity.WARNING, _STS,
    "a field is misspelt (case, hyphen or underscore); senders ignore it",
    _STS_FIX,
    None, _RECORD, Page.RECORD, "N C Z G A",
)
STS_RECORD_MISPLACED = Check(
    "sts-record-misplaced", Severity.WARNING, _STS,
    "a TLS-RPT record is published at _mta-sts",
    "publish it at _smtp._tls",
    None, _RECORD, Page.RECORD,
)
STS_RECORD_UNRELATED = Check(
    "sts-record-unrelated", Severity.WARNING, _STS,
    "an unrelated TXT record is published at the same name",
    "remove it",
    None, _RECORD, Page.RECORD, "C Z R A",
)
# fmt: on
