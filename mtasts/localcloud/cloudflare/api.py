"""The v4 API of the local cloud's Cloudflare account, over HTTP on loopback.

It answers what the provider and the toolkit ask for, with Cloudflare's envelope, status and codes,
its refusals among them: a rate limit, a zone that is not there, a token that lacks a permission.
It is long because it is one table: a short function a route, in the order of the API's own pages.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, unquote

from mtasts.findings import printable
from mtasts.localcloud.cloud import CLOUDFLARE_TOKEN
from mtasts.localcloud.cloudflare.account import (
    ACCOUNT_ID,
    WORKERS_DEV,
    Account,
    ApiError,
    CustomDomain,
    Script,
)
from mtasts.localcloud.cloudflare.shapes import (
    multipart,
    read_record,
    show_record,
    show_route,
    show_script,
    show_zone,
)
from mtasts.localcloud.cloudflare.workerd import WorkerdError
from mtasts.localcloud.http1 import HttpRequest, HttpResponse, Limits, Listener

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    _Act = Callable[["Api", "_Call"], Awaitable[HttpResponse]]

TOKEN_ID = "ed17574386854bf78a67040be0a770b0"  # as above
_LIMITS = Limits(body_bytes=4 * 1024 * 1024, idle_seconds=10)
_PER_PAGE = 50


@dataclass(slots=True)
class Faults:
    """What goes wrong: so many next requests are too many, and what the token may not do."""

    rate_limited: int = 0
    lacking: frozenset[str] = field(default_factory=frozenset)


class Backing(Protocol):
    """What the API needs besides the account."""

    async def upload(self, name: str, source: str, main: str, date: str) -> Script:
        """Have the runtime take a script; raises `WorkerdError` for what is none."""

    async def create_bucket(self, name: str) -> None:
        """Make the bucket whose objects S3's API serves."""


@dataclass(frozen=True, slots=True)
class _Call:
    parts: dict[str, str]
    query: dict[str, str]
    body: Any
    request: HttpRequest


_ZONE = r"/zones/(?P<zone>[^/]+)"
_ACCOUNT = r"/accounts/(?P<account>[^/]+)"
_SCRIPT = rf"{_ACCOUNT}/workers/scripts/(?P<name>[^/]+)"
_DOMAINS = rf"{_ACCOUNT}/workers/domains"
_BUCKETS = rf"{_ACCOUNT}/r2/buckets"
_BUCKET = rf"{_BUCKETS}/(?P<name>[^/]+)"
_RECORDS = rf"{_ZONE}/dns_records"
_ROUTE = rf"{_ZONE}/workers/routes"
_READ_ROUTES, _WRITE_ROUTES = "Workers Routes Read", "Workers Routes Write"
_WORKERS, _READ_WORKERS = "Workers Scripts Write", "Workers Scripts Read"
_DNS, _READ_DNS = "DNS Write", "DNS Read"
_R2, _READ_R2 = "Workers R2 Storage Write", "Workers R2 Storage Read"

_ROUTES: list[tuple[str, re.Pattern[str], str, _Act]] = []


def _route(method: str, path: str, right: str) -> Callable[[_Act], _Act]:
    """Answer such requests with the function, if the token has that permission."""

    def add(act: _Act) -> _Act:
        _ROUTES.append((method, re.compile(path), right, act))
        return act

    return add


