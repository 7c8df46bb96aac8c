"""What a careful publisher should be told about the TXT records of both RFCs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from mtasts.findings import Finding, Severity, printable
from mtasts.records import (
    Outcome,
    Record,
    Selection,
    StsRecord,
    TlsRptRecord,
    select_sts,
    select_tlsrpt,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Rrset = Sequence[Sequence[bytes]]

_STS = "RFC 8461 section 3.1"
_RPT = "RFC 8460 section 3"
_STS_FIX = "v=STSv1; id=<1 to 32 letters and digits>;"
_RPT_FIX = "v=TLSRPTv1; rua=mailto:<mailbox>"

# id: severity, clause, what is wrong, how to put it right: a row for every finding made here.
CATALOGUE: dict[str, tuple[Severity, str, str, str]] = {
    "sts-record-missing": (Severity.ERROR, _STS, "there is no STS record", _STS_FIX),
    "sts-record-multiple": (
        Severity.ERROR, _STS, "several STS records: senders assume no policy", "keep exactly one",
    ),
    "sts-record-version": (
        Severity.ERROR, _STS, "the record does not begin with v=STSv1;", _STS_FIX,
    ),
    "sts-record-version-near-miss": (
        Severity.ERROR, _STS, "a record looks like an STS record of another version or spelling",
        _STS_FIX,
    ),
    "sts-record-id-missing": (Severity.ERROR, _STS, "the record has no id", _STS_FIX),
    "sts-record-id-malformed": (
        Severity.ERROR, _STS, "the id is not 1 to 32 letters and digits", _STS_FIX,
    ),
    "sts-record-field-malformed": (
        Severity.ERROR, _STS, "a part of the record is not 'name=value'", _STS_FIX,
    ),
    "sts-record-not-ascii": (
        Severity.ERROR, _STS, "the record holds more than printable ASCII", _STS_FIX,
    ),
    "sts-record-spf": (
        Severity.ERROR, "RFC 7208 section 3", "an SPF record stands at _mta-sts",
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
        Severity.ERROR, _RPT, "a record looks like TLS-RPT of another version or spelling",
        _RPT_FIX,
    ),
    "tlsrpt-rua-missing": (Severity.ERROR, _RPT, "the record has no rua", _RPT_FIX),
    "tlsrpt-rua-malformed": (
        Severity.ERROR, _RPT, "a rua is neither a mailto: nor an https: URI", _RPT_FIX,
    ),
    "tlsrpt-rua-size-suffix": (
        Severity.ERROR, _RPT, "a rua holds '!': size suffixes are DMARC's, not TLS-RPT's",
        "remove the suffix; a real '!' is written %21",
    ),
    "tlsrpt-record-field-malformed": (
        Severity.ERROR, _RPT, "a part of the record is not 'name=value'; a ';' in a URI is %3B",
        _RPT_FIX,
    ),
    "tlsrpt-record-not-ascii": (
        Severity.ERROR, _RPT, "the record holds more than printable ASCII", _RPT_FIX,
    ),
    "tlsrpt-record-spf": (
        Severity.ERROR, "RFC 7208 section 3", "an SPF record stands at _smtp._tls",
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
    "tlsrpt-record-unrelated": (
        Severity.WARNING, _RPT, "an unrelated TXT record stands at the same name", "remove it",
    ),
    "tlsrpt-rua-duplicate": (
        Severity.WARNING, _RPT, "a URI stands twice: its reports come twice", "keep one",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecordReport(Generic[Record]):
    """What a sender concludes from an RRset, and what there is to say about it."""

    selection: Selection[Record]
    findings: tuple[Finding, ...]


def finding(code: str, evidence: bytes | str = b"") -> Finding:
    """The finding of the catalogue row ``code``."""
    severity, clause, summary, fix = CATALOGUE[code]
    return Finding(code, severity, summary, clause, printable(evidence), fix)


def check_sts(rrset: Rrset) -> RecordReport[StsRecord]:
    """Everything to be said about the TXT records at ``_mta-sts``."""
    selection = select_sts(rrset)
    found = _check(rrset, selection, "sts", b"v=STSv1", {b"id"})
    return RecordReport(selection, _ordered(found))


def check_tlsrpt(rrset: Rrset) -> RecordReport[TlsRptRecord]:
    """Everything to be said about the TXT records at ``_smtp._tls``."""
    selection = select_tlsrpt(rrset)
    found = [*_check(rrset, selection, "tlsrpt", b"v=TLSRPTv1", {b"rua"})]
    rua = selection.record.rua if selection.record else ()
    found += [finding("tlsrpt-rua-duplicate", uri) for uri in sorted({*rua}) if rua.count(uri) > 1]
    return RecordReport(selection, _ordered(found))


def _ordered(found: Sequence[Finding] | Iterator[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(found, key=lambda one: -one.severity))


def _check(
    rrset: Rrset, selection: Selection[Record], kind: str, version: bytes, known: set[bytes]
) -> Iterator[Finding]:
    texts = [b"".join(strings) for strings in rrset]
    if selection.outcome is Outcome.NONE:
        yield finding(f"{kind}-record-missing")
    elif selection.outcome is Outcome.MULTIPLE:
        yield finding(f"{kind}-record-multiple", b" | ".join(texts))
    elif selection.error is not None:
        yield finding(selection.error.code, selection.error.evidence)
    stem = version.rstrip(b"1").lower()
    for text in texts:
        if text.lower().startswith(b"v=spf1"):
            yield finding(f"{kind}-record-spf", text)
        elif not text.lower().lstrip(b' \t"').startswith(stem):
            yield finding(f"{kind}-record-unrelated", text)
        elif not re.match(re.escape(version) + rb"(?![A-Za-z0-9])", text):
            yield finding(f"{kind}-record-version-near-miss", text)
        else:
            yield from _fields(text, kind, version, known)


def _fields(text: bytes, kind: str, version: bytes, known: set[bytes]) -> Iterator[Finding]:
    if re.match(re.escape(version) + rb"[ \t]+;", text):
        yield finding(f"{kind}-record-space", text)
    names = [part.partition(b"=")[0].strip(b" \t") for part in text.split(b";")[1:] if b"=" in part]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield finding(f"{kind}-record-duplicate", name)
        if name not in known:
            yield finding(f"{kind}-record-unknown-field", name)
