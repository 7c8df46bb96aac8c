"""The TXT records: ``_mta-sts`` (RFC 8461 section 3.1) and ``_smtp._tls`` (RFC 8460 section 3).

Both follow one shape, a version and fields between semicolons, and one rule for choosing among
several records. Everything here works on bytes, as DNS does. It is long because text, RRset and
zone-file presentation are one format, of which each reader needs all three.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from mtasts.errors import MtaStsError
from mtasts.findings import Problem
from mtasts.names import STS_LABEL, TLSRPT_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

# The length of a string in a TXT record is one octet (RFC 1035 section 3.3).
STRING_MAX = 255
# A record this wrong gets no more right by a longer list.
_PROBLEMS_MAX = 20
_WSP = b" \t"
# sts-extension and tlsrpt-extension are the same; an "id" that comes second must fit it too.
_EXTENSION = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.\-]{0,31}=[\x21-\x3a\x3c\x3e-\x7e]+")
_NOT_ASCII = re.compile(rb"[^\t\x20-\x7e]")
_ID = re.compile(rb"[A-Za-z0-9]{1,32}")
# RFC 3986 without "," "!" ";", which RFC 8460 wants percent-encoded.
_PATH = rb"(?:[A-Za-z0-9\-._~$&'()*+=:@/]|%[0-9A-Fa-f]{2})*"
_QUERY = rb"(?:\?(?:[A-Za-z0-9\-._~$&'()*+=:@/?]|%[0-9A-Fa-f]{2})*)?"
_FRAGMENT = _QUERY.replace(rb"\?", b"#", 1)
_HOST = rb"(?:[A-Za-z0-9\-._~$&'()*+=]|%[0-9A-Fa-f]{2})+|\[(?P<literal>[0-9A-Fa-f:.]+)\]"
_USER = rb"(?:(?:[A-Za-z0-9\-._~$&'()*+=:]|%[0-9A-Fa-f]{2})*@)?"
_HTTPS = re.compile(
    rb"https://" + _USER + rb"(?:" + _HOST + rb")(?::[0-9]*)?(?:/" + _PATH + rb")?"
    rb"" + _QUERY + _FRAGMENT,
    re.IGNORECASE,
)
# Without an address there is nowhere to send a report to. RFC 6068 section 2 wants the gen-delims
# of an address percent-encoded, all but "@" and ":": what has "//" is no mailto: URI.
_LOCAL_PART = rb"(?:[A-Za-z0-9\-._~$&'()*+=:]|%[0-9A-Fa-f]{2})+"
_MAILTO = re.compile(
    rb"mailto:" + _LOCAL_PART + rb"@[A-Za-z0-9.\-]+" + _QUERY + _FRAGMENT,
    re.IGNORECASE,
)


class RecordSyntaxError(MtaStsError):
    """A record does not follow its grammar; senders treat it as not published.

    ``problems`` holds every way in which it misses the grammar.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Carry the problems of one record; there is at least one."""
        self.problems = problems
        super().__init__(problems)

    def __str__(self) -> str:
        return "; ".join(str(problem) for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Tag:
    """One field of a record: ``name=value``; a text without ``=`` has no value."""

    name: bytes
    value: bytes | None
    text: bytes


@dataclass(frozen=True, slots=True)
class Grammar:
    """What differs between the two records; ``kind`` begins the ids of their findings."""

    kind: str
    owner: str
    version: bytes
    tag: bytes
    clause: str
    near_version: re.Pattern[bytes]

    def problem(self, code: str, evidence: bytes) -> Problem:
        """A problem of this record; ``code`` follows the kind."""
        return Problem(f"{self.kind}-{code}", self.clause, evidence)


# ``near_version`` is how people spell the version, in lower case and without what `_SQUEEZED` has.
STS = Grammar(
    "sts",
    STS_LABEL,
    b"v=STSv1",
    b"id",
    "RFC 8461 section 3.1",
    re.compile(rb"v=(?:mta)?sts|\b(?:mta)?stsv[0-9]"),
)
TLSRPT = Grammar(
    "tlsrpt",
    TLSRPT_LABEL,
    b"v=TLSRPTv1",
    b"rua",
    "RFC 8460 section 3",
    re.compile(rb"v=(?:smtp)?tls(?:rpt|report)|\b(?:smtp)?tlsrptv[0-9]"),
)
# White space, hyphens, underscores and quotation marks: ASCII, and as text editors set them.
_SQUEEZED = re.compile(rb"[ \t\-_\"'`]|\xe2\x80[\x98-\x9f]|\xc2[\xab\xbb]")
QUOTES = re.compile(rb"[\"`]|\xe2\x80[\x98-\x9f]|\xc2[\xab\xbb]")


@dataclass(frozen=True, slots=True)
class StsRecord:
    """The STS record: that there is a policy, and by its ``id``, which."""

    id: str

    def render(self) -> str:
        """The text of the record, as published."""
        return f"v=STSv1; id={self.id};"

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read one record, its strings joined: first duplicate wins, unknown fields are ignored.

        Raises:
            RecordSyntaxError: outside the grammar; no policy may be assumed.
        """
        value, problems = _value(STS, text)
        if value is not None and not _ID.fullmatch(value):
            problems.append(STS.problem("record-id-malformed", value))
        if value is None or problems:
            raise RecordSyntaxError(tuple(problems))
        return cls(value.decode("ascii"))


