"""Findings: what a check concludes, in one shape for people and programs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable

# A body of 64 KB can have the same mistake in thousands of lines.
_SAME_ID_MAX = 20
# What is no printable ASCII; in bytes from the network a backslash is one, too. In a text it is one
# unless it begins an escape of ours.
_UNESCAPED = re.compile(rb"[^\x20-\x5b\x5d-\x7e]")
_ESCAPED = re.compile(rb"\\(?!x[0-9a-f]{2})|[^\x20-\x7e]")
_CUT_ESCAPE = re.compile(r"\\(?:x[0-9a-f]?)?$")
_STACK = re.compile(r"\bSTACK\b")


class Severity(IntEnum):
    """How much a finding matters; ordered, so that a threshold is a comparison."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """The word used in every output."""
        return self.name.lower()

    @classmethod
    def parse(cls, text: str) -> Severity:
        """Read a label; raises ``ValueError`` with the words that exist."""
        try:
            return cls[text.upper()]
        except KeyError:
            words = ", ".join(level.label for level in cls)
            raise ValueError(f"{text!r} is no severity; write one of {words}") from None


class FindingJson(TypedDict):
    """The stable JSON shape of a finding."""

    id: str
    severity: str
    summary: str
    clause: str
    evidence: str
    fix: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One conclusion of a check.

    ``id`` is stable and kebab-case, subject first; ``clause`` is the RFC section or the receiver's
    rule; ``evidence`` is what was seen, escaped to printable ASCII; ``fix`` is what to do or the
    exact line to publish.
    """

    id: str
    severity: Severity
    summary: str
    clause: str
    evidence: str = ""
    fix: str = ""

    def for_stack(self, stack: str) -> Finding:
        """The finding with a fix that names ``stack``."""
        return replace(self, fix=for_stack(self.fix, stack))

    def as_json(self) -> FindingJson:
        """The finding as plain values."""
        return {
            "id": self.id,
            "severity": self.severity.label,
            "summary": self.summary,
            "clause": self.clause,
            "evidence": self.evidence,
            "fix": self.fix,
        }


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which a text misses its grammar, as a parser reports it.

    ``code`` is the id of the finding it becomes; ``evidence`` is raw, so it is shown only through
    `printable`; ``line`` counts from 1, and 0 means the text as a whole.
    """

    code: str
    clause: str
    evidence: bytes = b""
    line: int = 0

    def __str__(self) -> str:
        place = f" in line {self.line}" if self.line else ""
        seen = f": {printable(self.evidence)}" if self.evidence else ""
        return f"{self.code}{place}{seen} ({self.clause})"


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The gravest first, and of those with one id no more than 20.

    A text can have the same mistake on every line; the first 20 are enough.
    """
    seen: dict[str, int] = {}
    kept: list[Finding] = []
    for finding in findings:
        seen[finding.id] = seen.get(finding.id, 0) + 1
        if seen[finding.id] <= _SAME_ID_MAX:
            kept.append(finding)
    return tuple(sorted(kept, key=lambda finding: -finding.severity))


def for_stack(text: str, stack: str) -> str:
    """``text`` with the name of ``stack`` where it says STACK.

    The code that writes a message may not know its stack, so its commands say ``-s STACK``; the
    code that prints it fills in the name. A command without a stack is not safe to paste: it would
    act on the selected stack.
    """
    return _STACK.sub(lambda _: stack, text)


def printable(raw: bytes | str, limit: int = 120) -> str:
    """``raw`` as printable ASCII, escapes for everything else, cut at ``limit`` characters.

    What comes from the network goes to terminals, logs and pull requests; none of it may carry
    control characters there. A text that was escaped already is not escaped again: an escape in it
    stays as it is.
    """
    if isinstance(raw, str):
        # Nearly all texts: those are returned as they are, at a tenth of the time.
        if len(raw) <= limit and raw.isascii() and raw.isprintable() and "\\" not in raw:
            return raw
        start = raw[: limit + 1]
        try:
            raw = start.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # JSON can spell surrogates that stand for no byte
            raw = start.encode("utf-8", "surrogatepass")
        escaped = _ESCAPED
    else:
        escaped = _UNESCAPED
    cut = raw[: limit + 1]
    text = escaped.sub(lambda found: b"\\x%02x" % found[0][0], cut).decode("ascii")
    if len(text) <= limit:
        return text
    return f"{_CUT_ESCAPE.sub('', text[: limit - 3])}..."
