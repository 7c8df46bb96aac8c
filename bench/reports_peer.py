"""One measurement of `reports_mail.py`: one program reads files of one kind.

``python bench/reports_peer.py PROGRAM KIND FOLDER`` prints the wall-clock and processor seconds of
the reading. The script runs in the environment of mtasts or of parsedmarc, so it imports either of
them only inside functions.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Read = Callable[[Sequence[bytes]], None]

NOW = dt.datetime(2026, 5, 11, 2, tzinfo=dt.UTC)
WARM = 5


def each_with(read: Callable[[bytes], Any]) -> Read:
    """A function that calls ``read`` for each file."""

    def read_all(raws: Sequence[bytes]) -> None:
        for raw in raws:
            read(raw)

    return read_all


def our_files() -> Read:
    """A function that reads files as `mtasts reports pull` does.

    Raises:
        SystemExit: from that function: a file is not read as a report.
    """
    from mtasts.reports.arrival import Arrived, receive_file
    from mtasts.tlsrpt.report import Report

    def read(raw: bytes) -> None:
        (each,) = receive_file("report.json.gz", raw, NOW, "bench")
        if not (isinstance(each, Arrived) and isinstance(each.found, Report)):
            raise SystemExit("bench: a report was not read")

    return each_with(read)


def our_mails() -> Read:
    """A function that reads mails up to the parsed report; it verifies no signature.

    Raises:
        SystemExit: from that function: a mail has no report that can be read.
    """
    from mtasts.reports.arrival import read_document
    from mtasts.tlsrpt.mail import read_mail
    from mtasts.tlsrpt.report import Report
    from mtasts.tlsrpt.unpacking import Document, documents

    def read(raw: bytes) -> None:
        (attachment,) = read_mail(raw).attachments
        for each in documents(attachment.name, attachment.raw):
            if not (isinstance(each, Document) and isinstance(read_document(each), Report)):
                raise SystemExit("bench: a report was not read")

    return each_with(read)


def our_signed_mails(folder: Path) -> Read:
    """A function that reads mails as `mtasts reports pull` does, and verifies their signatures.

    Raises:
        SystemExit: from that function: the signature of a mail is not verified.
    """
    import asyncio

    from mtasts.reports.arrival import Arrived, receive_mail
    from mtasts.tlsrpt.dkim_keys import KeyAnswer, KeyStatus
    from mtasts.tlsrpt.trust import Trust

    key = KeyAnswer(KeyStatus.FOUND, ((folder / "key.txt").read_text("ascii"),))

    async def find(name: str) -> KeyAnswer:
        del name
        return key

    async def read(raws: Sequence[bytes]) -> None:
        for raw in raws:
            async for each in receive_mail(raw, find, NOW, "bench"):
                if not (isinstance(each, Arrived) and each.receipt.trust is Trust.VERIFIED):
                    raise SystemExit("bench: a signature was not verified")

    return lambda raws: asyncio.run(read(raws))


def ours(kind: str, folder: Path) -> Read:
    """The function of mtasts that reads files of ``kind``."""
    if kind == "signed":
        return our_signed_mails(folder)
    return our_mails() if kind == "mail" else our_files()


def theirs(kind: str) -> Read:
    """The function of parsedmarc that reads files of ``kind``; it verifies no signatures."""
    import parsedmarc  # type: ignore[import-not-found]  # only in its own environment

    read = parsedmarc.parse_report_file if kind == "gz" else parsedmarc.parse_report_email
    return each_with(lambda raw: read(raw, offline=True))


def main(program: str, kind: str, folder: Path) -> None:
    """Read every file, and print the seconds of the reading as JSON."""
    read = ours(kind, folder) if program == "ours" else theirs(kind)
    ending = "*.gz" if kind == "gz" else "*.eml"
    raws = [path.read_bytes() for path in sorted(folder.glob(ending))]
    read(raws[:WARM])
    wall, processor = time.perf_counter(), time.process_time()
    read(raws)
    taken = (time.perf_counter() - wall, time.process_time() - processor)
    sys.stdout.write(json.dumps(taken))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
