"""The TXT records: ``_mta-sts`` (RFC 8461 section 3.1) and ``_smtp._tls`` (RFC 8460 section 3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from mtasts.errors import MtaStsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STRING_MAX = 255
_STS = b"v=STSv1"
_TLSRPT = b"v=TLSRPTv1"
_DELIMITER = re.compile(rb"[ \t]*;[ \t]*")
_EXTENSION = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.\-]{0,31}=[\x21-\x3a\x3c\x3e-\x7e]+")
_ID = re.compile(rb"[A-Za-z0-9]{1,32}")
_COMMA = re.compile(rb"[ \t]*,[ \t]*")
_MAILTO = re.compile(rb"[Mm][Aa][Ii][Ll][Tt][Oo]:[!-~]*?[^@\s,;]+@[A-Za-z0-9.\-]+(?:\?[!-~]*)?")
_HTTPS = re.compile(rb"[Hh][Tt][Tt][Pp][Ss]://[A-Za-z0-9.\-\[\]:_~%]+(?:[/?#][!-~]*)?")


class RecordError(MtaStsError):
    """A record does not follow its grammar; senders take it as not published.

    ``code`` is the id of the finding it becomes.
    """

    def __init__(self, code: str, evidence: bytes = b"") -> None:
        """Carry the code and the offending part."""
        self.code = code
        self.evidence = evidence
        super().__init__(code)


class PresentationError(MtaStsError):
    """A line is no TXT value in zone-file presentation (RFC 1035 section 5.1)."""


@dataclass(frozen=True, slots=True)
class StsRecord:
    """The STS record: it only says that there is a policy, and which."""

    id: str

    def render(self) -> str:
        """The record's text, as published."""
        return f"v=STSv1; id={self.id};"

    @classmethod
    def parse(cls, text: bytes) -> StsRecord:
        """Read one record, strings joined: first duplicate wins, unknown fields are ignored.

        Raises:
            RecordError: outside the grammar; no policy may be assumed (RFC 8461 section 3.1).
        """
        value = _field(_fields(text, _STS, "sts-record"), b"id", "sts-record")
        if value is None:
            raise RecordError("sts-record-id-missing", text)
        if not _ID.fullmatch(value):
            raise RecordError("sts-record-id-malformed", value)
        return cls(value.decode("ascii"))


@dataclass(frozen=True, slots=True)
class TlsRptRecord:
    """The TLS-RPT record: where reports go, ``mailto:`` and ``https:`` URIs."""

    rua: tuple[str, ...]

    def render(self) -> str:
        """The record's text, as published."""
        return f"v=TLSRPTv1; rua={','.join(self.rua)}"

    @classmethod
    def parse(cls, text: bytes) -> TlsRptRecord:
        """Read one record, strings joined.

        RFC 8460 has no rule for a repeated ``rua``; the first is taken here.

        Raises:
            RecordError: outside the grammar; nobody will send reports.
        """
        value = _field(_fields(text, _TLSRPT, "tlsrpt-record"), b"rua", "tlsrpt-record")
        if value is None:
            raise RecordError("tlsrpt-rua-missing", text)
        uris = _COMMA.split(value)
        for uri in uris:
            if b"!" in uri:
                raise RecordError("tlsrpt-rua-size-suffix", uri)
            if not (_MAILTO.fullmatch(uri) or _HTTPS.fullmatch(uri)):
                raise RecordError("tlsrpt-rua-malformed", uri)
        return cls(tuple(uri.decode("ascii") for uri in uris))


def _fields(text: bytes, version: bytes, kind: str) -> list[bytes]:
    """The fields after the version, the optional closing delimiter taken away."""
    if re.search(rb"[^\x09\x20-\x7e]", text):
        raise RecordError(f"{kind}-not-ascii", text)
    first, *rest = _DELIMITER.split(text)
    if first != version:
        raise RecordError(f"{kind}-version", first)
    if rest and not rest[-1]:
        rest.pop()
    return rest


def _field(fields: list[bytes], name: bytes, kind: str) -> bytes | None:
    """The first value of ``name``; every other field must be an extension of the grammar."""
    found: bytes | None = None
    for field in fields:
        key, equals, value = field.partition(b"=")
        if equals and key == name:
            found = value if found is None else found
        elif not _EXTENSION.fullmatch(field):
            raise RecordError(f"{kind}-field-malformed", field)
    return found


