"""The Worker of an inbox in workerd: it reports a report as stored only if R2 has stored it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from inbox_requests import JSON, REFUSED, TAKEN, Posted

from mtasts.localcloud.cloudflare.bindings import R2Binding, RateLimitBinding, Worker
from mtasts.localcloud.cloudflare.forwarding import forward
from mtasts.localcloud.cloudflare.r2 import R2
from mtasts.localcloud.cloudflare.r2_binding import R2Server
from mtasts.localcloud.cloudflare.workerd import Workerd, find
from mtasts.localcloud.http1 import HttpRequest
from mtasts.localcloud.moto_host import moto_running, session
from mtasts.render.inbox_worker import BODY_MAX_BYTES, MAIL_MAX_BYTES, inbox_worker_source
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mtasts.localcloud.http1 import HttpResponse

# workerd and moto are processes with state of their own: one at a time, as in test_workerd.
pytestmark = pytest.mark.xdist_group("moto-in-process")
HOST, BUCKET = "mtasts-inbox.ours.workers.dev", "inbox"
ADDRESS = "tlsrpt@reports.example"
LIMIT = 1000


@dataclass(slots=True)
class Inbox:
    """A Worker and its bucket."""

    runtime: Workerd
    bindings: R2Server
    s3: Any

    async def serve(self, limit: int) -> None:
        """Run the Worker with that rate limit."""
        bindings = (R2Binding("BUCKET", BUCKET), RateLimitBinding("LIMIT", "7", limit, 60))
        await self.runtime.serve({f"w{limit}": Worker(inbox_worker_source(ADDRESS), bindings)})

    async def ask(self, row: Posted, target: str = "/") -> HttpResponse:
        headers = () if row.media_type is None else (("Content-Type", row.media_type),)
        request = HttpRequest(row.method, target, headers, row.body or b"")
        (port,) = self.runtime.ports.values()
        return await forward(port, HOST, request)

    async def mail(self, raw: bytes, sender: str = "r@sender.example") -> dict[str, Any]:
        """Give a message to the Worker as Email Routing does; returns the Worker's answer."""
        (port,) = self.runtime.mail_ports.values()
        target = f"/?{urlencode({'from': sender, 'to': ADDRESS})}"
        found = await forward(port, "mail", HttpRequest("POST", target, (), raw))
        answer: dict[str, Any] = json.loads(found.body)
        return answer

    async def stored(self) -> dict[str, tuple[bytes, dict[str, str]]]:
        """All objects of the bucket, with their metadata."""
        return await in_thread(self._stored)

    def _stored(self) -> dict[str, tuple[bytes, dict[str, str]]]:
        rows = self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        found = {row["Key"]: self.s3.get_object(Bucket=BUCKET, Key=row["Key"]) for row in rows}
        return {key: (each["Body"].read(), each["Metadata"]) for key, each in found.items()}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto_running() as found:
        yield found


@pytest.fixture
async def inbox(url: str) -> AsyncIterator[Inbox]:
    s3 = session().client("s3", endpoint_url=url)
    bindings = R2Server(R2(lambda: s3))
    await bindings.start()
    program = await in_thread(find, os.environ, print)
    found = Inbox(Workerd(lambda: program, lambda: bindings.address), bindings, s3)
    await in_thread(lambda: s3.create_bucket(Bucket=BUCKET))
    await found.serve(LIMIT)
    yield found
    await found.runtime.stop()
    await bindings.stop()
    for key in (await found.stored()) if await in_thread(exists, s3) else ():
        await in_thread(lambda each: s3.delete_object(Bucket=BUCKET, Key=each), key)


def exists(s3: Any) -> bool:
    return BUCKET in {each["Name"] for each in s3.list_buckets()["Buckets"]}


async def test_a_report_is_one_object_however_often_it_comes(inbox: Inbox) -> None:
    for row in TAKEN:
        assert row.body is not None
        told = [(await inbox.ask(row)).status for _ in range(2)]
        assert (row.id, told) == (row.id, [row.status, 200])
        key = f"https/{hashlib.sha256(row.body).hexdigest()}.{row.suffix}"
        assert (await inbox.stored())[key] == (row.body, {"source": "127.0.0.1"})
    assert len(await inbox.stored()) == len(TAKEN)