@dataclass(frozen=True, slots=True)
class TlsRptRecord:
    """The TLS-RPT record: where reports go, ``mailto:`` and ``https:`` URIs."""

    rua: tuple[str, ...]

    def render(self) -> str:
        """The text of the record, as published."""
        return f"v=TLSRPTv1; rua={','.join(self.rua)};"

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read one record, its strings joined.

        RFC 8460 has no rule for a second ``rua``; the first is taken, as RFC 8461 would.

        Raises:
            RecordSyntaxError: outside the grammar; do not expect reports.
        """
        value, problems = _value(TLSRPT, text)
        uris = [] if value is None else split_uris(value)
        problems += [TLSRPT.problem("rua-malformed", uri) for uri in uris if not is_report_uri(uri)]
        if problems:
            raise RecordSyntaxError(tuple(problems))
        return cls(tuple(uri.decode("ascii") for uri in uris))


def split_uris(rua: bytes) -> list[bytes]:
    """The URIs of a ``rua`` value; white space may stand around its commas, not around it."""
    parts = rua.split(b",")
    last = len(parts) - 1
    for index, part in enumerate(parts):
        text = part.lstrip(_WSP) if index else part
        parts[index] = text.rstrip(_WSP) if index < last else text
    return parts


def split_tags(text: bytes) -> tuple[bytes, list[Tag]]:
    """The version and the fields of a record; one closing semicolon is dropped.

    White space around a semicolon belongs to it; at either end of the record it stays, being
    outside the grammar there.
    """
    parts = text.split(b";")
    last = len(parts) - 1
    for index, part in enumerate(parts):
        stripped = part.lstrip(_WSP) if index else part
        parts[index] = stripped.rstrip(_WSP) if index < last else stripped
    if last and not parts[-1]:
        parts.pop()
    return parts[0], [_tag(part) for part in parts[1:]]


def _tag(text: bytes) -> Tag:
    name, equals, value = text.partition(b"=")
    return Tag(name, value if equals else None, text)


def _value(grammar: Grammar, text: bytes) -> tuple[bytes | None, list[Problem]]:
    """The first value of the record's own tag, and the problems of all that stands around it."""
    if _NOT_ASCII.search(text):
        return None, [grammar.problem("record-not-ascii", text)]
    problems: list[Problem] = []
    version, tags = split_tags(text)
    if version != grammar.version:
        problems.append(grammar.problem("record-version", version))
    value: bytes | None = None
    for tag in tags:
        if tag.name == grammar.tag and value is None and tag.value is not None:
            value = tag.value
        elif len(problems) < _PROBLEMS_MAX and not _is_extension(grammar, tag):
            problems.append(grammar.problem("record-field-malformed", tag.text))
    if value is None:
        missing = "record-id-missing" if grammar is STS else "rua-missing"
        problems.append(grammar.problem(missing, text))
    return value, problems


