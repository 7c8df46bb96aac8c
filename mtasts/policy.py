"""The MTA-STS policy (RFC 8461 section 3.2): value, canonical bytes, strict parser, policy id.

The parser works on bytes: what a language calls a line end, a digit or a space is wider than what
the grammar allows. Where the RFC leaves a reading open, the strict one is taken: an ``mx`` that is
no host name spoils the policy even beside a good one, since nobody can rely on senders to skip it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from mtasts.errors import MtaStsError
from mtasts.findings import Problem
from mtasts.names import DomainNameError, MxPattern
from mtasts.templating import render

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "STSv1"
# The text of section 3.2 names it; the ABNF allows any ten digits. What a sender does with more is
# undefined (erratum 7282), so the parser keeps the number and the checks object.
POLICY_PATH = "/.well-known/mta-sts.txt"
"""Where the policy host has it (RFC 8461 section 3.3)."""
# A year of 365.25 days (RFC 8461 section 3.2).
MAX_AGE_LIMIT = 31_557_600
_CLAUSE = "RFC 8461 section 3.2"

_BOM = b"\xef\xbb\xbf"
_OTHER_FORMATS = {b"<": "policy-html", b"{": "policy-json"}
_NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.\-]{0,31}")
_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09})
_SUB_DOMAIN = rb"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"  # RFC 5321 section 4.1.2
_MX = re.compile(rb"(?:\*\.)?" + _SUB_DOMAIN + rb"(?:\." + _SUB_DOMAIN + rb")*")
_MX_MAX = len("*.") + 253
# A body this wrong is no policy any more; reading on would only cost memory.
_PROBLEMS_MAX = 100
_EVIDENCE_MAX = 300


class Mode(StrEnum):
    """What a sender does when validation fails (RFC 8461 section 5)."""

    TESTING = "testing"
    ENFORCE = "enforce"
    NONE = "none"


_MISSING = {
    b"version": "policy-version-missing",
    b"mode": "policy-mode-missing",
    b"max_age": "policy-max-age-missing",
}
_MODES = {mode.value.encode("ascii"): mode for mode in Mode}


class PolicySyntaxError(MtaStsError):
    """A policy body does not follow the grammar of RFC 8461 section 3.2.

    Senders treat it as no policy; one already cached stays in force (section 5.1). ``problems``
    holds every way in which it misses the grammar.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Carry the problems of one body; there is at least one."""
        self.problems = problems
        super().__init__(problems)

    def __str__(self) -> str:
        return "; ".join(str(problem) for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as senders understand it; ``max_age`` in seconds."""

    mode: Mode
    max_age: int
    mx: tuple[MxPattern, ...] = ()

    def render(self) -> bytes:
        """The canonical bytes: version, mode, mx, max_age, each line ended by CRLF.

        The RFC leaves the order free; Google wants ``version`` on the first line.

        Raises:
            UnfitValueError: an mx pattern is no host name; none that was parsed is.
        """
        return _rendered(self)

    def covers(self, host: str) -> bool:
        """Whether an mx pattern allows ``host``, spelt as `parse_domain` returns it."""
        return any(pattern.covers(host) for pattern in self.mx)


@lru_cache(maxsize=1024)
def _rendered(policy: Policy) -> bytes:
    """A run asks for the bytes of the same few policies again and again."""
    mx = [str(pattern) for pattern in policy.mx]
    text = render("mta-sts.txt", version=VERSION, mode=policy.mode, mx=mx, max_age=policy.max_age)
    return text.encode("ascii")


def policy_id(body: bytes, revision: int = 0) -> str:
    """The policy id of exactly these served bytes at this revision.

    32 lower-case hexadecimal characters: RFC 8461 section 3.1 allows 1 to 32 letters and digits.
    The zero byte keeps the last digits of the body apart from the first of the revision.
    """
    return hashlib.sha256(b"%b\x00%d" % (body, revision)).hexdigest()[:32]


class Field(NamedTuple):
    """One line of a policy: where it stands, its key, and its value without white space around."""

    line: int
    key: bytes
    value: bytes


class Reading(NamedTuple):
    """What one pass over a body found; without a policy there is at least one problem."""

    fields: tuple[Field, ...]
    problems: tuple[Problem, ...]
    policy: Policy | None


def parse(body: bytes) -> Policy:
    """The policy a sender takes from ``body``: the first duplicate wins, unknown keys are ignored.

    Raises:
        PolicySyntaxError: the body is outside the grammar; it carries every problem.
    """
    reading = read(body)
    if reading.policy is None:
        raise PolicySyntaxError(reading.problems)
    return reading.policy


def read(body: bytes) -> Reading:
    """Everything `parse` notices, for those who explain a body; never raises.

    Time is linear in the size of the body.
    """
    fields: list[Field] = []
    problems: list[Problem] = []
    spoilt: set[bytes] = set()
    text = body.removeprefix(_BOM)
    start = text[: _EVIDENCE_MAX * 4].lstrip()
    if not start and not text.strip():
        return Reading((), (_problem("policy-empty", body),), None)
    if other := _OTHER_FORMATS.get(start[:1]):
        return Reading((), (_problem(other, start),), None)
    if text != body:
        problems.append(_problem("policy-bom", next(_lines(body)), 1))
    for number, line in enumerate(_lines(text), start=1):
        if _is_hopeless(problems, number):
            break
        problem, field = _read_line(number, line)
        if problem:
            problems.append(problem)
        if field:
            fields.append(field)
        else:
            spoilt |= _keys_of(line)
    policy = _understand(fields, spoilt, problems)
    return Reading(tuple(fields), tuple(problems), policy)