@pytest.mark.parametrize("row", REFUSED, ids=attrgetter("id"))
async def test_what_is_no_report_is_refused_and_not_stored(inbox: Inbox, row: Posted) -> None:
    found = await inbox.ask(row)
    assert found.status == row.status
    assert ("Allow" in dict(found.headers)) is (row.status == 405)
    assert await inbox.stored() == {}


@pytest.mark.parametrize("target", ["/x", "//", "/.well-known/mta-sts.txt", "/%2f", "/mail/1"])
async def test_a_report_at_another_path_is_not_stored(inbox: Inbox, target: str) -> None:
    assert (await inbox.ask(TAKEN[0], target)).status == 404
    assert await inbox.stored() == {}


async def test_the_largest_report_is_taken_and_none_larger(inbox: Inbox) -> None:
    largest = b"\x1f\x8b" + bytes(BODY_MAX_BYTES - 2)
    assert (await inbox.ask(Posted("largest", largest, 201))).status == 201
    assert (await inbox.ask(Posted("larger", largest + b"\0", 413))).status == 413
    assert len(await inbox.stored()) == 1


async def test_a_body_of_unstated_size_is_read_to_the_bound_and_no_further(inbox: Inbox) -> None:
    (port,) = inbox.runtime.ports.values()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nX-Forwarded-Proto: https\r\n"
    writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
    chunk = b"\x1f\x8b" * (64 * 1024)
    answer = asyncio.create_task(reader.readline())
    with contextlib.suppress(ConnectionError):  # it hangs up after its answer
        while not answer.done():  # for ever, if nobody says that it is enough
            writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            await writer.drain()
    assert b" 413 " in await answer
    writer.close()
    assert await inbox.stored() == {}


async def test_more_requests_than_the_limit_are_told_to_come_later(inbox: Inbox) -> None:
    await inbox.serve(2)
    rows = [Posted(str(each), b'{"of": %d}' % each, 201, JSON) for each in range(4)]
    found = [await inbox.ask(row) for row in rows]
    assert [each.status for each in found] == [201, 201, 429, 429]
    assert dict(found[-1].headers)["Retry-After"] == "60"
    assert len(await inbox.stored()) == 2


async def test_mail_is_stored_as_it_came_once(inbox: Inbox) -> None:
    raw = b"Subject: x\r\nContent-Type: text/plain\r\n\r\n8-bit \xe9\x00\n.\r\n"
    for _ in range(2):
        assert await inbox.mail(raw) == {"rejected": None}
    key = f"mail/{hashlib.sha256(raw).hexdigest()}.eml"
    assert await inbox.stored() == {key: (raw, {"sender": "r@sender.example"})}


async def test_a_mail_that_is_too_large_is_rejected_for_good(inbox: Inbox) -> None:
    # What Email Routing says of the size is not all that bounds it.
    answer = await inbox.mail(b"x" * (MAIL_MAX_BYTES + 1))
    assert answer == {"rejected": f"a message may have {MAIL_MAX_BYTES} bytes"}
    assert await inbox.stored() == {}
    assert await inbox.mail(b"x" * MAIL_MAX_BYTES) == {"rejected": None}
    assert len(await inbox.stored()) == 1


async def test_nothing_that_r2_refused_is_reported_as_stored(inbox: Inbox) -> None:
    raw = b"Subject: x\r\n\r\nhello\r\n"
    await in_thread(lambda: inbox.s3.delete_bucket(Bucket=BUCKET))
    found = await inbox.ask(TAKEN[0])
    assert (found.status, dict(found.headers)["Retry-After"]) == (503, "300")
    assert "error" in await inbox.mail(raw)
    await in_thread(lambda: inbox.s3.create_bucket(Bucket=BUCKET))
    assert (await inbox.ask(TAKEN[0])).status == 201
    assert await inbox.mail(raw) == {"rejected": None}
    assert len(await inbox.stored()) == 2
