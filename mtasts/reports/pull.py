"""Reports pulled from a source into the store, each key once, in the order in which it is listed.

List, fetch, read the mail, judge whose it is, parse, leave out what is about other domains, store:
then, and only then, the key is written down as kept (`mtasts.reports.kept_keys`). So a pull may be
killed at any point, and the next one ends its work.

Several keys are fetched ahead; one is read at a time, since a hostile report may be large in
memory.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from mtasts.clock import SKEW
from mtasts.reports.arrival import receive_file, receive_mail
from mtasts.reports.batch_fetcher import BatchFetcher
from mtasts.reports.kept_keys import KeptKeys
from mtasts.reports.sources.source import FetchError, GoneError, NoFileError, SourceError
from mtasts.reports.to_store import arrival, skipped, skipped_part
from mtasts.threads import in_thread
from mtasts.tlsrpt.mail import MAIL_MAX_BYTES, holds_mail
from mtasts.tlsrpt.received import received_time
from mtasts.tlsrpt.rows import Arrival
from mtasts.tlsrpt.unpacking import Skipped as SkippedPart

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
    from collections.abc import Set as AbstractSet

    from mtasts.reports.arrival import Arrived
    from mtasts.reports.key_answers import KeyAnswers, MailKeys
    from mtasts.reports.pulled import Pulled
    from mtasts.reports.sources.source import Fetched, Listed, Source
    from mtasts.reports.store import Store
    from mtasts.tlsrpt.rows import Skipped
    from mtasts.tlsrpt.trust import Via

    _Task = asyncio.Task["_Prefetched"]

_LISTED_AT_ONCE = 500
_LOCAL_AT_ONCE = 16
# A fetch that failed is tried twice more: most failures of object stores last a moment.
_PAUSES_SECONDS = (1.0, 4.0)
# So many failures in a row mean that the source is gone, and not that single mails are broken.
_FAILURES_MAX = 20
# Of what is too large, enough for the time in its header.
_START_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a pull fetches: so many keys at once, and so many a second (0: no bound).

    At most ``ahead_keys`` keys and ``ahead_bytes`` are fetched before they are read, and
    ``batch_keys`` keys or ``batch_rows`` rows of reports are read before they are stored.
    """

    at_once: int = 8
    per_second: float = 0.0
    ahead_keys: int = 1000
    ahead_bytes: int = 64 * 1024 * 1024
    batch_keys: int = 1000
    batch_rows: int = 50_000


@dataclass(frozen=True, slots=True)
class PullContext:
    """What a pull meets outside of store and source.

    ``domains`` are the policy domains of the agencies, as `mtasts.names.parse_domain` spells them;
    rows about others are left out and counted. ``now`` is the time of day, ``seconds`` counts.
    """

    domains: AbstractSet[str]
    keys: KeyAnswers
    now: Callable[[], dt.datetime]
    seconds: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


async def pull(
    source: Source,
    store: Store,
    context: PullContext,
    pulled: Pulled,
    *,
    pace: Pace = Pace(),
    again: bool = False,
    limit: int = MAIL_MAX_BYTES,
) -> None:
    """Bring what the source has into the store; ``pulled`` is kept up to date meanwhile.

    With ``again`` the keys that the store has are fetched once more. What is larger than ``limit``
    bytes is skipped. `Store.settle` makes it visible to queries.

    Raises:
        SourceError: the source cannot be read further; what was pulled before is kept.
        UsageError: another pull of this source into this store is running.
        KeptKeysError: the list of kept keys cannot be read.
        StoreError: the store is of another release.
    """
    await in_thread(store.add, ())  # before anything is written into a folder of another kind
    with KeptKeys.opened(store.folder, source.name) as kept:
        try:
            await _Pull(source, store, context, pulled, kept=kept, pace=pace, limit=limit).run(
                again=again
            )
        finally:
            await in_thread(source.close)


@dataclass(slots=True)
class _Batch:
    """What goes into the store at once, and the keys that are then kept."""

    arrived: list[Arrival | Skipped] = field(default_factory=list)
    settled: list[bytes] = field(default_factory=list)
    waiting: list[bytes] = field(default_factory=list)
    rows: int = 0

    @property
    def keys(self) -> int:
        return len(self.settled) + len(self.waiting)