class Api:
    """The server."""

    def __init__(self, account: Account, backing: Backing) -> None:
        """Make the server; `start` makes it listen."""
        self._account = account
        self._backing = backing
        self._listener = Listener(self._respond, _LIMITS)
        self.faults = Faults()
        self.url = ""

    async def start(self) -> None:
        """Listen on a free port."""
        self.url = f"{await self._listener.start()}/client/v4"

    async def stop(self) -> None:
        """Stop listening and cut what is connected."""
        await self._listener.stop()

    async def _respond(self, request: HttpRequest) -> HttpResponse:
        try:
            return await self._act(request)
        except ApiError as error:
            return _envelope(error.status, None, [(error.code, error.message)])
        except WorkerdError as error:
            return _envelope(400, None, [(10021, printable(str(error), 300))])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            return _envelope(400, None, [(6003, printable(f"Invalid request: {error}", 300))])

    async def _act(self, request: HttpRequest) -> HttpResponse:
        if self.faults.rate_limited > 0:
            self.faults.rate_limited -= 1
            text = "Please wait and consider throttling your request speed"
            return _envelope(429, None, [(971, text)], (("Retry-After", "1"),))
        if request.header("authorization") != f"Bearer {CLOUDFLARE_TOKEN}":
            raise ApiError(403, 9109, "Invalid access token")
        path = request.path.removeprefix("/client/v4")
        for method, pattern, permission, act in _ROUTES:
            found = pattern.fullmatch(path) if method == request.method else None
            if found is None:
                continue
            if permission in self.faults.lacking:
                raise ApiError(403, 10000, "Authentication error")
            parts = {key: unquote(value) for key, value in found.groupdict().items()}
            if parts.pop("account", ACCOUNT_ID) != ACCOUNT_ID:
                raise ApiError(404, 7003, f"Could not route to {path}")
            query = {key: values[0] for key, values in parse_qs(_query(request)).items()}
            return await act(self, _Call(parts, query, _body(request), request))
        raise ApiError(404, 7000, f"No route for that URI: {request.method} {printable(path)}")

    @_route("GET", "/user/tokens/verify", "")
    async def _verify(self, _: _Call) -> HttpResponse:
        return _ok({"id": TOKEN_ID, "status": "active"})

    @_route("GET", rf"/user/tokens/{TOKEN_ID}", "API Tokens Read")
    async def _token(self, _: _Call) -> HttpResponse:
        rights = {right for _, _, right, _ in _ROUTES if right} - self.faults.lacking
        groups = [{"id": name.lower(), "name": name} for name in sorted(rights)]
        policy = {"effect": "allow", "resources": {}, "permission_groups": groups}
        return _ok({"id": TOKEN_ID, "status": "active", "policies": [policy]})

    @_route("GET", "/zones", "Zone Read")
    async def _zones(self, call: _Call) -> HttpResponse:
        wanted = call.query.get("name")
        rows = [z for z in self._account.zones.values() if wanted in (None, z.name)]
        rows.sort(key=lambda zone: zone.name)
        page = int(call.query.get("page", "1"))
        shown = rows[(page - 1) * _PER_PAGE : page * _PER_PAGE]
        pages = max(1, -(-len(rows) // _PER_PAGE))
        info = {"page": page, "per_page": _PER_PAGE, "total_pages": pages, "count": len(shown)}
        return _ok([show_zone(each) for each in shown], result_info=info)

    @_route("GET", _ZONE, "Zone Read")
    async def _zone(self, call: _Call) -> HttpResponse:
        return _ok(show_zone(self._account.zone(call.parts["zone"])))

    @_route("DELETE", _ZONE, "Zone Write")
    async def _zone_gone(self, call: _Call) -> HttpResponse:
        self._account.remove_zone(call.parts["zone"])
        return _ok({"id": call.parts["zone"]})

    @_route("GET", rf"{_ZONE}/settings/(?P<name>[^/]+)", "Zone Settings Read")
    async def _setting(self, call: _Call) -> HttpResponse:
        zone = self._account.zone(call.parts["zone"])
        name = call.parts["name"]
        if name not in zone.settings:
            raise ApiError(404, 1003, f"Undefined zone setting: {name}")
        return _ok({"id": name, "value": zone.settings[name], "editable": True})

    @_route("PATCH", rf"{_ZONE}/settings/(?P<name>[^/]+)", "Zone Settings Write")
    async def _setting_put(self, call: _Call) -> HttpResponse:
        zone = self._account.zone(call.parts["zone"])
        if call.parts["name"] not in zone.settings:
            raise ApiError(404, 1003, f"Undefined zone setting: {call.parts['name']}")
        zone.settings[call.parts["name"]] = call.body["value"]
        return _ok({"id": call.parts["name"], "value": call.body["value"]})

    @_route("GET", rf"{_ZONE}/bot_management", "Bot Management Read")
    async def _bots(self, call: _Call) -> HttpResponse:
        return _ok(self._account.zone(call.parts["zone"]).bots)

    @_route("GET", rf"{_ZONE}/rulesets/phases/(?P<phase>[^/]+)/entrypoint", "Zone WAF Read")
    async def _rules(self, call: _Call) -> HttpResponse:
        zone = self._account.zone(call.parts["zone"])
        phase = call.parts["phase"]
        if not (rules := zone.rules.get(phase)):
            raise ApiError(404, 10000, "could not find entrypoint ruleset")
        return _ok({"phase": phase, "rules": rules})

    @_route("GET", rf"{_ZONE}/ssl/certificate_packs", "SSL and Certificates Read")
    async def _packs(self, call: _Call) -> HttpResponse:
        zone = self._account.zone(call.parts["zone"])
        hosts = [zone.name, f"*.{zone.name}"]
        return _ok([{"type": "universal", "status": "active", "hosts": hosts}])

    @_route("GET", _RECORDS, _READ_DNS)
    async def _records(self, call: _Call) -> HttpResponse:
        zone = self._account.zone(call.parts["zone"])
        name, type_ = call.query.get("name"), call.query.get("type")
        rows = [
            show_record(each)
            for each in zone.records.values()
            if name in (None, each.name) and type_ in (None, each.type)
        ]
        return _ok(rows, result_info={"page": 1, "total_pages": 1, "count": len(rows)})

    @_route("POST", _RECORDS, _DNS)
    async def _record_make(self, call: _Call) -> HttpResponse:
        zone = self._account.zone(call.parts["zone"])
        wanted = read_record(uuid.uuid4().hex, call.body)
        return _ok(show_record(self._account.add_record(zone, wanted)))

    @_route("GET", rf"{_RECORDS}/(?P<id>[^/]+)", _READ_DNS)
    async def _record_get(self, call: _Call) -> HttpResponse:
        zone = self._account.zone(call.parts["zone"])
        return _ok(show_record(self._account.record(zone, call.parts["id"])))

    @_route("PUT", rf"{_RECORDS}/(?P<id>[^/]+)", _DNS)
    async def _record_put(self, call: _Call) -> HttpResponse:
        zone = self._account.zone(call.parts["zone"])
        found = self._account.record(zone, call.parts["id"])
        if found.worker:
            raise ApiError(403, 1043, "This DNS record is managed by Workers.")
        wanted = read_record(found.id, call.body)
        return _ok(show_record(self._account.add_record(zone, wanted, replacing=found.id)))

    @_route("DELETE", rf"{_RECORDS}/(?P<id>[^/]+)", _DNS)
    async def _record_delete(self, call: _Call) -> HttpResponse:
        zone = self._account.zone(call.parts["zone"])
        self._account.remove_record(zone, call.parts["id"])
        return _ok({"id": call.parts["id"]})

    @_route("GET", rf"{_ACCOUNT}/workers/subdomain", _READ_WORKERS)
    async def _dev(self, _: _Call) -> HttpResponse:
        return _ok({"subdomain": WORKERS_DEV.partition(".")[0]})

    @_route("GET", rf"{_ACCOUNT}/workers/scripts", _READ_WORKERS)
    async def _scripts(self, _: _Call) -> HttpResponse:
        return _ok([show_script(each) for each in self._account.scripts.values()])

    @_route("PUT", _SCRIPT, _WORKERS)
    async def _script_put(self, call: _Call) -> HttpResponse:
        files = multipart(call.request)
        metadata = json.loads(files["metadata"])
        main = metadata["main_module"]
        source = files[main].decode("utf-8")
        date = metadata.get("compatibility_date", "")
        made = await self._backing.upload(call.parts["name"], source, main, date)
        return _ok(show_script(made))

    @_route("GET", _SCRIPT, _READ_WORKERS)
    async def _script_get(self, call: _Call) -> HttpResponse:
        script = self._account.script(call.parts["name"])
        source = script.versions[-1].source
        media_type = (("Content-Type", "application/javascript+module"),)
        return HttpResponse(200, media_type, source.encode("utf-8"))

    @_route("GET", rf"{_SCRIPT}/settings", _READ_WORKERS)
    async def _script_settings(self, call: _Call) -> HttpResponse:
        script = self._account.script(call.parts["name"])
        return _ok({"compatibility_date": script.compatibility_date, "bindings": []})

    @_route("DELETE", _SCRIPT, _WORKERS)
    async def _script_delete(self, call: _Call) -> HttpResponse:
        force = call.query.get("force") == "true"
        self._account.remove_script(call.parts["name"], force=force)
        return _ok(None)

    @_route("GET", rf"{_SCRIPT}/subdomain", _READ_WORKERS)
    async def _subdomain_get(self, call: _Call) -> HttpResponse:
        script = self._account.script(call.parts["name"])
        return _ok({"enabled": script.subdomain, "previews_enabled": False})

    @_route("POST", rf"{_SCRIPT}/subdomain", _WORKERS)
    async def _subdomain_put(self, call: _Call) -> HttpResponse:
        script = self._account.script(call.parts["name"])
        script.subdomain = bool(call.body["enabled"])
        return _ok({"enabled": script.subdomain, "previews_enabled": False})

    @_route("GET", _ROUTE, _READ_ROUTES)
    async def _routes(self, call: _Call) -> HttpResponse:
        found = self._account.routes.values()
        return _ok([show_route(each) for each in found if each.zone_id == call.parts["zone"]])

    @_route("POST", _ROUTE, _WRITE_ROUTES)
    async def _route_make(self, call: _Call) -> HttpResponse:
        made = self._account.add_route(
            call.parts["zone"], call.body["pattern"], call.body["script"]
        )
        return _ok(show_route(made))

    @_route("DELETE", rf"{_ROUTE}/(?P<id>[^/]+)", _WRITE_ROUTES)
    async def _route_delete(self, call: _Call) -> HttpResponse:
        if self._account.routes.pop(call.parts["id"], None) is None:
            raise ApiError(404, 10005, "Route not found.")
        return _ok({"id": call.parts["id"]})

    @_route("GET", _DOMAINS, _READ_WORKERS)
    async def _domains(self, call: _Call) -> HttpResponse:
        host = call.query.get("hostname")
        found = self._account.domains.values()
        return _ok([self._domain(each) for each in found if host in (None, each.hostname)])

    @_route("PUT", _DOMAINS, _WORKERS)
    async def _domain_put(self, call: _Call) -> HttpResponse:
        made = self._account.attach(
            call.body["hostname"], call.body["service"], call.body["zone_id"]
        )
        return _ok(self._domain(made))

    @_route("PUT", rf"{_SCRIPT}/domains/records", _WORKERS)
    async def _domain_override(self, call: _Call) -> HttpResponse:
        """As wrangler attaches domains: all at once, with leave to replace what stands there."""
        override = bool(call.body.get("override_existing_dns_record"))
        made = [
            self._account.attach(
                each["hostname"], call.parts["name"], each["zone_id"], override=override
            )
            for each in call.body["origins"]
        ]
        return _ok([self._domain(each) for each in made])

    @_route("GET", rf"{_DOMAINS}/(?P<id>[^/]+)", _READ_WORKERS)
    async def _domain_get(self, call: _Call) -> HttpResponse:
        return _ok(self._domain(self._account.domain(call.parts["id"])))

    @_route("DELETE", rf"{_DOMAINS}/(?P<id>[^/]+)", _WORKERS)
    async def _domain_delete(self, call: _Call) -> HttpResponse:
        self._account.detach(call.parts["id"])
        return _ok(None)

    @_route("POST", _BUCKETS, _R2)
    async def _bucket_make(self, call: _Call) -> HttpResponse:
        name = call.body["name"]
        if name in self._account.buckets:
            text = "The bucket you tried to create already exists, and you own it."
            raise ApiError(409, 10004, text)
        await self._backing.create_bucket(name)
        self._account.buckets[name] = {"location": call.body.get("locationHint", "")}
        return _ok({"name": name, **self._account.buckets[name]})

    @_route("GET", _BUCKET, _READ_R2)
    async def _bucket_get(self, call: _Call) -> HttpResponse:
        return _ok({"name": call.parts["name"], **self._bucket(call)})

    @_route("GET", rf"{_BUCKET}/lock", _READ_R2)
    async def _lock_get(self, call: _Call) -> HttpResponse:
        return _ok({"rules": self._bucket(call).get("rules", [])})

    @_route("PUT", rf"{_BUCKET}/lock", _R2)
    async def _lock_put(self, call: _Call) -> HttpResponse:
        self._bucket(call)["rules"] = list(call.body["rules"])
        return _ok({})

    def _bucket(self, call: _Call) -> dict[str, Any]:
        if call.parts["name"] not in self._account.buckets:
            raise ApiError(404, 10006, "The specified bucket does not exist.")
        return self._account.buckets[call.parts["name"]]

    def _domain(self, found: CustomDomain) -> dict[str, Any]:
        return {
            "id": found.id,
            "hostname": found.hostname,
            "service": found.service,
            "zone_id": found.zone_id,
            "zone_name": self._account.zones[found.zone_id].name,
            "environment": "production",
            "cert_id": f"cert-{found.id}",
        }


PERMISSIONS = frozenset(right for _, _, right, _ in _ROUTES if right)


def _ok(result: object, **more: object) -> HttpResponse:
    return _envelope(200, result, [], (), more)


def _envelope(
    status: int,
    result: object,
    errors: list[tuple[int, str]],
    headers: tuple[tuple[str, str], ...] = (),
    more: dict[str, object] | None = None,
) -> HttpResponse:
    document = {
        "success": not errors,
        "errors": [{"code": code, "message": message} for code, message in errors],
        "messages": [],
        "result": result,
        **(more or {}),
    }
    body = json.dumps(document).encode("ascii")
    return HttpResponse(status, (("Content-Type", "application/json"), *headers), body)


def _query(request: HttpRequest) -> str:
    return request.target.partition("?")[2]


def _body(request: HttpRequest) -> Any:  # any JSON value
    if request.header("content-type").startswith("application/json") and request.body:
        return json.loads(request.body)
    return {}