def _is_extension(grammar: Grammar, tag: Tag) -> bool:
    """Whether a field that is not used is still a legal one."""
    if grammar is TLSRPT and tag.name == TLSRPT.tag and tag.value:
        # A second "rua" has its own rule, which is wider than an extension's.
        return all(is_report_uri(uri) for uri in split_uris(tag.value))
    return bool(_EXTENSION.fullmatch(tag.text))


def is_report_uri(uri: bytes) -> bool:
    """Whether ``uri`` can stand in a ``rua``: ``mailto:`` with an address, or ``https:``."""
    if _MAILTO.fullmatch(uri):
        return True
    https = _HTTPS.fullmatch(uri)
    literal = https["literal"] if https else None
    return bool(https) and (literal is None or _is_ipv6(literal.decode("ascii")))


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


class Outcome(StrEnum):
    """What a sender concludes from a whole RRset."""

    VALID = "valid"
    NONE = "none"
    MULTIPLE = "multiple"
    INVALID = "invalid"


Record = TypeVar("Record", StsRecord, TlsRptRecord)


@dataclass(frozen=True, slots=True)
class Selection(Generic[Record]):
    """The conclusion from an RRset; a record only with ``valid``, problems only with ``invalid``.

    ``candidates`` are the texts that stood for choice once unrelated ones were discarded.
    """

    outcome: Outcome
    record: Record | None = None
    problems: tuple[Problem, ...] = ()
    candidates: tuple[bytes, ...] = ()


def select_sts(rrset: Sequence[Sequence[bytes]]) -> Selection[StsRecord]:
    """The STS record among the TXT records at ``_mta-sts``, each a sequence of strings.

    RFC 8461 section 3.1.
    """
    return _select(rrset, STS, StsRecord.parse)


def select_tlsrpt(rrset: Sequence[Sequence[bytes]]) -> Selection[TlsRptRecord]:
    """The TLS-RPT record among the TXT records at ``_smtp._tls``, each a sequence of strings.

    RFC 8460 section 3.
    """
    return _select(rrset, TLSRPT, TlsRptRecord.parse)


def _select(
    rrset: Sequence[Sequence[bytes]], grammar: Grammar, parse: Callable[[bytes], Record]
) -> Selection[Record]:
    texts = join(rrset)
    if len(texts) > 1:
        kept = [text for text in texts if is_kept(grammar, text)]
    else:
        # The literal rule is for several: by the grammar, white space may stand before the first
        # semicolon (erratum 6285). A text of another version or purpose is no broken record.
        kept = [text for text in texts if is_version(grammar, text)]
    candidates = tuple(kept)
    if not kept:
        return Selection(Outcome.NONE)
    if len(kept) > 1:
        return Selection(Outcome.MULTIPLE, candidates=candidates)
    try:
        return Selection(Outcome.VALID, parse(kept[0]), candidates=candidates)
    except RecordSyntaxError as error:
        return Selection(Outcome.INVALID, None, error.problems, candidates)


def join(rrset: Sequence[Sequence[bytes]]) -> list[bytes]:
    """The text of each record: its strings, joined without spaces."""
    return [b"".join(strings) for strings in rrset]


def texts(rrset: Sequence[Sequence[bytes]]) -> list[str]:
    """The same as text; what is no UTF-8 shows as such."""
    return [text.decode("utf-8", "replace") for text in join(rrset)]


def is_kept(grammar: Grammar, text: bytes) -> bool:
    """Whether ``text`` survives when several records are returned: the literal discard rule."""
    return text.startswith(grammar.version + b";")


def is_version(grammar: Grammar, text: bytes) -> bool:
    """Whether ``text`` begins with the version, whatever delimiter follows it."""
    rest = text.removeprefix(grammar.version)
    return len(rest) < len(text) and not rest[:1].isalnum()


