"""The MTA-STS policy (RFC 8461 section 3.2): values, canonical bytes, strict parser, policy id.

Everything here works on bytes: what a language calls a line end, a digit or a space is wider than
what the grammar allows.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mtasts.errors import MtaStsError
from mtasts.names import DomainNameError, MxPattern

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_AGE_LIMIT = 31_557_600
ID_LENGTH = 32

_NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.\-]{0,31}")
# %x21-7E, or the bytes of UTF-8 sequences; whether those are well formed is decided by decoding.
_VALUE = re.compile(rb"[\x21-\x7e\x80-\xff]+(?:\x20+[\x21-\x7e\x80-\xff]+)*")
_DIGITS = re.compile(rb"[0-9]{1,10}")
_SUB_DOMAIN = rb"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
_MX = re.compile(rb"(?:\*\.)?" + _SUB_DOMAIN + rb"(?:\." + _SUB_DOMAIN + rb")*")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class Mode(StrEnum):
    """What a sender does when validation fails (RFC 8461 section 5)."""

    TESTING = "testing"
    ENFORCE = "enforce"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which a text misses its grammar; ``code`` is the id of the finding it becomes.

    ``line`` counts from 1; 0 means the text as a whole.
    """

    code: str
    line: int
    evidence: bytes = b""


class PolicySyntaxError(MtaStsError):
    """A policy body does not follow the grammar of RFC 8461 section 3.2.

    Senders treat it as no policy; one already cached stays in force (section 5.1).
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Carry every problem of the body."""
        self.problems = problems
        super().__init__("; ".join(f"{p.code} (line {p.line})" for p in problems))


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as senders understand it; ``max_age`` in seconds."""

    mode: Mode
    max_age: int
    mx: tuple[MxPattern, ...] = ()

    def render(self) -> bytes:
        """The canonical bytes: ASCII, CRLF after every line; version, mode, mx, max_age."""
        lines = ["version: STSv1", f"mode: {self.mode}"]
        lines += [f"mx: {pattern}" for pattern in self.mx]
        lines.append(f"max_age: {self.max_age}")
        return "".join(f"{line}\r\n" for line in lines).encode("ascii")

    def covers(self, host: str) -> bool:
        """Whether some mx pattern allows ``host``, spelt as `parse_domain` returns it."""
        return any(pattern.covers(host) for pattern in self.mx)


def policy_id(body: bytes, revision: int = 0) -> str:
    """The policy id of exactly these served bytes at this revision.

    32 lower-case hexadecimal characters, as RFC 8461 section 3.1 allows 1 to 32 letters and digits.
    The zero byte keeps body and revision apart.
    """
    return hashlib.sha256(body + b"\x00" + str(revision).encode("ascii")).hexdigest()[:ID_LENGTH]


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a policy: where, the key, and the value without the white space around it."""

    line: int
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """What one pass over a body found: its fields in order, its problems, its policy if any."""

    fields: tuple[Field, ...]
    problems: tuple[Problem, ...]
    policy: Policy | None


def parse(body: bytes) -> Policy:
    """The policy a sender takes from ``body``: first duplicate wins, unknown fields are ignored.

    Raises:
        PolicySyntaxError: the body is outside the grammar; it carries every problem.
    """
    reading = read(body)
    if reading.policy is None:
        raise PolicySyntaxError(reading.problems)
    return reading.policy


def read(body: bytes) -> Reading:
    """Read ``body`` to its end, whatever it holds; time is linear in its size."""
    fields: list[Field] = []
    problems: list[Problem] = []
    if not body.strip(b" \t\r\n"):
        return Reading((), (Problem("policy-empty", 0),), None)
    for number, line in enumerate(_lines(body), start=1):
        found = _read_line(number, line)
        if isinstance(found, Field):
            fields.append(found)
        else:
            problems.append(found)
    policy = _understand(fields, problems)
    return Reading(tuple(fields), tuple(problems), policy)


def _lines(body: bytes) -> list[bytes]:
    """The lines between LF or CRLF; one terminator may close the body."""
    lines = body.split(b"\n")
    last = lines.pop()
    ended = [line.removesuffix(b"\r") for line in lines]
    return [*ended, last] if last else ended


def _read_line(number: int, line: bytes) -> Field | Problem:
    key, _, rest = line.partition(b":")
    value = rest.strip(b" \t")
    for code, spoils in _SPOILERS:
        if spoils(line, key, value):
            return Problem(code, number, line)
    return Field(number, key, value)


def _is_not_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


# What keeps a line from being a field, by (line, key, value); the first that applies is reported.
_SPOILERS: tuple[tuple[str, Callable[[bytes, bytes, bytes], bool]], ...] = (
    ("policy-bom", lambda line, _k, _v: line.startswith(b"\xef\xbb\xbf")),
    ("policy-blank-line", lambda line, _k, _v: not line.strip(b" \t\r")),
    ("policy-bare-cr", lambda line, _k, _v: b"\r" in line),
    ("policy-control-character", lambda line, _k, _v: bool(_CONTROL.search(line))),
    ("policy-line-malformed", lambda line, _k, _v: b":" not in line),
    ("policy-key-space", lambda _l, key, _v: key != key.strip(b" \t")),
    ("policy-key-malformed", lambda _l, key, _v: not _NAME.fullmatch(key)),
    ("policy-value-missing", lambda _l, _k, value: not value),
    ("policy-not-utf8", lambda _l, _k, value: _is_not_utf8(value)),
    ("policy-value-malformed", lambda _l, _k, value: not _VALUE.fullmatch(value)),
)


def _understand(fields: list[Field], problems: list[Problem]) -> Policy | None:
    """The policy of ``fields``; what is wrong with it is added to ``problems``."""
    first: dict[bytes, Field] = {}
    for field in fields:
        first.setdefault(field.key, field)
    version, mode, age = (first.get(key) for key in (b"version", b"mode", b"max_age"))
    if version is None:
        problems.append(Problem("policy-version-missing", 0))
    elif version.value != b"STSv1":
        problems.append(Problem("policy-version-unknown", version.line, version.value))
    patterns = tuple(
        pattern
        for field in fields
        if field.key == b"mx" and (pattern := _pattern(field, problems)) is not None
    )
    chosen = _mode(mode, problems)
    max_age = _max_age(age, problems)
    if chosen in (Mode.ENFORCE, Mode.TESTING) and b"mx" not in first:
        problems.append(Problem("policy-mx-missing", 0))
    if problems or chosen is None or max_age is None:
        return None
    return Policy(chosen, max_age, patterns)


def _mode(field: Field | None, problems: list[Problem]) -> Mode | None:
    if field is None:
        problems.append(Problem("policy-mode-missing", 0))
        return None
    for mode in Mode:
        if field.value == mode.value.encode("ascii"):
            return mode
    problems.append(Problem("policy-mode-unknown", field.line, field.value))
    return None


def _max_age(field: Field | None, problems: list[Problem]) -> int | None:
    if field is None:
        problems.append(Problem("policy-max-age-missing", 0))
        return None
    if not _DIGITS.fullmatch(field.value):
        problems.append(Problem("policy-max-age-malformed", field.line, field.value))
        return None
    seconds = int(field.value)
    if seconds > MAX_AGE_LIMIT:
        problems.append(Problem("policy-max-age-over", field.line, field.value))
        return None
    return seconds


def _pattern(field: Field, problems: list[Problem]) -> MxPattern | None:
    if _MX.fullmatch(field.value):
        try:
            return MxPattern.parse(field.value.decode("ascii"))
        except DomainNameError:
            pass
    problems.append(Problem("policy-mx-malformed", field.line, field.value))
    return None
