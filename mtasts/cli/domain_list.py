"""The domains of ``mtasts check``: arguments, and the lines of a file.

An argument that is no domain ends the command, since the person who typed it is there. A line that
is no domain is reported as not known, and the other lines are checked.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, NamedTuple

from mtasts.check.notes import Checked, Unknown
from mtasts.check.row import Question
from mtasts.cli.stacks import mail_domain
from mtasts.errors import UsageError
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

# Some million domains; a larger file is probably the wrong one.
FILE_MAX_BYTES = 64 * 1024 * 1024
_SHOWN_MAX = 20
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Listed(NamedTuple):
    """Every domain once, in order, and a `Checked` for each line that is no domain.

    ``lines`` has the number of the line of each domain, from 1.
    """

    domains: tuple[str, ...]
    unreadable: tuple[Checked, ...]
    lines: Mapping[str, int]


def read_domains(words: Iterable[str], file: Path | None) -> Listed:
    """The domains of ``words``, then those of ``file``, one a line; ``#`` begins a comment.

    Raises:
        UsageError: a word is no mail domain, or the file cannot be read or is too large.
    """
    found: dict[str, None] = {}
    wrong, unreadable = [], []
    lines: dict[str, int] = {}
    for word in words:
        try:
            found[mail_domain(word)] = None
        except UsageError as error:
            wrong.append(printable(str(error), 300))
    if wrong:
        raise UsageError("\n".join(wrong[:_SHOWN_MAX]))
    for number, line in () if file is None else _lines(file):
        name = printable(line)
        try:
            name = mail_domain(line)
            found[name] = None
        except UsageError as error:
            place = f"{file}, line {number}"
            why = Unknown(
                Question.DOMAIN, f"what domain {place} means", str(error), "correct the line"
            )
            unreadable.append(Checked(name, unknown=(why,)))
        lines.setdefault(name, number)
    return Listed(tuple(found), tuple(unreadable), lines)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Every line with something in it, and its number.

    Raises:
        UsageError: the file cannot be read, or is too large.
    """
    try:
        with file.open("rb") as opened:
            raw = opened.read(FILE_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
    if len(raw) > FILE_MAX_BYTES:
        raise UsageError(f"{file} is larger than {FILE_MAX_BYTES} bytes")
    encoding = next((name for mark, name in _ENCODINGS if raw.startswith(mark)), "utf-8")
    for number, line in enumerate(raw.decode(encoding, "replace").splitlines(), start=1):
        if text := line.partition("#")[0].strip():
            yield number, text
