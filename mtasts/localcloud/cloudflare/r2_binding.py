"""The HTTP server that answers R2 bindings: workerd asks it what a Worker asks of a bucket.

workerd sends the operation as JSON: in the header ``CF-R2-Request``, or in the first
``CF-R2-Metadata-Size`` bytes of the body. A response begins with JSON in the same way, and an error
is JSON in ``CF-R2-Error`` (``r2-rpc.c++`` in workerd's source).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mtasts.localcloud.cloudflare.r2 import R2Error, not_modelled
from mtasts.localcloud.http1 import HttpRequest, HttpResponse, Limits, Listener
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from mtasts.localcloud.cloudflare.r2 import R2

# workerd's configuration puts the name of the bucket into every request.
BUCKET_HEADER = "X-Local-Bucket"
# 100 MB, the limit for a request to a Worker (Workers docs, "Request and response limits"), and
# 1 MB for the JSON.
_LIMITS = Limits(body_bytes=101 * 1024 * 1024, idle_seconds=60)


class R2Server:
    """The server that answers the R2 bindings of all Workers."""

    def __init__(self, r2: R2) -> None:
        """Make the server; `start` makes it listen."""
        self._r2 = r2
        self._listener = Listener(self._respond, _LIMITS)
        self.address = ""

    async def start(self) -> None:
        """Listen on a free port."""
        self.address = (await self._listener.start()).removeprefix("http://")

    async def stop(self) -> None:
        """Stop listening and end open connections."""
        await self._listener.stop()

    async def _respond(self, request: HttpRequest) -> HttpResponse:
        try:
            operation, body = _read(request)
            bucket = request.header(BUCKET_HEADER.lower())
            found, content = await in_thread(self._act, bucket, operation, body)
        except R2Error as error:
            fault = {"version": 1, "v4code": error.code, "message": error.message}
            headers = (("CF-R2-Error", json.dumps(fault)),)
            return _answer(error.status, error.found, b"", headers)
        return _answer(200, found, content)

    def _act(self, bucket: str, operation: dict[str, Any], body: bytes) -> tuple[object, bytes]:
        match operation.get("method"):
            case "head":
                return self._r2.head(bucket, operation), b""
            case "get":
                return self._r2.get(bucket, operation)
            case "put":
                return self._r2.put(bucket, operation, body), b""
            case "delete":
                self._r2.delete(bucket, operation)
                return {}, b""
            case "list":
                return self._r2.list(bucket, operation), b""
        raise not_modelled(f"operation {operation.get('method')}")


def _read(request: HttpRequest) -> tuple[dict[str, Any], bytes]:
    """The JSON of the operation, and the body that follows it."""
    raw, size = request.header("cf-r2-request").encode("latin-1"), 0
    if not raw:
        size = int(request.header("cf-r2-metadata-size") or 0)
        raw = request.body[:size]
    try:
        found = json.loads(raw)
    except ValueError as error:
        raise R2Error(400, 10029, "Metadata missing or invalid") from error
    return found, request.body[size:]


def _answer(
    status: int, found: object, content: bytes, headers: tuple[tuple[str, str], ...] = ()
) -> HttpResponse:
    raw = b"" if found is None else json.dumps(found).encode("ascii")
    size = (("CF-R2-Metadata-Size", str(len(raw))),) if raw else ()
    return HttpResponse(status, (*size, *headers), raw + content)
