"""What a careful publisher should be told about the TXT records of both RFCs."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple

from mtasts.check.row import rows_of
from mtasts.check.table import sts_record as sts
from mtasts.check.table import tlsrpt, zone_file
from mtasts.findings import Severity, ordered
from mtasts.names import DomainNameError, parse_domain
from mtasts.records import (
    QUOTES,
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

    from mtasts.check.row import Check
    from mtasts.findings import Finding, Problem

    Rrset = Sequence[Sequence[bytes]]

# No DNS answer holds more, and every character may be written as four.
RRSET_LIMIT = 4 * 65_536
RECORDS_LIMIT = 1000
# Shut with Mail Check on 31 March 2026, and copied into many records before that.
_RETIRED_MAILBOX_HOST = "mailcheck.service.ncsc.gov.uk"
# What a name server's own line carries before the value: owner, TTL, class and type.
_OWNER = re.compile(rb'[^\s"]+\s+(?:[0-9]+\s+)?(?:IN\s+)?(?:[0-9]+\s+)?TXT\s+', re.IGNORECASE)
# A field that stands behind a semicolon and was meant to stand behind a comma.
_ADDRESSED = re.compile(rb"[ \t]*(?:mailto:|https:|[^=@]+@)", re.IGNORECASE)
_SIZE_SUFFIX = re.compile(rb".*![0-9]+[kmgt]?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class RecordReport(Generic[Record]):
    """What a sender concludes from an RRset, and what there is to say about it."""

    selection: Selection[Record]
    findings: tuple[Finding, ...]


class _RecordChecks(NamedTuple):
    """What either record may be found to be; the rest of its checks is its own."""

    missing: Check
    multiple: Check
    version_near_miss: Check
    quoted: Check
    not_ascii: Check
    trailing_space: Check
    space: Check
    field_empty: Check
    field_malformed: Check
    field_near_miss: Check
    unknown_field: Check
    duplicate: Check
    spf: Check
    misplaced: Check
    unrelated: Check


_STS = _RecordChecks(
    missing=sts.STS_RECORD_MISSING,
    multiple=sts.STS_RECORD_MULTIPLE,
    version_near_miss=sts.STS_RECORD_VERSION_NEAR_MISS,
    quoted=sts.STS_RECORD_QUOTED,
    not_ascii=sts.STS_RECORD_NOT_ASCII,
    trailing_space=sts.STS_RECORD_TRAILING_SPACE,
    space=sts.STS_RECORD_SPACE,
    field_empty=sts.STS_RECORD_FIELD_EMPTY,
    field_malformed=sts.STS_RECORD_FIELD_MALFORMED,
    field_near_miss=sts.STS_RECORD_FIELD_NEAR_MISS,
    unknown_field=sts.STS_RECORD_UNKNOWN_FIELD,
    duplicate=sts.STS_RECORD_DUPLICATE,
    spf=sts.STS_RECORD_SPF,
    misplaced=sts.STS_RECORD_MISPLACED,
    unrelated=sts.STS_RECORD_UNRELATED,
)
_TLSRPT = _RecordChecks(
    missing=tlsrpt.TLSRPT_RECORD_MISSING,
    multiple=tlsrpt.TLSRPT_RECORD_MULTIPLE,
    version_near_miss=tlsrpt.TLSRPT_RECORD_VERSION_NEAR_MISS,
    quoted=tlsrpt.TLSRPT_RECORD_QUOTED,
    not_ascii=tlsrpt.TLSRPT_RECORD_NOT_ASCII,
    trailing_space=tlsrpt.TLSRPT_RECORD_TRAILING_SPACE,
    space=tlsrpt.TLSRPT_RECORD_SPACE,
    field_empty=tlsrpt.TLSRPT_RECORD_FIELD_EMPTY,
    field_malformed=tlsrpt.TLSRPT_RECORD_FIELD_MALFORMED,
    field_near_miss=tlsrpt.TLSRPT_RECORD_FIELD_NEAR_MISS,
    unknown_field=tlsrpt.TLSRPT_RECORD_UNKNOWN_FIELD,
    duplicate=tlsrpt.TLSRPT_RECORD_DUPLICATE,
    spf=tlsrpt.TLSRPT_RECORD_SPF,
    misplaced=tlsrpt.TLSRPT_RECORD_MISPLACED,
    unrelated=tlsrpt.TLSRPT_RECORD_UNRELATED,
)
# The parser names each problem by the id of the check that it becomes.
_OF_PROBLEM = rows_of(sts) | rows_of(tlsrpt)


def _checks(grammar: Grammar) -> _RecordChecks:
    return _STS if grammar is STS else _TLSRPT


def check_sts(rrset: Rrset) -> RecordReport[StsRecord]:
    """Everything to be said about the TXT records at ``_mta-sts``."""
    selection = select_sts(rrset)
    return RecordReport(selection, ordered(_check(rrset, selection, STS)))


def check_tlsrpt(rrset: Rrset) -> RecordReport[TlsRptRecord]:
    """Everything to be said about the TXT records at ``_smtp._tls``."""
    selection = select_tlsrpt(rrset)
    found = [*_check(rrset, selection, TLSRPT)]
    for seen in _uris(selection.record.rua) if selection.record else ():
        fix = "" if seen.meant is None else _corrected(TLSRPT, seen.meant)
        found.append(seen.check.finding(seen.evidence, fix=fix))
    return RecordReport(selection, ordered(found))


def _check(rrset: Rrset, selection: Selection[Record], grammar: Grammar) -> Iterator[Finding]:
    for seen in _seen(rrset, selection, grammar):
        fix = "" if seen.meant is None else _corrected(grammar, seen.meant)
        yield seen.check.finding(seen.evidence, fix=fix)


class _Seen(NamedTuple):
    """A finding to be: its evidence, and the text that is to be published corrected."""

    check: Check
    evidence: bytes = b""
    meant: bytes | None = None


def _seen(rrset: Rrset, selection: Selection[Record], grammar: Grammar) -> Iterator[_Seen]:
    checks, texts = _checks(grammar), join(rrset)
    if selection.outcome is Outcome.NONE:
        yield _Seen(checks.missing)
    elif selection.outcome is Outcome.MULTIPLE:
        yield _Seen(checks.multiple, b" | ".join(selection.candidates))
    for problem in selection.problems:
        text = selection.candidates[0]
        yield _Seen(_fault(grammar, problem, text), problem.evidence, text)
    other = TLSRPT if grammar is STS else STS
    for text in texts:
        if is_version(grammar, text):
            yield from _tags(grammar, text)
        elif is_meant(grammar, text):
            yield _Seen(checks.version_near_miss, text, text)
        elif text.lower().startswith(b"v=spf1"):
            yield _Seen(checks.spf, text)
        elif is_meant(other, text):
            yield _Seen(checks.misplaced, text)
        else:
            yield _Seen(checks.unrelated, text)


def _fault(grammar: Grammar, problem: Problem, text: bytes) -> Check:
    """The check that a problem becomes, told as precisely as its evidence allows."""
    checks, seen = _checks(grammar), problem.evidence
    if problem.code == "tlsrpt-rua-malformed":  # there is a check for each way
        return _uri_fault(seen, text)
    check = _OF_PROBLEM[problem.code]
    at_end = seen != seen.rstrip(b" \t") and text.endswith(seen)
    faults = (
        (check in (sts.STS_RECORD_ID_MISSING, tlsrpt.TLSRPT_RUA_MISSING), check),
        (b'"' in seen, checks.quoted),
        (check is checks.field_malformed and not seen, checks.field_empty),
        (at_end and check is not checks.not_ascii, checks.trailing_space),
        (
            check is sts.STS_RECORD_ID_MALFORMED and re.fullmatch(rb"[A-Za-z0-9]{33,}", seen),
            sts.STS_RECORD_ID_LONG,
        ),
    )
    return next((precise for applies, precise in faults if applies), check)


def _uri_fault(uri: bytes, text: bytes) -> Check:
    trimmed = uri.rstrip(b" \t")
    scheme, colon, _ = uri.lower().partition(b":")
    at_end = trimmed != uri and text.endswith(uri) and is_report_uri(trimmed)
    faults = (
        (not trimmed, tlsrpt.TLSRPT_RUA_EMPTY),
        (b'"' in uri, tlsrpt.TLSRPT_RECORD_QUOTED),
        (at_end, tlsrpt.TLSRPT_RECORD_TRAILING_SPACE),
        (_SIZE_SUFFIX.fullmatch(uri), tlsrpt.TLSRPT_RUA_SIZE_SUFFIX),
        (b"!" in uri, tlsrpt.TLSRPT_RUA_UNENCODED),
        (not colon, tlsrpt.TLSRPT_RUA_SCHEME_MISSING),
        (scheme == b"mailto", tlsrpt.TLSRPT_RUA_MAILTO_MALFORMED),
        (scheme == b"https", tlsrpt.TLSRPT_RUA_HTTPS_MALFORMED),
        (scheme == b"http", tlsrpt.TLSRPT_RUA_HTTP),
    )
    return next((check for applies, check in faults if applies), tlsrpt.TLSRPT_RUA_SCHEME_UNKNOWN)


def _corrected(grammar: Grammar, text: bytes) -> str:
    """The line to publish in place of ``text``, where what was meant is plain; else nothing.

    It is never a line that has findings of its own.
    """
    bare = QUOTES.sub(b"", text)
    meant = _meant_id(bare) if grammar is STS else _meant_rua(bare)
    return to_presentation(meant) if meant and is_clean(grammar, meant.encode("ascii")) else ""


def is_clean(grammar: Grammar, record: bytes) -> bool:
    """Whether a record of this text alone brings no finding of weight."""
    rrset = [(record,)]
    if grammar is STS:
        seen = [*_seen(rrset, select_sts(rrset), STS)]
    else:
        selection = select_tlsrpt(rrset)
        seen = [*_seen(rrset, selection, TLSRPT)]
        seen += _uris(selection.record.rua) if selection.record else []
    return all(each.check.severity is Severity.INFO for each in seen)


def _meant_id(text: bytes) -> str:
    match = re.search(rb"\bid\s*[=:]\s*([^;]*)", text, re.IGNORECASE)
    meant = re.sub(rb"[^A-Za-z0-9]", b"", match[1] if match else b"")[:32]
    return StsRecord(meant.decode("ascii")).render() if meant else ""


def _meant_rua(text: bytes) -> str:
    """The record with every URI of ``text``, those behind a stray semicolon too."""
    match = re.search(rb"\brua\s*[=:]\s*(.*)", text, re.IGNORECASE | re.DOTALL)
    first, *rest = (match[1] if match else b"").split(b";")
    parts = first.strip(b" \t").split(b",")
    parts += [part for field in rest if _ADDRESSED.match(field) for part in field.split(b",")]
    uris = [_meant_uri(part.strip(b" \t")) for part in parts if part.strip(b" \t")]
    if not uris or not all(map(is_report_uri, uris)):
        return ""
    once = dict.fromkeys(uri.decode("ascii") for uri in uris)
    return TlsRptRecord(tuple(once)).render()


def _meant_uri(text: bytes) -> bytes:
    """A URI without DMARC's size suffix or slashes, a bare address as the mailbox that it is."""
    uri = text.rpartition(b"!")[0] if _SIZE_SUFFIX.fullmatch(text) else text
    scheme, colon, rest = uri.partition(b":")
    if not colon:
        return b"mailto:" + uri if b"@" in uri else uri
    scheme = scheme.lower()
    return scheme + b":" + (rest.lstrip(b"/") if scheme == b"mailto" else rest)


