"""Files of a local source are fetched several in one trip to a thread."""

from __future__ import annotations

import asyncio

import pytest
from pulling import Literal

from mtasts.reports.batch_fetcher import BatchFetcher
from mtasts.reports.sources.source import Fetched, FetchError, GoneError, Listed
from mtasts.tlsrpt.mail import MAIL_MAX_BYTES

LIMIT = MAIL_MAX_BYTES


def source(*gone: str, failing: dict[str, Exception] | None = None) -> Literal:
    contents = {key: key.encode() for key in ("a", "b", "c")}
    return Literal(contents, failing or {}, frozenset(gone), is_remote=False)


def listed(key: str) -> Listed:
    return Listed(key, key, 1)


def test_each_gets_what_it_asked_for() -> None:
    async def run(together: BatchFetcher) -> list[bytes]:
        asked = [together.fetch(listed(key), LIMIT) for key in ("b", "a", "c")]
        first = [each.raw for each in await asyncio.gather(*asked)]
        return [*first, (await together.fetch(listed("a"), LIMIT)).raw]

    of = source()
    assert asyncio.run(run(BatchFetcher(of))) == [b"b", b"a", b"c", b"a"]
    assert of.asked == ["b", "a", "c", "a"]


def test_an_error_is_of_whoever_asked() -> None:
    async def run(together: BatchFetcher) -> list[Fetched | BaseException]:
        asked = [together.fetch(listed(key), LIMIT) for key in ("a", "b", "c")]
        return await asyncio.gather(*asked, return_exceptions=True)

    found = asyncio.run(run(BatchFetcher(source("c", failing={"b": FetchError("not now")}))))
    assert [type(each) for each in found] == [Fetched, FetchError, GoneError]


def test_a_mistake_leaves_nobody_waiting() -> None:
    async def run(together: BatchFetcher) -> list[Fetched | BaseException]:
        asked = [together.fetch(listed(key), LIMIT) for key in ("a", "b")]
        found = await asyncio.gather(*asked, return_exceptions=True)
        return [*found, await together.fetch(listed("a"), LIMIT)]

    found = asyncio.run(run(BatchFetcher(source(failing={"b": ZeroDivisionError()}))))
    assert [type(each) for each in found] == [ZeroDivisionError, ZeroDivisionError, Fetched]


def test_one_that_is_cancelled_cancels_no_other() -> None:
    async def run(together: BatchFetcher) -> bytes:
        first, second = (
            asyncio.ensure_future(together.fetch(listed(key), LIMIT)) for key in ("a", "b")
        )
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return (await second).raw

    assert asyncio.run(run(BatchFetcher(source()))) == b"b"
