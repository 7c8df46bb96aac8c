"""Output of ``mtasts check``: one domain at a time or as one document, and a summary."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from mtasts.cli.output import describe, write
from mtasts.errors import UsageError
from mtasts.files import write_whole
from mtasts.findings import Severity
from mtasts.render.checked_html import as_html
from mtasts.render.checked_json import as_json
from mtasts.render.checked_text import Report, as_report, as_text, summary
from mtasts.render.sarif import Place, Places, as_sarif

if TYPE_CHECKING:
    import datetime as dt
    from argparse import ArgumentParser, Namespace
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping

    from mtasts.check.notes import Checked

FORMATS = ("text", "json", "html", "sarif")
_STREAMED = ("text", "json")
# SARIF needs a file for each result. This name stands for the text report where the domain is in
# no file and --report writes none.
_REPORT_URI = "mtasts-check.txt"
# The first line of progress comes after 2 s; each pause is twice the last one, up to 30 s.
_SAY_SECONDS = 2.0
_SAY_MAX_SECONDS = 30.0
_NAMES_SHOWN = 3
_plain = partial(describe, plain=True)


def add_showing_options(parser: ArgumentParser) -> None:
    """Add ``--min-severity``, ``--report`` and ``--docs``."""
    parser.add_argument(
        "--min-severity",
        choices=[level.label for level in Severity],
        default=Severity.INFO.label,
        help="show only findings of at least this severity (info); the exit code counts all",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="also write the findings as text into this file; SARIF points to its lines",
    )
    parser.add_argument(
        "--docs",
        default="docs",
        metavar="URL",
        help="address of the folder docs/ of mtasts, for the links of --format html (docs)",
    )


class CheckPrinter:
    """Prints each domain as soon as it is checked (text, JSON), and keeps what the end needs."""

    def __init__(
        self,
        arguments: Namespace,
        domains: Collection[str],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``domains`` are all that will be checked; ``sleep`` makes the pauses of the progress."""
        self._sleep = sleep
        self._format: str = arguments.format
        self._path: Path | None = arguments.report
        self._docs: str = arguments.docs
        self._least = Severity.parse(arguments.min_severity)
        self._waiting = dict.fromkeys(domains)
        self.count = len(domains)
        self._hidden = 0
        self._begun = time.monotonic()
        self.found: list[Checked] = []

    def add(self, checked: Checked) -> None:
        """Take one domain whose check has ended."""
        self._waiting.pop(checked.domain, None)
        findings = tuple(each for each in checked.findings if each.severity >= self._least)
        self._hidden += len(checked.findings) - len(findings)
        shown = replace(checked, findings=findings)
        if self._format == "json":
            write(as_json(shown))
        elif self._format == "text":
            write("\n".join(as_text(shown, describe)) + "\n")
        sys.stdout.flush()
        streams = self._format in _STREAMED and self._path is None
        # Thousands of domains would fill the memory. Of a domain that is printed already, only the
        # gravest finding is kept (they are sorted): exit code and summary need no more.
        brief = replace(checked, findings=checked.findings[:1], unknown=checked.unknown[:1])
        self.found.append(brief if streams else checked)

    def end(self, listed: Mapping[str, Place], at: dt.datetime) -> None:
        """Write report, document and summary; ``listed`` has the place of each domain in a file.

        ``at`` is the time when the last look-up ended.

        Raises:
            UsageError: the report cannot be written.
        """
        ended = summary(self.found, time.monotonic() - self._begun, self._hidden)
        filtered = [
            replace(
                each, findings=tuple(one for one in each.findings if one.severity >= self._least)
            )
            for each in self.found
        ]
        if self._path is not None:
            self._write(self._path, as_report(filtered, _plain).text + ended)
        if self._format == "html":
            write(as_html(self.found, at, least=self._least, docs=self._docs))
        elif self._format == "sarif":
            write(as_sarif(filtered, self._places(as_report(filtered, _plain), listed)))
        (sys.stdout if self._format == "text" else sys.stderr).write(ended)

    def _places(self, report: Report, listed: Mapping[str, Place]) -> Places:
        if self._path is None:
            return Places(report, _REPORT_URI, listed=listed)
        return Places(report, uri_of(self._path), is_written=True, listed=listed)

    @staticmethod
    def _write(path: Path, text: str) -> None:
        """Write a report, whole or not at all.

        Raises:
            UsageError: it cannot be written.
        """
        try:
            write_whole(path, text.encode(), replace=True)
        except OSError as error:
            raise UsageError(f"--report {path} cannot be written: {error.strerror}") from error

    @asynccontextmanager
    async def progress(self) -> AsyncIterator[None]:
        """While the block runs, print how many domains are done and which are not."""
        progress_task = asyncio.create_task(self._tell())
        try:
            yield
        finally:
            progress_task.cancel()

    async def _tell(self) -> None:
        pause = _SAY_SECONDS
        while True:
            await self._sleep(pause)
            pause = min(2 * pause, _SAY_MAX_SECONDS)
            names = list(self._waiting)
            more = len(names) - _NAMES_SHOWN
            waiting = ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
            done = self.count - len(names)
            sys.stderr.write(f"check: {done} of {self.count} domains; waiting for {waiting}\n")
            sys.stderr.flush()


def uri_of(path: Path) -> str:
    """The path as a URI: relative to the folder that this runs in, unless it is absolute."""
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