@dataclass(frozen=True, slots=True)
class _Prefetched:
    """What was fetched ahead: the bytes with the keys of its signatures, or why there are none."""

    fetched: Fetched | GoneError | NoFileError | FetchError | SourceError
    keys: MailKeys | None = None


class _Pull:
    def __init__(
        self,
        source: Source,
        store: Store,
        context: PullContext,
        pulled: Pulled,
        *,
        kept: KeptKeys,
        pace: Pace,
        limit: int,
    ) -> None:
        self._source = source
        self._store = store
        self._context = context
        self._pulled = pulled
        self._kept = kept
        self._pace = pace
        self._limit = limit
        self._batch = _Batch()
        self._listed: set[bytes] = set()
        self._cursor = ""
        self._is_unbroken = True
        self._failures = 0
        self._next_start = 0.0
        self._at_once = pace.at_once if source.is_remote else _LOCAL_AT_ONCE
        self._batch_fetcher = None if source.is_remote else BatchFetcher(source)
        self._fetching = self._fetching_bytes = 0

    async def run(self, *, again: bool) -> None:
        """Take each key in order, while those after it are being fetched.

        Raises:
            SourceError: the source does not answer; what was read before is in the store.
        """
        ahead: deque[tuple[Listed, _Task | None]] = deque()
        try:
            async for listed in self._list("" if again else self._kept.cursor):
                while ahead and self._is_enough(ahead, listed):
                    await self._take(*ahead.popleft())
                is_new = again or not self._kept.has(listed.digest)
                ahead.append((listed, self._begin(listed) if is_new else None))
                self._pulled.listed += 1
            while ahead:
                await self._take(*ahead.popleft())
        except SourceError:
            await self._store_batch()
            raise
        finally:
            for _, task in ahead:
                if task is not None:
                    task.cancel()
        await self._store_batch()
        await in_thread(self._kept.finish, self._listed)

    async def _list(self, cursor: str) -> AsyncIterator[Listed]:
        found = self._source.keys(cursor)
        while some := await in_thread(lambda: list(islice(found, _LISTED_AT_ONCE))):
            for each in some:
                yield each

    def _is_enough(self, ahead: deque[tuple[Listed, _Task | None]], listed: Listed) -> bool:
        """Whether the first key has to be taken before one more is fetched."""
        return (
            ahead[0][1] is None
            or len(ahead) >= self._pace.ahead_keys
            or self._fetching >= self._at_once
            or self._fetching_bytes + listed.size > self._pace.ahead_bytes
        )

    def _begin(self, listed: Listed) -> _Task:
        self._fetching += 1
        self._fetching_bytes += listed.size
        return asyncio.ensure_future(self._fetch(listed))

    async def _fetch(self, listed: Listed) -> _Prefetched:
        """Fetch one key, and look up the keys of the signatures of a mail."""
        pauses = list(_PAUSES_SECONDS)
        # Of what is too large, its beginning says when it arrived.
        limit = self._limit if listed.size <= self._limit else _START_BYTES
        while True:
            await self._turn()
            try:
                fetched = await self._fetch_one(listed, limit)
                break
            except (GoneError, NoFileError) as error:
                return _Prefetched(error)
            except (FetchError, SourceError) as error:
                if not pauses:
                    return _Prefetched(error)
                await self._context.sleep(pauses.pop(0))
        is_mail = not fetched.is_posted and holds_mail(fetched.raw)
        keys = await self._context.keys.of_mail(fetched.raw) if is_mail else None
        return _Prefetched(fetched, keys)

    async def _fetch_one(self, listed: Listed, limit: int) -> Fetched:
        if self._batch_fetcher is None:
            return await in_thread(self._source.fetch, listed, limit)
        return await self._batch_fetcher.fetch(listed, limit)

    async def _turn(self) -> None:
        """Wait until the pace lets one more fetch begin."""
        if self._source.is_remote and self._pace.per_second:
            now = self._context.seconds()
            start = max(now, self._next_start)
            self._next_start = start + 1 / self._pace.per_second
            if start > now:
                await self._context.sleep(start - now)

    async def _take(self, listed: Listed, task: _Task | None) -> None:
        """Read what was fetched, and pass the key.

        Raises:
            SourceError: the source does not answer.
        """
        if task is None:
            self._pulled.known += 1
            self._pass(listed, is_settled=True)
            return
        prefetched = await task
        self._fetching -= 1
        self._fetching_bytes -= listed.size
        match prefetched.fetched:
            case SourceError() as error:
                raise error
            case FetchError() as error:
                self._fail(listed, error)
                return
            case GoneError():
                self._pulled.gone += 1
                self._pass(listed, is_settled=True)
                return
            case NoFileError() as error:
                now = self._context.now()
                self._add(
                    skipped(listed, "no-file", str(error), now, via="file", digest=listed.digest)
                )
                is_settled = True
            case fetched:
                is_settled = not await self._read(listed, fetched, prefetched.keys)
        self._failures = 0
        self._pulled.fetched += 1
        (self._batch.settled if is_settled else self._batch.waiting).append(listed.digest)
        self._pass(listed, is_settled=is_settled)
        if self._batch.keys >= self._pace.batch_keys:
            await self._store_batch()

    def _fail(self, listed: Listed, error: FetchError) -> None:
        """Tell that a key was not fetched; many in a row mean that the source does not answer.

        Raises:
            SourceError: so many failed in a row that the pull ends.
        """
        self._pulled.fail(listed.address, str(error))
        self._pass(listed, is_settled=False)
        self._failures += 1
        if self._failures >= _FAILURES_MAX:
            raise SourceError(
                f"{_FAILURES_MAX} fetches in a row have failed; the last error: {error}"
            )

    def _pass(self, listed: Listed, *, is_settled: bool) -> None:
        """Move the cursor behind a key, unless one before it is still to be fetched."""
        self._is_unbroken &= is_settled
        if self._is_unbroken and listed.cursor:
            self._cursor = listed.cursor
        else:
            self._listed.add(listed.digest)

    async def _read(self, listed: Listed, fetched: Fetched, keys: MailKeys | None) -> bool:
        """Read the reports; whether a key could not be looked up, so that it is tried again."""
        received = self._received(fetched)
        raw, retry = fetched.raw, False
        via: Via = "mail" if keys is not None else "https" if fetched.is_posted else "file"
        digest = hashlib.sha256(raw).digest()
        if listed.size > self._limit or len(raw) > self._limit:
            reason = f"it is larger than {self._limit} bytes"
            self._add(skipped(listed, "mail-too-large", reason, received, via=via, digest=digest))
            return False
        if keys is None:
            found = _one_by_one(receive_file("", raw, received, listed.address, via))
        else:
            found = receive_mail(raw, keys.find, received, listed.address)
        async for each in found:
            if isinstance(each, SkippedPart):
                self._add(skipped_part(listed, each, received, via=via, digest=digest))
            else:
                retry |= each.receipt.retry
                self._add(arrival(each, self._context.domains))
            if self._batch.rows >= self._pace.batch_rows:
                await self._store_arrived()
        now = self._context.now()
        return retry and not self._kept.gives_up(listed.digest, now)

    def _received(self, fetched: Fetched) -> dt.datetime:
        """When it arrived, which is not in the future."""
        received = fetched.received
        if not fetched.is_arrival and holds_mail(fetched.raw):
            received = received_time(fetched.raw) or received
        now = self._context.now()
        return received if received <= now + SKEW else now

    def _add(self, arrived: Arrival | Skipped) -> None:
        self._batch.arrived.append(arrived)
        self._pulled.add(arrived)
        self._batch.rows += 1
        if isinstance(arrived, Arrival):
            report = arrived.report
            self._batch.rows += sum(1 + len(each.details) for each in report.policies)
            self._batch.rows += len(report.dropped)

    async def _store_batch(self) -> None:
        """Store what was read, and only then write its keys down as kept."""
        await self._store_arrived()
        batch, self._batch = self._batch, _Batch()
        now = self._context.now()
        await in_thread(self._kept.keep, batch.settled, batch.waiting, self._cursor, now)
        self._pulled.waiting += len(batch.waiting)

    async def _store_arrived(self) -> None:
        """Store what was read, also of a mail that is not read to its end: it is no harm twice."""
        arrived, self._batch.arrived, self._batch.rows = self._batch.arrived, [], 0
        if arrived:
            await in_thread(self._store.add, arrived)


async def _one_by_one(
    found: Iterable[Arrived | SkippedPart],
) -> AsyncIterator[Arrived | SkippedPart]:
    for each in found:
        yield each
