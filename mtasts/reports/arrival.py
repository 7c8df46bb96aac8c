"""A mail, a posted report or a file, as it arrives: its reports, each with a receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from mtasts.tlsrpt.dkim import SignedMail
from mtasts.tlsrpt.mail import read_mail
from mtasts.tlsrpt.reading import parse_report
from mtasts.tlsrpt.unpacking import Document, ReportError, Skipped, documents
from mtasts.tlsrpt.verdicts import judge_file, judge_mail, judge_post, submitter_domain

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from mtasts.tlsrpt.dkim import Verdict
    from mtasts.tlsrpt.dkim_keys import KeyAnswer
    from mtasts.tlsrpt.report import Report
    from mtasts.tlsrpt.trust import Receipt, Via

    FindKey = Callable[[str], Awaitable[KeyAnswer]]


class Arrived(Struct, frozen=True, gc=False):
    """One report that arrived, or why it is none, and how far it can be believed.

    ``name`` is the attachment or the member of an archive; ``raw`` its bytes, JSON or gzip of it.
    """

    name: str
    raw: bytes
    found: Report | ReportError
    receipt: Receipt


async def receive_mail(
    raw: bytes, find_key: FindKey, received: dt.datetime, source: str
) -> AsyncIterator[Arrived | Skipped]:
    """The reports in a mail that arrived at ``received``, and what was skipped of it.

    They come one at a time, since a small attachment may be a report that is large in memory. The
    signatures are those of the mail that a report is attached to, which may be a forwarded one.
    Never raises for what the mail holds.
    """
    contents = read_mail(raw)
    verdicts: dict[int, tuple[Verdict, ...]] = {}
    for attachment in contents.attachments:
        message = attachment.message
        if id(message) not in verdicts:
            verdicts[id(message)] = await verify_all(message.raw, find_key, received)
        for document in documents(attachment.name, attachment.raw):
            if isinstance(document, Skipped):
                yield document
                continue
            found = read_document(document)
            contact = "" if isinstance(found, ReportError) else found.contact
            submitter = submitter_domain(contact, message.sender)
            receipt = judge_mail(verdicts[id(message)], submitter, received, source)
            yield Arrived(document.name, document.raw, found, receipt)
    for part in contents.skipped:
        yield part


async def verify_all(raw: bytes, find_key: FindKey, received: dt.datetime) -> tuple[Verdict, ...]:
    """The verdict on every signature of a mail, the well-formed ones first."""
    mail = SignedMail(raw)
    found = [
        mail.refuse(each, received) or mail.verify(each, await find_key(each.key_name))
        for each in mail.signatures
    ]
    return (*found, *mail.malformed)


def receive_file(
    name: str, raw: bytes, received: dt.datetime, source: str, via: Via = "file"
) -> Iterator[Arrived | Skipped]:
    """The reports in a file, or in the body of a POST (``via`` is ``https``)."""
    judge = judge_post if via == "https" else judge_file
    for document in documents(name, raw):
        if isinstance(document, Skipped):
            yield document
        else:
            found = read_document(document)
            yield Arrived(document.name, document.raw, found, judge(received, source))


def read_document(document: Document) -> Report | ReportError:
    """The report, or the error that says why it is none."""
    try:
        return parse_report(document.raw)
    except ReportError as error:
        return error
