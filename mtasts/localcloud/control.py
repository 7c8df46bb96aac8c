"""The control interface of a local cloud: sets faults, and shows caches and received mail.

It is HTTP with JSON on loopback. A field that is not known is refused by name; otherwise a misspelt
fault would look like no fault.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from mtasts.findings import printable
from mtasts.localcloud.authority import Certificate
from mtasts.localcloud.cloudflare.api import PERMISSIONS, Faults
from mtasts.localcloud.delegations import Provider
from mtasts.localcloud.dns import DnsFault, Outcome
from mtasts.localcloud.edge_response import EdgeFault
from mtasts.localcloud.http1 import HttpRequest, HttpResponse, Limits, Listener
from mtasts.localcloud.mail import Flavour
from mtasts.localcloud.throttling import ANSWERS, Rate, Throttle
from mtasts.names import DomainNameError, parse_domain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mtasts.localcloud.cloudflare.servers import CloudflareServers
    from mtasts.localcloud.dns import DnsServer
    from mtasts.localcloud.edge import Edge
    from mtasts.localcloud.mail import MailServers

_LIMITS = Limits(body_bytes=256 * 1024, idle_seconds=10)


class Servers(Protocol):
    """The servers that the control interface acts on."""

    edge: Edge
    dns: DnsServer
    mail: MailServers
    cloudflare: CloudflareServers
    throttle: Throttle

    async def add_stacks(self, folder: Path) -> None:
        """Add zones and mail hosts for the domains of the stack files in ``folder``."""

    def delegate(self, zone: str, to: Provider) -> None:
        """Delegate the name ``zone`` to the zone of that name at the provider ``to``."""


class _BadRequestError(Exception):
    """The request cannot be understood; the text says why."""


class ControlServer:
    """The HTTP server of the control interface; a request takes effect before its response."""

    def __init__(self, servers: Servers) -> None:
        """Make the server; `start` makes it listen."""
        self._servers = servers
        self._listener = Listener(self._respond, _LIMITS)
        self.url = ""

    async def start(self) -> None:
        """Listen on a free port."""
        self.url = await self._listener.start()

    async def stop(self) -> None:
        """Stop listening and end open connections."""
        await self._listener.stop()

    async def _respond(self, request: HttpRequest) -> HttpResponse:
        if request.header("host") != self.url.removeprefix("http://"):
            # A web page could have its own host name resolve to 127.0.0.1 (DNS rebinding), and so
            # send requests here; its Host header gives it away.
            return _json(HTTPStatus.FORBIDDEN, {"error": "use the address in cloud.json"})
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        try:
            found = await self._act(request.method, parts, _body(request))
        except (_BadRequestError, DomainNameError, ValueError, RecursionError) as error:
            return _json(HTTPStatus.BAD_REQUEST, {"error": printable(str(error), 300)})
        if found is None:
            return _json(HTTPStatus.NOT_FOUND, {"error": "no such thing here"})
        return _json(HTTPStatus.OK, found)

    async def _act(self, method: str, parts: list[str], body: dict[str, Any]) -> object:
        """Do what the request asks; the JSON to answer, or None if the path is not known."""
        found: object = None
        match method, parts:
            case "GET", ["health"]:
                found = {"ok": True}
            case "GET", ["edge", "cache"]:
                found = self._servers.edge.contents()
            case (("GET" | "PUT" | "DELETE"), ["edge", "faults", host]):
                found = self._edge_fault(method, parse_domain(host), body)
            case (("GET" | "PUT" | "DELETE"), ["dns", *path]):
                found = self._dns(method, path, body)
            case _, ["mail", *path]:
                found = self._mail(method, path, body)
            case (("GET" | "PUT"), ["aws", "rates"]):
                found = self._rates(method, body)
            case (("GET" | "PUT"), ["cloudflare", "faults"]):
                found = self._api_faults(method, body)
            case "POST", ["world"]:
                fields = _read({"stacks": None} | body, {"stacks": _text})
                await self._servers.add_stacks(Path(fields["stacks"]))
                found = {}
        return found

    def _edge_fault(self, method: str, host: str, body: dict[str, Any]) -> object:
        edge = self._servers.edge
        if method == "PUT":
            edge.set_fault(host, edge_fault_from_json(body))
        elif method == "DELETE":
            edge.clear_fault(host)
        return edge_fault_as_json(edge.faults.get(host, EdgeFault()))

    def _dns(self, method: str, path: list[str], body: dict[str, Any]) -> object:
        match method, path:
            case "PUT", ["delegations", zone]:
                fields = _read({"to": None} | body, {"to": Provider})
                self._servers.delegate(parse_domain(zone), fields["to"])
                return fields
            case _, ["faults", name, type_]:
                return self._dns_fault(method, name.rstrip(".").lower(), type_.upper(), body)
        return None

    def _dns_fault(self, method: str, name: str, type_: str, body: dict[str, Any]) -> object:
        faults = self._servers.dns.faults
        if method == "PUT":
            faults[name, type_] = DnsFault(**_read(body, _DNS_FIELDS))
        elif method == "DELETE":
            faults.pop((name, type_), None)
        return dns_fault_as_json(faults.get((name, type_), DnsFault()))

    def _api_faults(self, method: str, body: dict[str, Any]) -> object:
        """Set or read the faults of Cloudflare's API; a field that is left out makes no fault."""
        api = self._servers.cloudflare.api
        if method == "PUT":
            api.faults = Faults(**_read(body, _API_FIELDS))
        return {"rate_limited": api.faults.rate_limited, "lacking": sorted(api.faults.lacking)}

    def _mail(self, method: str, path: list[str], body: dict[str, Any]) -> object:
        match method, path:
            case "GET", ["messages"]:
                return [asdict(message) for message in self._servers.mail.messages]
            case "DELETE", ["messages"]:
                self._servers.mail.messages.clear()
                return {}
            case (("GET" | "PUT"), [host]):
                return self._flavour(method, parse_domain(host), body)
        return None

    def _rates(self, method: str, body: dict[str, Any]) -> object:
        """Set or read the rates by AWS service, with the number of calls refused since then."""
        throttle = self._servers.throttle
        if method == "PUT":
            throttle.set(_read(body, dict.fromkeys(ANSWERS, _rate)))
        rates = {name: asdict(each) for name, each in throttle.rates.items()}
        return {"rates": rates, "refused": dict(throttle.refused)}

    def _flavour(self, method: str, host: str, body: dict[str, Any]) -> object:
        flavours = self._servers.mail.flavours
        if host not in flavours:
            return None
        if method == "PUT":
            flavours[host] = _read({"flavour": None} | body, {"flavour": Flavour})["flavour"]
        return {"flavour": flavours[host]}


