"""How the v4 API reads what it is sent, and shows what the account holds."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any

from mtasts.localcloud.cloudflare.account import ACCOUNT_ID, NAME_SERVERS, Record

if TYPE_CHECKING:
    from mtasts.localcloud.cloudflare.account import Route, Script, Zone
    from mtasts.localcloud.http1 import HttpRequest


def multipart(request: HttpRequest) -> dict[str, bytes]:
    """The parts of a form by name; modules are found by their file name too."""
    head = f"Content-Type: {request.header('content-type')}\r\n\r\n".encode("latin-1")
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    found: dict[str, bytes] = {}
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        for name in (part.get_param("name", header="content-disposition"), part.get_filename()):
            if isinstance(name, str) and isinstance(content, bytes):
                found[name] = content
    return found


def read_record(id_: str, body: Any) -> Record:  # any JSON value
    """The record that a request asks for."""
    return Record(
        id_,
        str(body["name"]).rstrip(".").lower(),
        str(body["type"]),
        str(body["content"]),
        int(body["ttl"]),
        proxied=bool(body.get("proxied", False)),
        comment=str(body.get("comment") or ""),
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
        "meta": {"read_only": bool(found.worker)},
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
