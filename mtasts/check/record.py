"""What a careful publisher should be told about the TXT records of both RFCs."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from mtasts.check.record_catalogue import CATALOGUE
from mtasts.findings import Finding, ordered, printable
from mtasts.names import DomainNameError, parse_domain
from mtasts.records import (
    STS,
    TLSRPT,
    Grammar,
    Outcome,
    PresentationError,
    Record,
    Selection,
    StsRecord,
    TlsRptRecord,
    is_meant,
    is_report_uri,
    is_version,
    join,
    parse_presentation,
    select_sts,
    select_tlsrpt,
    split_tags,
    split_uris,
    to_presentation,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mtasts.findings import Problem

    Rrset = Sequence[Sequence[bytes]]

# No DNS answer holds more, and every character may be written as four.
RRSET_LIMIT = 4 * 65_536
RECORDS_LIMIT = 1000
# Shut with Mail Check on 31 March 2026, and copied into many records before that.
_RETIRED_MAILBOX_HOST = "mailcheck.service.ncsc.gov.uk"
# What a name server's own line carries before the value: owner, TTL, class and type.
_OWNER = re.compile(rb'[^\s"]+\s+(?:[0-9]+\s+)?(?:IN\s+)?(?:[0-9]+\s+)?TXT\s+', re.IGNORECASE)
_SIZE_SUFFIX = re.compile(rb".*![0-9]+[kmgt]?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class RecordReport(Generic[Record]):
    """What a sender concludes from an RRset, and what there is to say about it."""

    selection: Selection[Record]
    findings: tuple[Finding, ...]


def finding(code: str, evidence: bytes | str = b"", fix: str = "", line: int = 0) -> Finding:
    """The finding of the catalogue row ``code``; ``fix`` replaces the general one."""
    severity, clause, summary, general = CATALOGUE[code]
    where = f"line {line}: " if line else ""
    return Finding(code, severity, where + summary, clause, printable(evidence), fix or general)


def check_sts(rrset: Rrset) -> RecordReport[StsRecord]:
    """Everything to be said about the TXT records at ``_mta-sts``."""
    selection = select_sts(rrset)
    return RecordReport(selection, ordered(_check(rrset, selection, STS)))


def check_tlsrpt(rrset: Rrset) -> RecordReport[TlsRptRecord]:
    """Everything to be said about the TXT records at ``_smtp._tls``."""
    selection = select_tlsrpt(rrset)
    found = [*_check(rrset, selection, TLSRPT)]
    if selection.record:
        found += _uris(selection.record.rua)
    return RecordReport(selection, ordered(found))


def _check(rrset: Rrset, selection: Selection[Record], grammar: Grammar) -> Iterator[Finding]:
    kind, texts = grammar.kind, join(rrset)
    if selection.outcome is Outcome.NONE:
        yield finding(f"{kind}-record-missing")
    elif selection.outcome is Outcome.MULTIPLE:
        yield finding(f"{kind}-record-multiple", b" | ".join(selection.candidates))
    for problem in selection.problems:
        text = selection.candidates[0]
        code = _fault(grammar, problem, text)
        yield finding(code, problem.evidence, _corrected(grammar, text))
    other = TLSRPT if grammar is STS else STS
    for text in texts:
        if is_version(grammar, text):
            yield from _tags(grammar, text)
        elif is_meant(grammar, text):
            fix = _corrected(grammar, text)
            yield finding(f"{kind}-record-version-near-miss", text, fix)
        elif text.lower().startswith(b"v=spf1"):
            yield finding(f"{kind}-record-spf", text)
        elif is_meant(other, text):
            yield finding(f"{kind}-record-misplaced", text)
        else:
            yield finding(f"{kind}-record-unrelated", text)


def _fault(grammar: Grammar, problem: Problem, text: bytes) -> str:
    """The id of a problem, told as precisely as its evidence allows."""
    kind, code, seen = grammar.kind, problem.code, problem.evidence
    if code == "tlsrpt-rua-malformed":
        return _uri_fault(seen, text)
    at_end = seen != seen.rstrip(b" \t") and text.endswith(seen)
    faults = (
        (code.endswith("-missing"), code),
        (b'"' in seen, f"{kind}-record-quoted"),
        (code.endswith("-field-malformed") and not seen, f"{kind}-record-field-empty"),
        (at_end and not code.endswith("-ascii"), f"{kind}-record-trailing-space"),
        (
            code == "sts-record-id-malformed" and re.fullmatch(rb"[A-Za-z0-9]{33,}", seen),
            "sts-record-id-long",
        ),
    )
    return next((precise for applies, precise in faults if applies), code)


def _uri_fault(uri: bytes, text: bytes) -> str:
    trimmed = uri.rstrip(b" \t")
    scheme, colon, _ = uri.lower().partition(b":")
    at_end = trimmed != uri and text.endswith(uri) and is_report_uri(trimmed)
    faults = (
        (not trimmed, "tlsrpt-rua-empty"),
        (b'"' in uri, "tlsrpt-record-quoted"),
        (at_end, "tlsrpt-record-trailing-space"),
        (_SIZE_SUFFIX.fullmatch(uri), "tlsrpt-rua-size-suffix"),
        (b"!" in uri, "tlsrpt-rua-unencoded"),
        (not colon, "tlsrpt-rua-scheme-missing"),
        (scheme == b"mailto", "tlsrpt-rua-mailto-malformed"),
        (scheme == b"https", "tlsrpt-rua-https-malformed"),
        (scheme == b"http", "tlsrpt-rua-http"),
    )
    return next((code for applies, code in faults if applies), "tlsrpt-rua-scheme-unknown")


def _corrected(grammar: Grammar, text: bytes) -> str:
    """The line to publish in place of ``text``, where what was meant is plain; else nothing."""
    if grammar is STS:
        match = re.search(rb"\bid\s*=\s*([^;\"]*)", text, re.IGNORECASE)
        meant = re.sub(rb"[^A-Za-z0-9]", b"", match[1] if match else b"")[:32]
        return to_presentation(StsRecord(meant.decode("ascii")).render()) if meant else ""
    rua = re.search(rb"\brua\s*=\s*([^;\"]*)", text, re.IGNORECASE)
    uris = [_meant_uri(part.strip()) for part in (rua[1] if rua else b"").split(b",")]
    if not all(is_report_uri(uri) for uri in uris):
        return ""
    return to_presentation(TlsRptRecord(tuple(uri.decode("ascii") for uri in uris)).render())


def _meant_uri(text: bytes) -> bytes:
    """A URI without DMARC's size suffix, a bare address as the mailbox that it is."""
    uri = text.rpartition(b"!")[0] if _SIZE_SUFFIX.fullmatch(text) else text
    return b"mailto:" + uri if b":" not in uri and b"@" in uri else uri


