"""A mail taken apart: what is attached that may be a TLS report (RFC 8460 section 5.3).

Whoever knows the address can send mail, so size and counts are checked before the parser sees it,
and mails within mails are opened here, one at a time, so that no depth multiplies their size. The
parser (``fast-mail-parser``, of the extra ``reports``) refuses more than 256 levels of parts, reads
parameters and parts in linear time, and decodes an attachment when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.tlsrpt.unpacking import GZIP_MAGIC, ZIP_MAGIC, Skipped

if TYPE_CHECKING:
    from fast_mail_parser import PyLazyAttachment, PyLazyMail

MAIL_MAX_BYTES = 40 * 1024 * 1024  # what SES stores at most
PARTS_MAX = 1000
HEADER_MAX_BYTES = 512 * 1024
DEPTH_MAX = 4
_MESSAGE = "message/rfc822"
_REPORT_TYPES = frozenset(
    {
        "application/tlsrpt+gzip",
        "application/tlsrpt+json",
        "application/gzip",
        "application/json",
        "application/x-gzip",
        "application/x-zip-compressed",
        "application/zip",
    }
)
_REPORT_ENDS = (".json", ".gz", ".gzip", ".zip")
# Types that say nothing: the first bytes decide.
_ANY_TYPES = frozenset({"application/octet-stream", "application/binary", "text/plain"})


@dataclass(frozen=True, slots=True)
class Message:
    """The mail that a report came in: the outermost one, or one that was forwarded within it.

    ``raw`` is what DKIM signatures are about; ``sender`` is the domain of its From address, or
    empty.
    """

    raw: bytes = field(repr=False)
    sender: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """What may be a report: its file name as it is shown, its bytes, and the mail around it."""

    name: str
    raw: bytes = field(repr=False)
    message: Message


@dataclass(frozen=True, slots=True)
class MailContents:
    """What a mail holds; every part that was not taken for a report is named in ``skipped``."""

    attachments: tuple[Attachment, ...]
    skipped: tuple[Skipped, ...]


def read_mail(raw: bytes, *, max_bytes: int = MAIL_MAX_BYTES) -> MailContents:
    """The attachments of a mail, and of mails attached to it, that may be reports; never raises.

    Neither the mail nor what is decoded of it is larger than ``max_bytes``.
    """
    reader = _Reader(max_bytes)
    reader.message(raw, "", 0)
    if not (reader.attachments or reader.skipped):
        reader.skip("no-report", "", "nothing is attached", may_hide=False)
    return MailContents(tuple(reader.attachments), tuple(reader.skipped))


class _Reader:
    """Takes one mail apart; collects attachments and what was skipped."""

    def __init__(self, max_bytes: int) -> None:
        self.attachments: list[Attachment] = []
        self.skipped: list[Skipped] = []
        self._max_bytes = max_bytes
        self._left = max_bytes

    def skip(self, id_: str, where: str, reason: str, *, may_hide: bool = True) -> None:
        self.skipped.append(Skipped(id_, where, reason, may_hide))

    def message(self, raw: bytes, where: str, depth: int) -> None:
        """Read one mail at a depth of mails within mails."""
        from fast_mail_parser import (  # of an extra
            DecodeError,
            MimeStructureError,
            ParseError,
            parse_email,
        )

        refusal = _refusal(raw, depth, self._max_bytes)
        if refusal is not None:
            self.skip(refusal[0], where, refusal[1])
            return
        try:
            mail = parse_email(raw, mode="lazy")
        except MimeStructureError as error:
            self.skip("mail-too-deep", where, printable(str(error), 200))
            return
        except DecodeError as error:  # of the text that stands before the attachments
            self.skip("transfer-encoding-invalid", where, printable(str(error), 200))
            return
        except ParseError as error:
            self.skip("mail-invalid", where, printable(str(error), 200))
            return
        around = Message(raw, _domain(mail))
        for number, part in enumerate(mail.attachments, 1):
            self._part(part, f"{where}part {number}", around, depth)
        for text in mail.text_plain:
            if text.lstrip()[:1] == "{":
                name = f"{where}text"
                self.attachments.append(Attachment(name, text.encode("utf-8", "replace"), around))

    def _part(self, part: PyLazyAttachment, place: str, around: Message, depth: int) -> None:
        from fast_mail_parser import DecodeError  # as above

        name = printable(part.filename) if part.filename else ""
        where = f"{place} {name}" if name else place
        is_message = part.mimetype == _MESSAGE
        named = part.mimetype in _REPORT_TYPES or name.lower().endswith(_REPORT_ENDS)
        if not (is_message or named or part.mimetype in _ANY_TYPES):
            type_ = printable(part.mimetype, 80)
            self.skip("attachment-other", where, f"its type is {type_}", may_hide=False)
            return
        try:
            content = part.content
        except DecodeError as error:
            self.skip("transfer-encoding-invalid", where, printable(str(error), 200))
            return
        self._left -= len(content)
        if self._left < 0:
            self.skip("mail-too-large", where, f"more than {self._max_bytes} bytes in all")
        elif is_message:
            self.message(content, f"{where}: ", depth + 1)
        elif named or content.startswith((GZIP_MAGIC, ZIP_MAGIC)) or content.lstrip()[:1] == b"{":
            self.attachments.append(Attachment(where, content, around))
        else:
            self.skip("attachment-other", where, "it does not begin as a report", may_hide=False)


def _refusal(raw: bytes, depth: int, max_bytes: int) -> tuple[str, str] | None:
    """Why a mail is not handed to the parser: the id of the warning, and what is too much."""
    if len(raw) > max_bytes:
        return "mail-too-large", f"it is larger than {max_bytes} bytes"
    if depth > DEPTH_MAX:
        return "mail-too-deep", f"a mail within more than {DEPTH_MAX} others"
    if raw.count(b"\n--") > PARTS_MAX:
        return "mail-too-many-parts", f"it has more than {PARTS_MAX} lines that begin a part"
    start = raw[: HEADER_MAX_BYTES + 4]
    if len(start) > HEADER_MAX_BYTES and b"\n\r\n" not in start and b"\n\n" not in start:
        return "mail-too-many-parts", f"its header is larger than {HEADER_MAX_BYTES} bytes"
    return None


def _domain(mail: PyLazyMail) -> str:
    """The domain of the From address, in lower case, or empty."""
    address = mail.from_.address if mail.from_ else ""
    return printable(address.rpartition("@")[2].strip().lower(), 253)


def holds_mail(raw: bytes) -> bool:
    """Whether a file looks like a mail: it begins with the name of a header field."""
    name, colon, _ = raw[:200].partition(b":")
    return bool(colon) and name.isascii() and name.replace(b"-", b"").isalnum()