def _is_hopeless(problems: list[Problem], line: int) -> bool:
    """Whether so much is wrong that reading ends here; the last problem then says so."""
    if len(problems) == _PROBLEMS_MAX:
        problems.append(_problem("policy-problems-many", line=line))
    return len(problems) > _PROBLEMS_MAX


def _problem(code: str, evidence: bytes = b"", line: int = 0) -> Problem:
    return Problem(code, _CLAUSE, evidence[:_EVIDENCE_MAX], line)


def _lines(body: bytes) -> Iterator[bytes]:
    """The lines between LF or CRLF; one terminator may close the body.

    The text of the RFC says CRLF, its ABNF takes LF as well (erratum 6253).
    """
    start = 0
    while start < len(body):
        end = body.find(b"\n", start)
        if end < 0:
            yield body[start:]
            return
        yield body[start:end].removesuffix(b"\r")
        start = end + 1


def _read_line(number: int, line: bytes) -> tuple[Problem | None, Field | None]:
    """What is wrong with a line, and the field that it was meant to be where that is plain."""
    written, colon, rest = line.partition(b":")
    key, value = written.strip(b" \t"), rest.strip(b" \t")
    code = _spoiler(line, key, value) if colon else _not_a_field(line)
    if code:
        return _problem(code, line, number), None
    if key != written:
        return _problem("policy-key-space", line, number), Field(number, key, value)
    return None, Field(number, key, value)


def _not_a_field(line: bytes) -> str:
    if not line.strip(b" \t\r"):
        return "policy-blank-line"
    return _character_fault(line) or "policy-line-malformed"


def _spoiler(line: bytes, key: bytes, value: bytes) -> str | None:
    """The code of what keeps a line with a colon from being any field."""
    if code := _character_fault(line):
        return code
    if not _NAME.fullmatch(key):
        return "policy-key-malformed"
    if not value:
        return "policy-value-missing"
    # A value may hold spaces within; of white space, the grammar names no other.
    return "policy-value-malformed" if b"\t" in value else None


def _character_fault(line: bytes) -> str | None:
    if b"\r" in line:
        return "policy-bare-cr"
    if line.translate(None, _CONTROLS) != line:
        return "policy-control-character"
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return "policy-not-utf8"
    return None


def _keys_of(line: bytes) -> set[bytes]:
    """The keys that a broken line was about; nobody should be told that they are missing."""
    parts = line[:_EVIDENCE_MAX].split(b"\r")
    return {part.partition(b":")[0].strip(b" \t") for part in parts}


def _understand(fields: list[Field], spoilt: set[bytes], problems: list[Problem]) -> Policy | None:
    """The policy of ``fields``; what is wrong with it is added to ``problems``."""
    # "all entries except for the first SHALL be ignored": a later one need only be a legal field.
    first: dict[bytes, Field] = {}
    for field in fields:
        first.setdefault(field.key, field)
    problems += [
        _problem(code) for key, code in _MISSING.items() if key not in first and key not in spoilt
    ]
    _check_version(first.get(b"version"), problems)
    mode = _mode(first.get(b"mode"), problems)
    max_age = _max_age(first.get(b"max_age"), problems)
    patterns: list[MxPattern | None] = []
    for field in fields:
        if field.key == b"mx":
            patterns.append(_pattern(field, problems))
            if _is_hopeless(problems, field.line):
                break
    # A mode that is no mode gets no opinion on whether it needs an mx.
    if not patterns and b"mx" not in spoilt and mode in (Mode.ENFORCE, Mode.TESTING):
        problems.append(_problem("policy-mx-missing"))
    if problems or mode is None or max_age is None:
        return None
    return Policy(mode, max_age, tuple(pattern for pattern in patterns if pattern))


def _check_version(field: Field | None, problems: list[Problem]) -> None:
    if field is not None and field.value != VERSION.encode("ascii"):
        problems.append(_problem("policy-version-unknown", field.value, field.line))


def _mode(field: Field | None, problems: list[Problem]) -> Mode | None:
    if field is None:
        return None
    mode = _MODES.get(field.value)
    if mode is None:
        problems.append(_problem("policy-mode-unknown", field.value, field.line))
    return mode


def _max_age(field: Field | None, problems: list[Problem]) -> int | None:
    if field is None:
        return None
    # On bytes, isdigit() knows ASCII digits only.
    if not (field.value.isdigit() and len(field.value) <= 10):
        problems.append(_problem("policy-max-age-malformed", field.value, field.line))
        return None
    return int(field.value)


def _pattern(field: Field, problems: list[Problem]) -> MxPattern | None:
    if len(field.value) <= _MX_MAX and _MX.fullmatch(field.value):
        try:
            return MxPattern.parse(field.value.decode("ascii"))
        except DomainNameError:
            pass  # a label longer than DNS allows: the ABNF has no limit, RFC 1035 has
    problems.append(_problem("policy-mx-malformed", field.value, field.line))
    return None