def _tags(grammar: Grammar, text: bytes) -> Iterator[Finding]:
    """What is legal in the fields of a record, and unwise."""
    kind, own = grammar.kind, grammar.tag.decode("ascii")
    if text[len(grammar.version) :][:1] in (b" ", b"\t"):
        yield finding(f"{kind}-record-space", text, _corrected(grammar, text))
    seen: set[bytes] = set()
    after_https = False
    for tag in split_tags(text)[1]:
        if tag.value is None:
            continue
        squeezed = re.sub(rb"[-_.]", b"", tag.name.lower()).decode("ascii", "replace")
        if tag.name in seen:
            yield finding(f"{kind}-record-duplicate", tag.name)
        elif squeezed == own and tag.name != grammar.tag:
            yield finding(f"{kind}-record-field-near-miss", tag.name, _corrected(grammar, text))
        elif tag.name != grammar.tag:
            code = "tlsrpt-rua-semicolon" if after_https else f"{kind}-record-unknown-field"
            yield finding(code, tag.text)
        seen.add(tag.name)
        last = split_uris(tag.value)[-1]
        after_https = tag.name == b"rua" and last[:6].lower() == b"https:"


def _uris(rua: Sequence[str]) -> Iterator[Finding]:
    """What is legal in a ``rua``, and brings fewer reports than it could."""
    if len({*rua}) > 1:
        yield finding("tlsrpt-rua-several", ",".join(rua))
    seen: set[str] = set()
    for uri in rua:
        scheme, _, rest = uri.partition(":")
        same = f"{scheme.lower()}:{rest}"
        if same in seen:
            yield finding("tlsrpt-rua-duplicate", uri)
        seen.add(same)
        if not scheme.islower():
            yield finding("tlsrpt-rua-scheme-case", uri, f"write {same}")
        user, at, host = re.split(r"[/?#]", rest.removeprefix("//"), maxsplit=1)[0].rpartition("@")
        if rest.startswith("//") and at:
            yield finding("tlsrpt-rua-credentials", f"{scheme}://{'*' * len(user)}@{host}")
        host = re.sub(r":[0-9]*\Z", "", host).lower().removesuffix(".")
        if host == _RETIRED_MAILBOX_HOST:
            yield finding("tlsrpt-rua-retired", uri)
        elif not _is_public(host):
            yield finding("tlsrpt-rua-host", uri)


def _is_public(host: str) -> bool:
    """Whether ``host`` is a name of several labels, and no address."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        pass
    else:
        return False
    try:
        return "." in parse_domain(host)
    except DomainNameError:
        return False


def read_rrset(raw: bytes) -> tuple[list[tuple[bytes, ...]], list[Finding]]:
    """The records of a file, one a line in zone-file presentation, and what its lines hide.

    Where a finding is an error, the RRset is not the one that was meant.
    """
    rrset: list[tuple[bytes, ...]] = []
    found: list[Finding] = []
    if len(raw) > RRSET_LIMIT:
        found.append(finding("record-lines-many", f"more than {RRSET_LIMIT} bytes"))
    for number, line in enumerate(raw[:RRSET_LIMIT].split(b"\n"), start=1):
        text = line.strip(b" \t\r")
        if not text or text.startswith(b";"):
            continue
        if len(rrset) + len(found) >= RECORDS_LIMIT:
            found.append(finding("record-lines-many", f"more than {RECORDS_LIMIT} lines"))
            break
        value = text
        if owner := _OWNER.match(text):
            value = text[owner.end() :]
            found.append(finding("record-owner", text, line=number))
        try:
            rrset.append(parse_presentation(value))
        except PresentationError as error:
            found.append(_unreadable(error, value, number))
            continue
        if b'"' not in value and re.search(rb"(?<!\\);", value):
            found.append(finding("record-comment", value, to_presentation(value), number))
    return rrset, list(ordered(found))


def _unreadable(error: PresentationError, value: bytes, line: int) -> Finding:
    if error.code == "record-string-long":
        # The quotes go, and come back around each piece.
        return finding(error.code, value, to_presentation(value.replace(b'"', b"")), line)
    return finding(
        "record-presentation", value, f"{error}; {CATALOGUE['record-presentation'][3]}", line
    )
