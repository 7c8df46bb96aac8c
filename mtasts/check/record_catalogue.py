"""The findings on TXT records: one row each, as data, so that documents can be made from it."""

from __future__ import annotations

from mtasts.findings import Severity

_STS = "RFC 8461 section 3.1"
_RPT = "RFC 8460 section 3"
_ZONE = "RFC 1035 section 5.1"
# Presentation format: what is published can be copied from here.
_STS_FIX = '"v=STSv1; id=<1 to 32 letters and digits>;"'
_RPT_FIX = '"v=TLSRPTv1; rua=mailto:<mailbox>"'

# id: severity, clause, what is wrong, how to put it right; a row for each id of `check.record`.
CATALOGUE: dict[str, tuple[Severity, str, str, str]] = {
    "sts-record-missing": (Severity.ERROR, _STS, "there is no STS record", _STS_FIX),
    "sts-record-multiple": (
        Severity.ERROR, _STS, "several STS records: senders assume no policy", "keep exactly one",
    ),
    "sts-record-version": (
        Severity.ERROR, _STS, "the record does not begin with v=STSv1;", _STS_FIX,
    ),
    "sts-record-version-near-miss": (
        Severity.WARNING, _STS, "a record looks like an STS record of another version or spelling",
        _STS_FIX,
    ),
    "sts-record-id-missing": (Severity.ERROR, _STS, "the record has no id", _STS_FIX),
    "sts-record-id-malformed": (
        Severity.ERROR, _STS, "the id is not 1 to 32 letters and digits", _STS_FIX,
    ),
    "sts-record-field-malformed": (
        Severity.ERROR, _STS, "a part of the record is not 'name=value'", _STS_FIX,
    ),
    "sts-record-id-long": (
        Severity.ERROR, _STS, "the id has over 32 characters", _STS_FIX,
    ),
    "sts-record-field-empty": (
        Severity.ERROR, _STS, "two semicolons stand side by side", _STS_FIX,
    ),
    "sts-record-trailing-space": (
        Severity.ERROR, _STS,
        "white space ends the record: outside the grammar, though some senders accept it",
        _STS_FIX,
    ),
    "sts-record-quoted": (
        Severity.ERROR, _STS, "the record holds quotation marks; only the zone file needs them",
        _STS_FIX,
    ),
    "sts-record-not-ascii": (
        Severity.ERROR, _STS, "the record holds more than printable ASCII", _STS_FIX,
    ),
    "sts-record-spf": (
        Severity.WARNING, "RFC 7208 section 3", "an SPF record stands at _mta-sts",
        "remove it, or the wildcard record that puts it there",
    ),
    "sts-record-space": (
        Severity.WARNING, "RFC 8461 erratum 6285",
        "white space before the first ';': beside another TXT record, senders discard this one",
        "v=STSv1; right at the start",
    ),
    "sts-record-duplicate": (
        Severity.WARNING, _STS, "a field stands twice; senders take the first", "keep one",
    ),
    "sts-record-unknown-field": (
        Severity.INFO, _STS, "a field that the RFC does not know; senders ignore it", _STS_FIX,
    ),
    "sts-record-field-near-miss": (
        Severity.WARNING, _STS,
        "a field differs from a real one by case, hyphen or underscore; senders ignore it",
        _STS_FIX,
    ),
    "sts-record-misplaced": (
        Severity.WARNING, _STS, "a TLS-RPT record stands at _mta-sts", "publish it at _smtp._tls",
    ),
    "sts-record-unrelated": (
        Severity.WARNING, _STS, "an unrelated TXT record stands at the same name", "remove it",
    ),
    "tlsrpt-record-missing": (Severity.ERROR, _RPT, "there is no TLS-RPT record", _RPT_FIX),
    "tlsrpt-record-multiple": (
        Severity.ERROR, _RPT, "several TLS-RPT records: nobody reports", "keep exactly one",
    ),
    "tlsrpt-record-version": (
        Severity.ERROR, _RPT, "the record does not begin with v=TLSRPTv1", _RPT_FIX,
    ),
    "tlsrpt-record-version-near-miss": (
        Severity.WARNING, _RPT, "a record looks like TLS-RPT of another version or spelling",
        _RPT_FIX,
    ),
    "tlsrpt-rua-missing": (Severity.ERROR, _RPT, "the record has no rua", _RPT_FIX),
    "tlsrpt-rua-empty": (
        Severity.ERROR, _RPT, "a rua holds no URI where one should stand", _RPT_FIX,
    ),
    "tlsrpt-rua-scheme-missing": (
        Severity.ERROR, _RPT, "a rua is an address without mailto: or https: before it", _RPT_FIX,
    ),
    "tlsrpt-rua-http": (
        Severity.ERROR, _RPT, "a rua is an http: URI; reports go over https:", _RPT_FIX,
    ),
    "tlsrpt-rua-scheme-unknown": (
        Severity.ERROR, _RPT, "the scheme of a rua is neither mailto: nor https:", _RPT_FIX,
    ),
    "tlsrpt-rua-mailto-malformed": (
        Severity.ERROR, "RFC 6068 section 2", "a mailto: URI holds no usable address", _RPT_FIX,
    ),
    "tlsrpt-rua-https-malformed": (
        Severity.ERROR, "RFC 3986 section 3", "an https: URI is malformed", _RPT_FIX,
    ),
    "tlsrpt-rua-unencoded": (
        Severity.ERROR, _RPT, "a rua holds '!', which has to be percent-encoded", "write %21",
    ),
    "tlsrpt-rua-size-suffix": (
        Severity.ERROR, _RPT, "a rua holds '!': size suffixes are DMARC's, not TLS-RPT's",
        "remove the suffix; a real '!' is written %21",
    ),
    "tlsrpt-record-field-malformed": (
        Severity.ERROR, _RPT, "a part of the record is not 'name=value'; a ';' in a URI is %3B",
        _RPT_FIX,
    ),
    "tlsrpt-record-field-empty": (
        Severity.ERROR, _RPT, "two semicolons stand side by side", _RPT_FIX,
    ),
    "tlsrpt-record-trailing-space": (
        Severity.ERROR, _RPT,
        "white space ends the record: outside the grammar, though some senders accept it",
        _RPT_FIX,
    ),
    "tlsrpt-record-quoted": (
        Severity.ERROR, _RPT, "the record holds quotation marks; only the zone file needs them",
        _RPT_FIX,
    ),
    "tlsrpt-record-not-ascii": (
        Severity.ERROR, _RPT, "the record holds more than printable ASCII", _RPT_FIX,
    ),
    "tlsrpt-record-spf": (
        Severity.WARNING, "RFC 7208 section 3", "an SPF record stands at _smtp._tls",
        "remove it, or the wildcard record that puts it there",
    ),
    "tlsrpt-record-space": (
        Severity.WARNING, _RPT,
        "white space before the first ';': beside another TXT record, senders discard this one",
        "v=TLSRPTv1; right at the start",
    ),
    "tlsrpt-record-duplicate": (
        Severity.WARNING, _RPT, "a field stands twice; RFC 8460 does not say which counts",
        "keep one rua, URIs separated by commas",
    ),
    "tlsrpt-record-unknown-field": (
        Severity.INFO, _RPT, "a field that the RFC does not know; senders ignore it", _RPT_FIX,
    ),
    "tlsrpt-record-field-near-miss": (
        Severity.WARNING, _RPT,
        "a field differs from a real one by case, hyphen or underscore; senders ignore it",
        _RPT_FIX,
    ),
    "tlsrpt-record-misplaced": (
        Severity.WARNING, _RPT, "an STS record stands at _smtp._tls", "publish it at _mta-sts",
    ),
    "tlsrpt-record-unrelated": (
        Severity.WARNING, _RPT, "an unrelated TXT record stands at the same name", "remove it",
    ),
    "tlsrpt-rua-semicolon": (
        Severity.WARNING, _RPT, "a ';' ends an https: URI; if it belongs to the URI, it is cut off",
        "write the ';' of a URI as %3B",
    ),
    "tlsrpt-rua-host": (
        Severity.WARNING, _RPT, "a URI leads to no name in public DNS", "write a public host name",
    ),
    "tlsrpt-rua-credentials": (
        Severity.WARNING, "RFC 3986 section 3.2.1", "a URI publishes a user name or password",
        "remove what stands before the '@'",
    ),
    "tlsrpt-rua-scheme-case": (
        Severity.WARNING, "RFC 3986 section 3.1",
        "a scheme is not in lower case: legal, and compared letter by letter by some senders",
        "write mailto: or https:",
    ),
    "tlsrpt-rua-retired": (
        Severity.WARNING, _RPT, "NCSC Mail Check was retired in March 2026; nobody reads its mail",
        "write a mailbox of your own",
    ),
    "tlsrpt-rua-several": (
        Severity.INFO, _RPT, "several URIs: every report comes to each of them", "",
    ),
    "tlsrpt-rua-duplicate": (
        Severity.WARNING, _RPT, "a URI stands twice: its reports come twice", "keep one",
    ),
    "record-presentation": (
        Severity.ERROR, _ZONE, "a line is no TXT value as a zone file spells it",
        'write strings in quotes: "v=STSv1; id=1"',
    ),
    "record-string-long": (
        Severity.ERROR, "RFC 1035 section 3.3", "a string is longer than 255 bytes",
        "split it into several strings",
    ),
    "record-comment": (
        Severity.WARNING, _ZONE,
        "an unquoted ';' begins a comment: what follows it on the line is not published",
        "put the value in quotes",
    ),
    "record-owner": (
        Severity.INFO, _ZONE, "a line is a whole record; its name, TTL and type were skipped", "",
    ),
    "record-lines-many": (
        Severity.ERROR, "RFC 1035 section 4.2",
        "more records than one DNS answer can carry; the rest was not read", "keep exactly one",
    ),
}  # fmt: skip