def _body(request: HttpRequest) -> dict[str, Any]:
    body = json.loads(request.body) if request.body else {}
    if not isinstance(body, dict):
        raise _BadRequestError("the body is not a JSON object")
    return body


def _json(status: HTTPStatus, value: object) -> HttpResponse:
    body = json.dumps(value).encode("ascii") + b"\n"
    return HttpResponse(status, (("Content-Type", "application/json"),), body)


def _read(
    body: Mapping[str, object], fields: Mapping[str, Callable[[Any], object]]
) -> dict[str, Any]:
    """The fields of ``body``, each converted by the function that ``fields`` has for it.

    Raises:
        _BadRequestError: a field is not known, or a function refuses its value.
    """
    unknown = body.keys() - fields.keys()
    if unknown:
        raise _BadRequestError(
            f"unknown field {min(unknown)!r}; the fields are {', '.join(fields)}"
        )
    try:
        return {name: fields[name](value) for name, value in body.items()}
    except (TypeError, ValueError, AttributeError) as error:
        raise _BadRequestError(f"a field has a wrong value: {error}") from error


def _text(value: object) -> str:
    if not isinstance(value, str) or "\n" in value or "\r" in value:
        raise ValueError(f"{value!r} is not one line of text")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _seconds(value: Any) -> float:  # any JSON value
    if not 0 <= value <= 60:
        raise ValueError(f"{value!r} is not between 0 and 60 seconds")
    return float(value)


def _rate(value: Any) -> Rate:  # any JSON value
    fields = _read({"per_second": None, "burst": None} | value, _RATE_FIELDS)
    return Rate(**fields)


def _permission(value: object) -> str:
    if value not in PERMISSIONS:
        raise ValueError(f"{value!r} is not one of {', '.join(sorted(PERMISSIONS))}")
    return str(value)


def _status(value: Any) -> int:  # any JSON value
    if not isinstance(value, int) or not 200 <= value <= 599:
        raise ValueError(f"{value!r} is not an HTTP status from 200 to 599")
    return value


_EDGE_FIELDS: Mapping[str, Callable[[Any], object]] = {
    "stale": _flag,
    "points": lambda value: None if value is None else tuple(int(number) for number in value),
    "status": _status,
    "location": _text,
    "body": lambda value: value.encode("utf-8"),
    "headers": lambda value: tuple((_text(name), _text(each)) for name, each in value.items()),
    "delay_seconds": _seconds,
    "certificate": Certificate,
    "origin_status": _status,
}
_API_FIELDS: Mapping[str, Callable[[Any], object]] = {
    "rate_limited": lambda value: range(1000).index(value),
    "lacking": lambda value: frozenset(map(_permission, value)),
}
_RATE_FIELDS: Mapping[str, Callable[[Any], object]] = {
    "per_second": lambda value: max(float(value), 0.1),
    "burst": lambda value: range(1, 1001).index(value) + 1,
}
_DNS_FIELDS: Mapping[str, Callable[[Any], object]] = {
    "outcome": Outcome,
    "delay_seconds": _seconds,
    "ttl_seconds": int,
    "records": lambda value: tuple(_text(each) for each in value),
}


def edge_fault_from_json(body: Mapping[str, object]) -> EdgeFault:
    """Read a fault of the edge; a field that is left out makes no fault."""
    return EdgeFault(**_read(body, _EDGE_FIELDS))


def edge_fault_as_json(fault: EdgeFault) -> dict[str, object]:
    """A fault of the edge as JSON values, without the fields that have their defaults."""
    plain = _without_defaults(fault)
    if fault.body is not None:
        plain["body"] = fault.body.decode("utf-8", "replace")
    if fault.headers:
        plain["headers"] = dict(fault.headers)
    return plain


def dns_fault_as_json(fault: DnsFault) -> dict[str, object]:
    """A fault of DNS as JSON values, without the fields that have their defaults."""
    return _without_defaults(fault)


def _without_defaults(fault: EdgeFault | DnsFault) -> dict[str, object]:
    normal = asdict(type(fault)())
    return {name: value for name, value in asdict(fault).items() if value != normal[name]}
