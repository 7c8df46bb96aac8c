"""Calls of the v4 API about R2's buckets; the objects in them have S3's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtasts.localcloud.cloudflare.account import ApiError
from mtasts.localcloud.cloudflare.calls import ACCOUNT, Call, Endpoints, ok

if TYPE_CHECKING:
    from mtasts.localcloud.http1 import HttpResponse

R2 = Endpoints()
_BUCKETS = rf"{ACCOUNT}/r2/buckets"
_BUCKET = rf"{_BUCKETS}/(?P<name>[^/]+)"
_WRITE, _READ = "Workers R2 Storage Write", "Workers R2 Storage Read"


@R2.on("POST", _BUCKETS, _WRITE)
async def _bucket_make(call: Call) -> HttpResponse:
    name = call.body["name"]
    if name in call.account.buckets:
        text = "The bucket you tried to create already exists, and you own it."
        raise ApiError(409, 10004, text)
    await call.backing.create_bucket(name)
    call.account.buckets[name] = {"location": call.body.get("locationHint", "")}
    return ok({"name": name, **call.account.buckets[name]})


@R2.on("GET", _BUCKET, _READ)
async def _bucket_get(call: Call) -> HttpResponse:
    return ok({"name": call.parts["name"], **_bucket(call)})


@R2.on("GET", rf"{_BUCKET}/lock", _READ)
async def _lock_get(call: Call) -> HttpResponse:
    return ok({"rules": _bucket(call).get("rules", [])})


@R2.on("PUT", rf"{_BUCKET}/lock", _WRITE)
async def _lock_put(call: Call) -> HttpResponse:
    _bucket(call)["rules"] = list(call.body["rules"])
    return ok({})


def _bucket(call: Call) -> dict[str, Any]:
    if call.parts["name"] not in call.account.buckets:
        raise ApiError(404, 10006, "The specified bucket does not exist.")
    return call.account.buckets[call.parts["name"]]
