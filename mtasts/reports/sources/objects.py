"""Objects below a prefix of a bucket: S3, and R2 by its S3 API."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mtasts.errors import UndeterminedError
from mtasts.findings import printable
from mtasts.reports.sources.source import Fetched, FetchError, GoneError, Listed, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.response import StreamingBody

# Where the endpoint of the inbox stores what is posted to it (components/aws/inbox_endpoint.py).
_POSTED = "https/"
_CHUNK_BYTES = 256 * 1024
# The SDK limits the time between two bytes, not the time of the whole body.
_BODY_SECONDS = 120.0


class ObjectSource:
    """The objects below one prefix.

    ``client`` gives an S3 client of botocore, which has time-outs and bounded retries of its own;
    ``owner`` the parameters that make S3 refuse a bucket of another account.
    """

    is_remote = True

    def __init__(
        self,
        name: str,
        bucket: str,
        prefix: str,
        client: Callable[[], Any],
        *,
        owner: Callable[[], Mapping[str, str]] = dict,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use the bucket; nothing is called yet. ``name`` is the address, such as s3://b/p."""
        self.name = name
        self._scheme = name.partition(":")[0]
        self._bucket = bucket
        self._prefix = prefix
        self._client = client
        self._owner = owner
        self._clock = clock

    def keys(self, cursor: str) -> Iterator[Listed]:
        """Every object, in the order of the keys; SES gives random ones."""
        del cursor
        with _errors(SourceError, self.name):
            pages = iter(
                self._client()
                .get_paginator("list_objects_v2")
                .paginate(Bucket=self._bucket, Prefix=self._prefix, **self._owner())
            )
        while True:
            with _errors(SourceError, self.name):
                page = next(pages, None)
            if page is None:
                return
            for each in page.get("Contents", ()):
                # A console shows an empty object of such a name as a folder.
                if not (each["Key"].endswith("/") and each["Size"] == 0):
                    yield self._listed(each)

    def _listed(self, row: Mapping[str, Any]) -> Listed:
        key = row["Key"]
        address = f"{self._scheme}://{self._bucket}/{printable(key, 600)}"
        return Listed(key, address, row["Size"], str(row.get("ETag", "")))

    def fetch(self, listed: Listed, limit: int) -> Fetched:
        """One object; the time is that of its last change, so of its arrival."""
        with _errors(FetchError, listed.address):
            answer = self._client().get_object(Bucket=self._bucket, Key=listed.key, **self._owner())
            raw = self._read(answer["Body"], limit)
        received = answer["LastModified"].astimezone(dt.UTC)
        return Fetched(raw, received, is_posted=listed.key.startswith(_POSTED))

    def _read(self, body: StreamingBody, limit: int) -> bytes:
        """At most ``limit`` bytes and one more; each read has a time-out, and all have one end.

        Raises:
            UndeterminedError: it did not end in time.
        """
        end = self._clock() + _BODY_SECONDS
        found = bytearray()
        try:
            while len(found) <= limit:
                chunk = body.read(min(_CHUNK_BYTES, limit + 1 - len(found)))
                if not chunk:
                    break
                found += chunk
                if self._clock() > end:
                    raise UndeterminedError(f"it did not end within {_BODY_SECONDS:.0f} s")
        finally:
            body.close()
        return bytes(found)

    def close(self) -> None:
        """Nothing: botocore closes its connections."""


@contextmanager
def _errors(kind: type[UndeterminedError], what: str) -> Iterator[None]:
    """Errors of botocore and the account, as ours.

    Raises:
        GoneError: the object was deleted meanwhile.
        UndeterminedError: of the type ``kind``: the cloud refused or did not answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # a quarter of a second

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if kind is FetchError and code in ("NoSuchKey", "404"):
            raise GoneError(f"{what} was deleted meanwhile") from error
        raise kind(f"{what}: {printable(str(error), 300)}") from error
    except (BotoCoreError, UndeterminedError, OSError) as error:
        raise kind(f"{what}: {printable(str(error), 300)}") from error
