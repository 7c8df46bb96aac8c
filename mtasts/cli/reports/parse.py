"""``mtasts reports parse``: one line for each report in files, and what was wrong with it."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cli.output import Exit, write
from mtasts.errors import UsageError
from mtasts.findings import printable
from mtasts.probe.reach import endpoint
from mtasts.reports.arrival import Arrived, receive_file, receive_mail
from mtasts.tlsrpt.dkim_keys import KeyAnswer, KeyStatus
from mtasts.tlsrpt.mail import MAIL_MAX_BYTES, holds_mail
from mtasts.tlsrpt.parsed import parsed_row
from mtasts.tlsrpt.unpacking import Skipped

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from mtasts.cli.outside import Outside
    from mtasts.reports.arrival import FindKey
    from mtasts.tlsrpt.parsed import ParsedRow

_STDIN = "-"


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.description = (
        "Read TLS reports: JSON, gzip, zip archives, and mails with reports attached. Each is read "
        "row by row; what cannot be used is left out and named (mtasts docs report-warnings). "
        "The DKIM signatures of a mail are verified, with keys from DNS. Exit code 1 where a "
        "report is not accepted, 2 where a file cannot be read, 3 where all are accepted and a "
        "key could not be looked up."
    )
    parser.epilog = (
        "example: mtasts reports parse 'google.com!example.gov!1778371200!1778457599.json.gz' "
        "--format json"
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a report, an archive or a mail; - reads standard input",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument(
        "--received",
        metavar="TIME",
        help="when the mails arrived, such as 2026-05-11T02:00:00Z: by then a signature must not "
        "have expired (now)",
    )
    parser.add_argument("--resolver", metavar="IP:PORT", help="ask this DNS server for DKIM keys")
    parser.add_argument(
        "--offline",
        action="store_true",
        help="look up no DKIM keys; every mail then counts as unsigned",
    )


def run(arguments: Namespace, outside: Outside) -> int:
    """Read every file; one that cannot be read is named, and the others are still read.

    Raises:
        UsageError: an option is malformed, or a mail is given and the extra is not installed.
    """
    if arguments.files.count(_STDIN) > 1:
        raise UsageError("give - (standard input) only once")
    received = _time(arguments.received, outside)
    return asyncio.run(_read_all(arguments, outside, received))


def _time(text: str | None, outside: Outside) -> dt.datetime:
    """When a report was received: the time that is given, or now.

    Raises:
        UsageError: it is no time with a zone.
    """
    if text is None:
        return outside.clock()()
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise UsageError(
            f"--received '{printable(text)}' is no time with a zone: write 2026-05-11T02:00:00Z"
        )
    return found.astimezone(dt.UTC)


async def _read_all(arguments: Namespace, outside: Outside, received: dt.datetime) -> int:
    find_key = _key_finder(arguments, outside)
    unreadable = refused = unknown = False
    for name in arguments.files:
        try:
            raw = _read(name, outside)
        except OSError as error:
            sys.stderr.write(f"mtasts reports: {printable(name)}: {error.strerror or error}\n")
            unreadable = True
            continue
        for row, retry in await _rows(name, raw, find_key, received):
            refused |= not row["accepted"]
            unknown |= retry
            write(json.dumps(row) + "\n" if arguments.format == "json" else as_text(row))
    if unreadable:
        return Exit.USAGE
    if refused:
        return Exit.FINDINGS
    return Exit.UNDETERMINED if unknown else Exit.GOOD


def _read(name: str, outside: Outside) -> bytes:
    """At most one byte more than any mail, so that no file fills the memory."""
    if name == _STDIN:
        return outside.standard_input().read(MAIL_MAX_BYTES + 1)
    with Path(name).open("rb") as file:
        return file.read(MAIL_MAX_BYTES + 1)


def _key_finder(arguments: Namespace, outside: Outside) -> FindKey:
    if arguments.offline:
        return _nothing
    from dataclasses import replace

    from mtasts.reports.keys import Keys  # only where keys are looked up

    reach = outside.reach()
    if arguments.resolver is not None:
        reach = replace(reach, resolver=endpoint(arguments.resolver))
    return Keys(outside.resolver(reach)).find


async def _nothing(name: str) -> KeyAnswer:
    del name
    return KeyAnswer(KeyStatus.UNKNOWN, reason="--offline")


async def _rows(
    name: str, raw: bytes, find_key: FindKey, received: dt.datetime
) -> list[tuple[ParsedRow, bool]]:
    """The rows of one file, and whether a key of each could not be looked up."""
    if not holds_mail(raw):
        return [_row(name, each) for each in receive_file("", raw, received, name)]
    rows: list[tuple[ParsedRow, bool]] = []
    others: list[tuple[ParsedRow, bool]] = []
    is_report = False
    async for each in receive_mail(raw, find_key, received, name):
        is_report |= isinstance(each, Arrived)
        is_other = isinstance(each, Skipped) and not each.may_hide
        (others if is_other else rows).append(_row(name, each))
    # An image beside a report is no news; beside nothing it is.
    return rows if is_report else [*rows, *others]


def _row(name: str, each: Arrived | Skipped) -> tuple[ParsedRow, bool]:
    shown = printable(name, 1000)
    if isinstance(each, Skipped):
        return parsed_row(shown, each.where.removeprefix(":"), each, None), False
    row = parsed_row(shown, each.name.removeprefix(":"), each.found, each.receipt)
    return row, each.receipt.retry


def as_text(row: ParsedRow) -> str:
    """One report for people; every value of it is printable ASCII already."""
    where = f"{row['file']}: {row['part']}" if row["part"] else row["file"]
    lines = [f"{where}: {'accepted' if row['accepted'] else 'not accepted'}"]
    if row["reason"]:
        lines.append(f"  {row['reason']}")
    if row["reporter"]:
        id_ = f", id {row['report_id']}" if row["report_id"] else ""
        span = f", {row['begin']} to {row['end']}" if row["begin"] else ""
        lines.append(f"  from {row['reporter']}{span}{id_}")
    lines.append(f"  trust: {row['trust']}: {row['trust_reason']}")
    if row["accepted"]:
        lines.append(
            f"  rows {row['policies']}, sessions {row['successful']} successful, "
            f"{row['failed']} failed"
        )
    lines += [
        f"    {type_}: {'not counted' if count is None else count}"
        for type_, count in row["failures"].items()
    ]
    lines += [f"  left out: {each}" for each in row["dropped"]]
    if row["warnings"]:
        lines.append(f"  warnings: {', '.join(row['warnings'])}")
    return "".join(f"{line}\n" for line in lines)
