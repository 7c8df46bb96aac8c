"""Convert between the JSON of the v4 API and the values of the account."""

from __future__ import annotations

import re
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any

from mtasts.localcloud.cloudflare.account import ACCOUNT_ID, NAME_SERVERS, Record
from mtasts.localcloud.cloudflare.bindings import R2Binding, RateLimitBinding
from mtasts.localcloud.cloudflare.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Collection

    from mtasts.localcloud.cloudflare.account import Bucket, Route, Script, Zone
    from mtasts.localcloud.cloudflare.bindings import Binding
    from mtasts.localcloud.cloudflare.email_routing import Rule
    from mtasts.localcloud.http1 import HttpRequest

_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
# The periods that a rate limit may have, in seconds (Workers docs, "Rate Limiting").
_PERIODS_SECONDS = (10, 60)


def multipart(request: HttpRequest) -> dict[str, bytes]:
    """The parts of a ``multipart/form-data`` request, by name and by file name."""
    head = f"Content-Type: {request.header('content-type')}\r\n\r\n".encode("latin-1")
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    found: dict[str, bytes] = {}
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        for name in (part.get_param("name", header="content-disposition"), part.get_filename()):
            if isinstance(name, str) and isinstance(content, bytes):
                found[name] = content
    return found


def read_binding(body: Any, buckets: Collection[str]) -> Binding:  # any JSON value
    """The binding that an upload describes.

    Raises:
        ApiError: its name or a value is not valid, its bucket is not in ``buckets``, or its type
            is not modelled.
    """
    name, kind = str(body["name"]), body["type"]
    if not _NAME.fullmatch(name):
        raise ApiError(400, 10021, f"Binding name '{name}' is not valid.")
    match kind:
        case "r2_bucket":
            bucket = str(body["bucket_name"])
            if bucket not in buckets:
                text = f"R2 bucket '{bucket}' not found. Please use a different name and try again."
                raise ApiError(400, 10085, text)
            return R2Binding(name, bucket)
        case "ratelimit":
            limit, period = int(body["simple"]["limit"]), int(body["simple"]["period"])
            if period not in _PERIODS_SECONDS or limit < 1:
                raise ApiError(400, 10021, f"binding {name}: period must be 10 or 60")
            return RateLimitBinding(name, str(body["namespace_id"]), limit, period)
    raise ApiError(400, 10021, f"The local API does not model bindings of type {kind}.")


def read_record(id_: str, body: Any) -> Record:  # any JSON value
    """The record that a request describes."""
    return Record(
        id_,
        str(body["name"]).rstrip(".").lower(),
        str(body["type"]),
        str(body["content"]),
        int(body["ttl"]),
        proxied=bool(body.get("proxied", False)),
        comment=str(body.get("comment") or ""),
        priority=None if body.get("priority") is None else int(body["priority"]),
    )


def show_record(found: Record) -> dict[str, Any]:
    """A record as the API shows it."""
    return {
        "id": found.id,
        "name": found.name,
        "type": found.type,
        "content": found.content,
        "ttl": found.ttl,
        "proxied": found.proxied,
        "proxiable": found.type in ("A", "AAAA", "CNAME"),
        "comment": found.comment or None,
        "tags": [],
        "meta": {"read_only": bool(found.worker), "email_routing": found.email},
        **({"priority": found.priority} if found.priority is not None else {}),
    }


def show_zone(found: Zone) -> dict[str, Any]:
    """A zone as the API shows it."""
    return {
        "id": found.id,
        "name": found.name,
        "status": found.status,
        "type": "full",
        "name_servers": list(NAME_SERVERS),
        "account": {"id": ACCOUNT_ID},
    }


def show_script(found: Script) -> dict[str, Any]:
    """A script as the API lists it."""
    return {"id": found.name, "tag": found.name, "compatibility_date": found.compatibility_date}


def show_route(found: Route) -> dict[str, Any]:
    """A route as the API shows it."""
    return {"id": found.id, "pattern": found.pattern, "script": found.script}


def show_bucket(found: Bucket) -> dict[str, Any]:
    """A bucket as the API shows it."""
    return {
        "name": found.name,
        "creation_date": found.created,
        "location": found.location,
        "storage_class": found.storage_class,
        "jurisdiction": "default",
    }


def show_rule(found: Rule) -> dict[str, Any]:
    """A rule of Email Routing as the API shows it."""
    return {
        "id": found.id,
        "tag": found.id,
        "name": found.name,
        "enabled": found.enabled,
        "priority": found.priority,
        "matchers": list(found.matchers),
        "actions": list(found.actions),
        "source": "api",
    }
