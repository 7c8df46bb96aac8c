"""One place that reports are pulled from: it lists keys, and fetches what is under one of them.

A source only reads: it flags, moves and deletes nothing. Its methods block, have a deadline on each
wait, and may be called from several threads.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mtasts.errors import MtaStsError, UndeterminedError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

_DIGEST_BYTES = 16


class SourceError(UndeterminedError):
    """The source cannot be read further; what was pulled before is kept."""


class FetchError(UndeterminedError):
    """What is under one key could not be fetched now; the next pull tries it again."""


class GoneError(MtaStsError):
    """There is nothing under the key any more: it was deleted after it was listed."""


class NoFileError(MtaStsError):
    """What is under the key is a link, a pipe or a device: it is never read."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One mail or file of a source.

    ``key`` names it within the source and ``version`` is another text once its content is another.
    ``address`` is where it is found, for people. ``size`` is in bytes. ``offset`` is where it
    begins in the file that holds it. ``cursor`` is where the next listing may begin once this key
    and all that were listed before it are kept; it is empty where the order of the keys says
    nothing of the order of arrival.
    """

    key: str
    address: str
    size: int
    version: str = ""
    offset: int = 0
    cursor: str = ""

    @property
    def digest(self) -> bytes:
        """What stands for key and version among the keys that are kept: 16 bytes."""
        text = f"{self.key}\0{self.version}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_DIGEST_BYTES]


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of one mail or file.

    ``received`` is the time of arrival in UTC if ``is_arrival``, and else of the file: a mail then
    says itself when it arrived. ``is_posted`` says that it came to the HTTPS endpoint.
    """

    raw: bytes = field(repr=False)
    received: dt.datetime
    is_arrival: bool = True
    is_posted: bool = False


class Source(Protocol):
    """A place that reports are pulled from.

    ``name`` is its address without secrets, the same at each pull. ``is_remote`` says that fetches
    go over a network, so that they are paced.
    """

    name: str
    is_remote: bool

    def keys(self, cursor: str) -> Iterator[Listed]:
        """What is there, from a cursor on; an empty one is the beginning.

        Raises:
            SourceError: the source cannot be read.
        """

    def fetch(self, listed: Listed, limit: int) -> Fetched:
        """At most ``limit`` bytes and one more of what is under a key.

        Raises:
            GoneError: nothing is.
            NoFileError: it is no file.
            FetchError: it could not be fetched now.
            SourceError: the source cannot be read at all.
        """

    def close(self) -> None:
        """Give up connections; never raises."""
