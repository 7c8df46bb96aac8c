"""What `reports_mail.py` measures: one program reads one kind of files, and says what it took.

``python bench/reports_peer.py PROGRAM KIND FOLDER`` prints the wall and processor seconds of the
reading alone. It runs in the environment of the program: ours, or that of parsedmarc, so it
imports nothing of ours at the top.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Read = Callable[[Sequence[bytes]], None]

WARM = 5


def each_with(read: Callable[[bytes], Any]) -> Read:
    """What reads files one by one."""

    def read_all(raws: Sequence[bytes]) -> None:
        for raw in raws:
            read(raw)

    return read_all


def ours(kind: str, folder: Path) -> Read:
    """What reads files of a kind: to the parsed report, with ``signed`` to the verdict as well."""
    import asyncio
    import datetime as dt

    from mtasts.reports.arrival import Arrived, receive_mail
    from mtasts.tlsrpt.dkim_keys import KeyAnswer, KeyStatus
    from mtasts.tlsrpt.mail import read_mail
    from mtasts.tlsrpt.reading import parse_report
    from mtasts.tlsrpt.trust import Trust
    from mtasts.tlsrpt.unpacking import Document, documents

    key = KeyAnswer(KeyStatus.FOUND, ((folder / "key.txt").read_text("ascii"),))
    now = dt.datetime(2026, 5, 11, 2, tzinfo=dt.UTC)

    async def find(name: str) -> KeyAnswer:
        del name
        return key

    def mail(raw: bytes) -> None:
        (attachment,) = read_mail(raw).attachments
        for each in documents(attachment.name, attachment.raw):
            if not (isinstance(each, Document) and parse_report(each.raw).accepted):
                raise SystemExit("bench: a report was not read")

    async def signed(raws: Sequence[bytes]) -> None:
        for raw in raws:
            async for each in receive_mail(raw, find, now, "bench"):
                if not (isinstance(each, Arrived) and each.receipt.trust is Trust.VERIFIED):
                    raise SystemExit("bench: a signature was not verified")

    if kind == "signed":
        return lambda raws: asyncio.run(signed(raws))
    return each_with(mail if kind == "mail" else parse_report)


def theirs(kind: str) -> Read:
    """The same by parsedmarc. It verifies no signature, so for it a signed mail is a mail."""
    import parsedmarc  # type: ignore[import-not-found]  # of its own environment

    read = parsedmarc.parse_report_file if kind == "gz" else parsedmarc.parse_report_email
    return each_with(lambda raw: read(raw, offline=True))


def main(program: str, kind: str, folder: Path) -> None:
    """Read every file, and print what it took."""
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
