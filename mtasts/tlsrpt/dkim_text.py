"""What a DKIM signature is about: header fields and body, canonical (RFC 6376 section 3.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SPACES = re.compile(rb"[ \t]+")
# The value of the tag b, which is left out of what is signed (RFC 6376 section 3.7).
_B_VALUE = re.compile(rb"((?:\A[^:]*:|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_CRLF = b"\r\n"
FIELDS_MAX = 2000


@dataclass(frozen=True, slots=True)
class MailText:
    """The header fields of a mail, raw and without their last CRLF, and its body.

    ``fields`` has the names in lower case. Lines end in CRLF, as they did on the wire.
    """

    fields: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    body: bytes = field(repr=False)

    @classmethod
    def split(cls, raw: bytes) -> MailText:
        """Split a mail; a line of the header without a colon belongs to no field."""
        if raw.count(b"\n") != raw.count(_CRLF):  # stored with the line ends of Unix
            raw = raw.replace(_CRLF, b"\n").replace(b"\n", _CRLF)
        header, _, body = (_CRLF + raw).partition(_CRLF * 2)
        found: list[tuple[bytes, bytes]] = []
        lines: list[bytes] = []
        for line in (*header.split(_CRLF)[1:], b""):
            if line[:1] in (b" ", b"\t"):
                lines.append(line)
                continue
            if lines:
                name, colon, _ = lines[0].partition(b":")
                if colon:
                    found.append((name.strip().lower(), _CRLF.join(lines)))
                if len(found) > FIELDS_MAX:
                    break
            lines = [line]
        return cls(tuple(found), body)

    def signed_fields(self, names: tuple[str, ...], signature_place: int) -> list[bytes]:
        """The fields that ``h=`` names, each time the next one from below (section 5.4.2).

        The field number ``signature_place`` is the signature itself. A name that has no field left
        stands for nothing, so that nobody can add one.
        """
        places: dict[bytes, list[int]] = {}
        for number, (name, _) in enumerate(self.fields):
            if number != signature_place:
                places.setdefault(name, []).append(number)
        found = []
        for each in names:
            left = places.get(each.encode("ascii"))
            if left:
                found.append(self.fields[left.pop()][1])
        return found


def relaxed_header(raw: bytes) -> bytes:
    """One field as RFC 6376 section 3.4.2 has it, with CRLF."""
    name, _, value = raw.partition(b":")
    text = _SPACES.sub(b" ", value.replace(_CRLF, b""))
    return name.rstrip(b" \t").lower() + b":" + text.strip(b" ") + _CRLF


def simple_header(raw: bytes) -> bytes:
    """One field as it is (RFC 6376 section 3.4.1), with CRLF."""
    return raw + _CRLF


def relaxed_body(body: bytes) -> bytes:
    """The body as RFC 6376 section 3.4.4 has it."""
    body = body.replace(b"\t", b" ")
    while b"  " in body:  # a regular expression would list 13 million runs of a hostile body
        body = body.replace(b"  ", b" ")
    body = body.replace(b" \r\n", _CRLF).removesuffix(b" ")
    body = _without_empty_lines(body)
    return body + _CRLF if body else b""


def simple_body(body: bytes) -> bytes:
    """The body as RFC 6376 section 3.4.3 has it: an empty one is one line end."""
    return _without_empty_lines(body) + _CRLF


def _without_empty_lines(body: bytes) -> bytes:
    """The body without line ends at its end; a CR or LF alone is none."""
    start = len(body.rstrip(_CRLF))
    if body.endswith(b"\r"):
        return body
    # In a run of CR and LF, whole line ends begin behind the last two that are alike. No list of
    # them is made: a hostile body has 20 million.
    start = max(start, body.rfind(b"\r\r", start) + 1, body.rfind(b"\n\n", start) + 1)
    return body[: start + 1] if body[start : start + 1] == b"\n" else body[:start]


def without_signature(raw: bytes) -> bytes:
    """The field of a signature with an empty ``b=`` (section 3.7)."""
    return _B_VALUE.sub(rb"\1", raw)


def read_tags(text: str) -> dict[str, str]:
    """The tags of a signature or a key record (section 3.2).

    Raises:
        ValueError: it is no list of tags, or has one twice: then nothing of it may be used.
    """
    found: dict[str, str] = {}
    pieces = text.split(";")
    if not pieces[-1].strip():
        pieces.pop()
    for piece in pieces:
        name, equals, value = piece.partition("=")
        name = name.strip()
        if not (equals and _TAG.fullmatch(name)):
            raise ValueError("a part of it is no tag")
        if name in found:
            raise ValueError(f"the tag {name} is given twice")
        found[name] = value.strip()
    return found