def _tags(grammar: Grammar, text: bytes) -> Iterator[_Seen]:
    """What is legal in the fields of a record, and unwise."""
    checks, own = _checks(grammar), grammar.tag.decode("ascii")
    if text[len(grammar.version) :][:1] in (b" ", b"\t"):
        yield _Seen(checks.space, text, text)
    seen: set[bytes] = set()
    after_https = False
    for tag in split_tags(text)[1]:
        if tag.value is None:
            continue
        squeezed = re.sub(rb"[-_.]", b"", tag.name.lower()).decode("ascii", "replace")
        if tag.name in seen:
            yield _Seen(checks.duplicate, tag.name)
        elif squeezed == own and tag.name != grammar.tag:
            yield _Seen(checks.field_near_miss, tag.name, text)
        elif tag.name != grammar.tag:
            yield _Seen(
                tlsrpt.TLSRPT_RUA_SEMICOLON if after_https else checks.unknown_field, tag.text
            )
        seen.add(tag.name)
        last = split_uris(tag.value)[-1]
        after_https = tag.name == b"rua" and last[:6].lower() == b"https:"


def _uris(rua: Sequence[str]) -> Iterator[_Seen]:
    """What is legal in a ``rua``, and brings fewer reports than it could."""
    if len({*rua}) > 1:
        yield _Seen(tlsrpt.TLSRPT_RUA_SEVERAL, ",".join(rua).encode())
    seen: set[str] = set()
    for uri in rua:
        scheme, _, rest = uri.partition(":")
        same = f"{scheme.lower()}:{rest}"
        if same in seen:
            yield _Seen(tlsrpt.TLSRPT_RUA_DUPLICATE, uri.encode())
        seen.add(same)
        if not scheme.islower():
            record = TlsRptRecord(tuple(rua)).render()
            yield _Seen(tlsrpt.TLSRPT_RUA_SCHEME_CASE, uri.encode(), record.encode())
        user, at, host = re.split(r"[/?#]", rest.removeprefix("//"), maxsplit=1)[0].rpartition("@")
        if rest.startswith("//") and at:
            yield _Seen(
                tlsrpt.TLSRPT_RUA_CREDENTIALS, f"{scheme}://{'*' * len(user)}@{host}".encode()
            )
        host = re.sub(r":[0-9]*\Z", "", host).lower().removesuffix(".")
        if host == _RETIRED_MAILBOX_HOST:
            yield _Seen(tlsrpt.TLSRPT_RUA_RETIRED, uri.encode())
        elif not _is_public(host):
            yield _Seen(tlsrpt.TLSRPT_RUA_HOST, uri.encode())


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
        found.append(zone_file.RECORD_LINES_MANY.finding(f"more than {RRSET_LIMIT} bytes"))
    for number, line in enumerate(raw[:RRSET_LIMIT].split(b"\n"), start=1):
        text = line.strip(b" \t\r")
        if not text or text.startswith(b";"):
            continue
        if len(rrset) + len(found) >= RECORDS_LIMIT:
            many = f"more than {RECORDS_LIMIT} lines"
            found.append(zone_file.RECORD_LINES_MANY.finding(many))
            break
        value = text
        if owner := _OWNER.match(text):
            value = text[owner.end() :]
            found.append(zone_file.RECORD_OWNER.finding(text, line=number))
        try:
            rrset.append(parse_presentation(value))
        except PresentationError as error:
            found.append(_unreadable(error, value, number))
            continue
        if b'"' not in value and re.search(rb"(?<!\\);", value):
            meant = _published(value)
            found.append(zone_file.RECORD_COMMENT.finding(value, line=number, fix=meant))
    return rrset, list(ordered(found))


def _published(value: bytes) -> str:
    """A line of a zone file for what ``value`` was meant to say, unless that is a broken record."""
    # A quotation mark behind a backslash is part of the text, any other begins or ends a string.
    bare = re.sub(rb'(\\.)|"', rb"\1", value, flags=re.DOTALL)
    try:
        meant = b"".join(parse_presentation(b'"%b"' % bare, string_max=None))
    except PresentationError:
        return ""
    for grammar in (STS, TLSRPT):
        if is_meant(grammar, meant) and not is_clean(grammar, meant):
            return ""
    return to_presentation(meant)


def _unreadable(error: PresentationError, value: bytes, line: int) -> Finding:
    if error.code == zone_file.RECORD_STRING_LONG.id:
        # The quotes go, and come back around each piece.
        return zone_file.RECORD_STRING_LONG.finding(value, line=line, fix=_published(value))
    check = zone_file.RECORD_PRESENTATION
    return check.finding(value, line=line, fix=f"{error}; {check.fix}")
