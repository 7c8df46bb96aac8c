"""TLS reports in files and folders, read and added up; every file that is not read is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from mtasts.errors import UsageError
from mtasts.findings import printable
from mtasts.tlsrpt.reading import parse_report
from mtasts.tlsrpt.report import Drop
from mtasts.tlsrpt.summary import Dropped, ReportSummary, summarise
from mtasts.tlsrpt.unpacking import COMPRESSED_MAX_BYTES, OtherFormatError, ReportError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mtasts.tlsrpt.report import Report

FILES_MAX = 10_000
_READ = (".json", ".gz")
# What may hold a report that has to be taken out first. Other files may not: what senders attach
# ends in .json or .json.gz (RFC 8460 section 5.1).
_HOLDS = {
    ".eml": "a mail: save what is attached to it",
    ".msg": "a mail: save what is attached to it",
    ".mbox": "a mailbox: save what is attached to its mails",
    ".zip": "an archive: take the reports out of it",
    ".tgz": "an archive: take the reports out of it",
    ".tar": "an archive: take the reports out of it",
    ".7z": "an archive: take the reports out of it",
    ".bz2": "not packed with gzip: unpack it",
    ".xz": "not packed with gzip: unpack it",
    ".zst": "not packed with gzip: unpack it",
}

_MAILDIR = frozenset({"cur", "new"})


def read_reports(
    paths: Iterable[Path], domain: str, now: dt.datetime, *, files_max: int = FILES_MAX
) -> ReportSummary:
    """Add up the report files at ``paths``, and those below folders that end as reports do.

    Of a folder, a file with another ending is named as skipped; one that was given is read
    whatever its name. What is no report counts for nothing, and is named.

    Raises:
        OSError: a path cannot be read at all.
        UsageError: there are more than ``files_max`` files.
    """
    reports: dict[str, Report] = {}
    dropped: list[Dropped] = []
    names: set[str] = set()
    for number, (path, is_given) in enumerate(_files(paths)):
        if number == files_max:
            raise UsageError(
                f"--reports: more than {files_max} files: give those of the last 60 days"
            )
        name = printable(path.name)
        name = printable(str(path), 300) if name in names else name
        names.add(name)
        why, may_hide = (None, False) if is_given else _not_read(path)
        if why is not None:
            dropped.append(Dropped(Drop.FILE, name, why, may_hide_failures=may_hide))
            continue
        with path.open("rb") as file:
            raw = file.read(COMPRESSED_MAX_BYTES + 1)
        try:
            report = parse_report(raw)
        except ReportError as error:
            may_hide = not isinstance(error, OtherFormatError)
            dropped.append(Dropped(Drop.REPORT, name, str(error), may_hide_failures=may_hide))
            continue
        # Of thousands of files, only what concerns the domain is kept in memory.
        reports[name] = replace(
            report,
            policies=tuple(each for each in report.policies if each.domain == domain),
            dropped=tuple(each for each in report.dropped if each.may_concern(domain)),
        )
    return summarise(domain, reports, dropped, now)


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    """Every file, and whether it was given itself."""
    for path in paths:
        if path.is_dir():
            yield from ((each, False) for each in sorted(_below(path)))
        else:
            yield path, True


def _below(folder: Path) -> Iterator[Path]:
    """What is below a folder, but for folders; those behind links are not entered, and named.

    Raises:
        OSError: a folder below it cannot be read: reports in it would be left out without a word.
    """
    for each in folder.iterdir():
        if each.is_dir() and not each.is_symlink():
            yield from _below(each)
        else:
            yield each


def _not_read(path: Path) -> tuple[str | None, bool]:
    """Why a file of a folder is not read, and whether it may hold a report all the same."""
    if path.is_dir():
        return "it is a link to a folder: give that folder itself", True
    if path.suffix.lower() in _READ:
        return (None, False) if path.is_file() else ("it is no regular file", True)
    if path.parent.name in _MAILDIR:
        return f"it is {_HOLDS['.eml']}", True
    holds = _HOLDS.get(path.suffix.lower())
    return (f"it is {holds}", True) if holds else ("it does not end in .json or .gz", False)
