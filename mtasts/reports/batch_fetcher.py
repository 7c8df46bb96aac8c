"""Files of a local source, fetched several in one trip to a thread.

To read a file takes less time than to hand the work to a thread. So all files that are requested
before a thread begins are read in that thread, in the order of the requests.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mtasts.reports.sources.source import FetchError, GoneError, NoFileError, SourceError
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from mtasts.reports.sources.source import Fetched, Listed, Source

    _Error = GoneError | NoFileError | FetchError | SourceError
    _Trip = asyncio.Task[list[Fetched | _Error]]

_ERRORS = (GoneError, NoFileError, FetchError, SourceError)


class BatchFetcher:
    """Fetches from one source; use it in one event loop."""

    def __init__(self, source: Source) -> None:
        """Nothing is fetched yet."""
        self._source = source
        self._requests: list[tuple[Listed, int]] = []
        self._next: _Trip | None = None

    async def fetch(self, listed: Listed, limit: int) -> Fetched:
        """As `Source.fetch`.

        Raises:
            GoneError, NoFileError, FetchError, SourceError: as `Source.fetch`.
        """
        if self._next is None:
            self._next = asyncio.ensure_future(self._fetch_batch())
        place = len(self._requests)
        self._requests.append((listed, limit))
        # Shielded: the others who are in the trip wait for it, too.
        found = (await asyncio.shield(self._next))[place]
        if isinstance(found, _ERRORS):
            raise found
        return found

    async def _fetch_batch(self) -> list[Fetched | _Error]:
        """What each that was asked for until now gives; those who ask later take the next trip."""
        requests, self._requests, self._next = self._requests, [], None
        return await in_thread(self._read, requests)

    def _read(self, requests: list[tuple[Listed, int]]) -> list[Fetched | _Error]:
        found: list[Fetched | _Error] = []
        for listed, limit in requests:
            try:
                found.append(self._source.fetch(listed, limit))
            except _ERRORS as error:
                found.append(error)
        return found
