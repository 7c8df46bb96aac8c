"""What ``mtasts check`` found, shown: a domain at a time or as one document, and a summary."""

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
# Where findings are shown whose domain no file names, unless the report is written to one.
_REPORT_URI = "mtasts-check.txt"
# Progress is told after this, and then at twice the time each, up to a bound.
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
        help="show and tell findings from this severity on (info); the exit code counts all",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write all findings there as text, too; SARIF points to its lines",
    )
    parser.add_argument(
        "--docs",
        default="docs",
        metavar="URL",
        help="where the folder docs/ of mtasts is, for the links of --format html (docs)",
    )


class Shown:
    """Shows each domain as it ends where the format allows, and keeps what the end needs."""

    def __init__(
        self,
        arguments: Namespace,
        domains: Collection[str],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Show what was asked of ``domains``; progress waits by ``sleep``."""
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
        """One domain that has ended."""
        self._waiting.pop(checked.domain, None)
        told = tuple(each for each in checked.findings if each.severity >= self._least)
        self._hidden += len(checked.findings) - len(told)
        shown = replace(checked, findings=told)
        if self._format == "json":
            write(as_json(shown))
        elif self._format == "text":
            write("\n".join(as_text(shown, describe)) + "\n")
        sys.stdout.flush()
        streams = self._format in _STREAMED and self._path is None
        # Of what was written already only the gravest is kept: exit code and summary need no more.
        brief = replace(checked, findings=checked.findings[:1], unknown=checked.unknown[:1])
        self.found.append(brief if streams else checked)

    def end(self, listed: Mapping[str, Place], at: dt.datetime) -> None:
        """Show what comes at the end; ``listed`` is where a file names a domain.

        ``at`` is the time by which all of it was looked at.

        Raises:
            UsageError: the report cannot be written.
        """
        ended = summary(self.found, time.monotonic() - self._begun, self._hidden)
        told = [
            replace(
                each, findings=tuple(one for one in each.findings if one.severity >= self._least)
            )
            for each in self.found
        ]
        if self._path is not None:
            self._write(self._path, as_report(told, _plain).text + ended)
        if self._format == "html":
            write(as_html(self.found, at, least=self._least, docs=self._docs))
        elif self._format == "sarif":
            write(as_sarif(told, self._places(as_report(told, _plain), listed)))
        (sys.stdout if self._format == "text" else sys.stderr).write(ended)

    def _places(self, report: Report, listed: Mapping[str, Place]) -> Places:
        if self._path is None:
            return Places(report, _REPORT_URI, listed=listed)
        return Places(report, uri_of(self._path), is_written=True, listed=listed)

    @staticmethod
    def _write(path: Path, text: str) -> None:
        try:
            write_whole(path, text.encode(), replace=True)
        except OSError as error:
            raise UsageError(f"--report {path} cannot be written: {error.strerror}") from error

    @asynccontextmanager
    async def progress(self) -> AsyncIterator[None]:
        """Tell how far it has come and what it waits for, for as long as the block lasts."""
        telling = asyncio.create_task(self._tell())
        try:
            yield
        finally:
            telling.cancel()

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