def is_meant(grammar: Grammar, text: bytes) -> bool:
    """Whether ``text`` was plainly written as this record, however wrongly."""
    squeezed = _SQUEEZED.sub(b"", text.lower())
    if grammar.near_version.search(squeezed):
        return True
    fields = squeezed.split(b";")
    versioned = any(field.startswith(b"v=") for field in fields)
    return not versioned and any(field.startswith(grammar.tag + b"=") for field in fields)


def to_presentation(value: bytes | str) -> str:
    """A TXT value for a zone file: quoted strings of at most 255 bytes, ASCII, escaped.

    RFC 1035 sections 3.3.14 and 5.1; a text is taken as UTF-8.
    """
    raw = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    parts = [raw[start : start + STRING_MAX] for start in range(0, len(raw), STRING_MAX)] or [b""]
    return " ".join(f'"{"".join(map(_escape, part))}"' for part in parts)


def _escape(byte: int) -> str:
    if byte in b'"\\':
        return f"\\{byte:c}"
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03d}"


class PresentationError(MtaStsError):
    """A line is no TXT value in zone-file presentation; a name server would refuse the zone.

    ``code`` is the id of the finding it becomes.
    """

    def __init__(self, code: str, message: str) -> None:
        """Carry the code beside the words."""
        self.code = code
        super().__init__(message)


# The pieces of a line, by RFC 1035 section 5.1: within quotes all but a quote stands for itself;
# outside them a semicolon begins a comment, and parentheses only group.
_PIECE = re.compile(
    rb"""[ \t()]++
       | ;.*+
       | "(?P<quoted>(?:[^"\\]|\\[0-9]{3}|\\[^0-9])*+)"
       | (?P<bare>(?:[^ \t()";\\]|\\[0-9]{3}|\\[^0-9])++)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(rb"\\([0-9]{3}|.)", re.DOTALL)


def parse_presentation(
    line: str | bytes, *, string_max: int | None = STRING_MAX
) -> tuple[bytes, ...]:
    r"""The strings of one TXT value as a zone file spells it, quoted or bare.

    ``\DDD`` is the byte of that decimal number, ``\X`` the character X. A string has no more than
    ``string_max`` bytes, if there is a limit.

    Raises:
        PresentationError: an open quote, a bad escape, a string over 255 bytes, or no string.
    """
    raw = line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
    raw = raw.rstrip(b"\r\n")
    if b"\n" in raw or b"\r" in raw:
        raise PresentationError("record-line-break", "a value stands on one line")
    strings: list[bytes] = []
    position = 0
    while position < len(raw):
        piece = _PIECE.match(raw, position)
        if piece is None:
            raise _broken(raw[position:])
        position = piece.end()
        text = piece["quoted"] if piece["bare"] is None else piece["bare"]
        if text is not None:
            strings.append(_unescape(text, string_max))
    if not strings:
        raise PresentationError("record-line-empty", "the line holds no string")
    return tuple(strings)


def _broken(rest: bytes) -> PresentationError:
    closed = re.fullmatch(rb'"(?:[^"\\]|\\.)*+', rest, re.DOTALL)
    if closed:
        return PresentationError("record-quote-open", "a quoted string does not end")
    return PresentationError("record-escape-malformed", "a backslash needs a character or 3 digits")


def _unescape(text: bytes, string_max: int | None) -> bytes:
    """The bytes of one string of a zone file (RFC 1035 section 5.1).

    Raises:
        PresentationError: an escape is over 255, or the string is too long.
    """

    def one(match: re.Match[bytes]) -> bytes:
        escaped = match[1]
        if len(escaped) == 1:
            return escaped
        if int(escaped) > 0xFF:
            shown = escaped.decode("ascii")
            raise PresentationError("record-escape-malformed", f"\\{shown} is over \\255")
        return bytes([int(escaped)])

    string = _ESCAPE.sub(one, text)
    if string_max is not None and len(string) > string_max:
        raise PresentationError(
            "record-string-long", f"a string of {len(string)} bytes; DNS allows {string_max}"
        )
    return string
