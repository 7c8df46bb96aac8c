"""Calls of the v4 API about R2 buckets; their objects are read and written over S3's API."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from mtasts.localcloud.cloudflare.account import Bucket
from mtasts.localcloud.cloudflare.calls import ACCOUNT, Call, Endpoints, ok
from mtasts.localcloud.cloudflare.errors import ApiError
from mtasts.localcloud.cloudflare.shapes import show_bucket

if TYPE_CHECKING:
    from mtasts.localcloud.http1 import HttpResponse

R2 = Endpoints()
_BUCKETS = rf"{ACCOUNT}/r2/buckets"
_BUCKET = rf"{_BUCKETS}/(?P<name>[^/]+)"
_WRITE, _READ = "Workers R2 Storage Write", "Workers R2 Storage Read"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


@R2.on("POST", _BUCKETS, _WRITE)
async def _bucket_make(call: Call) -> HttpResponse:
    name = call.body["name"]
    if not _NAME.fullmatch(name):
        raise ApiError(400, 10005, "The specified bucket name is not valid.")
    if name in call.account.buckets:
        text = "The bucket you tried to create already exists, and you own it."
        raise ApiError(409, 10004, text)
    await call.backing.create_bucket(name)
    made = Bucket(
        name,
        dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        location=call.body.get("locationHint", ""),
        storage_class=call.body.get("storageClass", "Standard"),
    )
    call.account.buckets[name] = made
    return ok(show_bucket(made))


@R2.on("GET", _BUCKET, _READ)
async def _bucket_get(call: Call) -> HttpResponse:
    return ok(show_bucket(_bucket(call)))


@R2.on("DELETE", _BUCKET, _WRITE)
async def _bucket_delete(call: Call) -> HttpResponse:
    """Refuse a bucket that has objects, or that does not exist."""
    found = _bucket(call)
    await call.backing.remove_bucket(found.name)
    del call.account.buckets[found.name]
    return ok({})


@R2.on("GET", rf"{_BUCKET}/lock", _READ)
async def _lock_get(call: Call) -> HttpResponse:
    return ok({"rules": _bucket(call).lock})


@R2.on("PUT", rf"{_BUCKET}/lock", _WRITE)
async def _lock_put(call: Call) -> HttpResponse:
    _bucket(call).lock = list(call.body["rules"])
    return ok({})


@R2.on("GET", rf"{_BUCKET}/lifecycle", _READ)
async def _lifecycle_get(call: Call) -> HttpResponse:
    return ok({"rules": _bucket(call).lifecycle})


@R2.on("PUT", rf"{_BUCKET}/lifecycle", _WRITE)
async def _lifecycle_put(call: Call) -> HttpResponse:
    """Replace all rules, including the one that R2 gives a new bucket."""
    rules = list(call.body["rules"])
    if len({each["id"] for each in rules}) < len(rules):
        raise ApiError(400, 10021, "Lifecycle rule ids must be unique")
    _bucket(call).lifecycle = rules
    return ok({})


def _bucket(call: Call) -> Bucket:
    if call.parts["name"] not in call.account.buckets:
        raise ApiError(404, 10006, "The specified bucket does not exist.")
    return call.account.buckets[call.parts["name"]]