class Outcome(StrEnum):
    """What a sender concludes from a whole RRset."""

    VALID = "valid"
    NONE = "none"
    MULTIPLE = "multiple"
    INVALID = "invalid"


Record = TypeVar("Record", StsRecord, TlsRptRecord)


@dataclass(frozen=True, slots=True)
class Selection(Generic[Record]):
    """The conclusion from an RRset, with the record or the reason."""

    outcome: Outcome
    record: Record | None = None
    error: RecordError | None = None


def select_sts(rrset: Sequence[Sequence[bytes]]) -> Selection[StsRecord]:
    """The STS record among the TXT records at ``_mta-sts`` (RFC 8461 section 3.1).

    Each record is its character-strings, joined without spaces. Of several, those that do not begin
    with ``v=STSv1;`` are discarded; unless one is left, there is no policy.
    """
    return _select(rrset, _STS, StsRecord.parse)


def select_tlsrpt(rrset: Sequence[Sequence[bytes]]) -> Selection[TlsRptRecord]:
    """The TLS-RPT record among the TXT records at ``_smtp._tls`` (RFC 8460 section 3)."""
    return _select(rrset, _TLSRPT, TlsRptRecord.parse)


def _select(
    rrset: Sequence[Sequence[bytes]], version: bytes, parse: Callable[[bytes], Record]
) -> Selection[Record]:
    texts = [b"".join(strings) for strings in rrset]
    # A lone record is read by the grammar, which allows white space before the first ";".
    if len(texts) == 1:
        whole_word = re.compile(re.escape(version) + rb"(?![A-Za-z0-9])")
        kept = [text for text in texts if whole_word.match(text)]
    else:
        kept = [text for text in texts if text.startswith(version + b";")]
    if not kept:
        return Selection(Outcome.NONE)
    if len(kept) > 1:
        return Selection(Outcome.MULTIPLE)
    try:
        return Selection(Outcome.VALID, parse(kept[0]))
    except RecordError as error:
        return Selection(Outcome.INVALID, error=error)


def to_presentation(value: bytes | str) -> str:
    """A TXT value as quoted character-strings of 255 bytes at most (RFC 1035 section 3.3.14)."""
    raw = value.encode("utf-8") if isinstance(value, str) else value
    parts = [raw[start : start + STRING_MAX] for start in range(0, len(raw), STRING_MAX)] or [b""]
    return " ".join(f'"{"".join(_escape(byte) for byte in part)}"' for part in parts)


def _escape(byte: int) -> str:
    if byte in b'"\\':
        return f"\\{byte:c}"
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03d}"


def parse_presentation(line: bytes) -> tuple[bytes, ...]:
    r"""The character-strings of one TXT value: quoted or bare, ``\"`` and ``\DDD`` escapes.

    Raises:
        PresentationError: an open quote, a bad escape, a string over 255 bytes, or nothing at all.
    """
    strings: list[bytes] = []
    rest = line.strip(b" \t\r\n")
    while rest:
        token, rest = _token(rest)
        if len(token) > STRING_MAX:
            raise PresentationError(f"a character-string of {len(token)} bytes; DNS allows 255")
        strings.append(token)
        rest = rest.lstrip(b" \t")
    if not strings:
        raise PresentationError("the line holds no character-string")
    return tuple(strings)


def _token(text: bytes) -> tuple[bytes, bytes]:
    quoted = text.startswith(b'"')
    position = 1 if quoted else 0
    out = bytearray()
    while position < len(text):
        byte = text[position : position + 1]
        if byte == b"\\":
            escape = text[position + 1 : position + 4]
            if re.fullmatch(rb"[0-9]{3}", escape) and int(escape) <= 0xFF:
                out.append(int(escape))
                position += 4
            elif escape and not escape[:1].isdigit():
                out += escape[:1]
                position += 2
            else:
                raise PresentationError("a backslash is followed by neither a character nor \\DDD")
        elif quoted and byte == b'"':
            return bytes(out), text[position + 1 :]
        elif not quoted and byte in b' \t"':
            return bytes(out), text[position:]
        else:
            out += byte
            position += 1
    if quoted:
        raise PresentationError("a quoted string does not end")
    return bytes(out), b""
