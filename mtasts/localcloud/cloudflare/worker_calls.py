"""Calls of the v4 API about Workers: scripts, custom domains, routes and workers.dev."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mtasts.localcloud.cloudflare.account import WORKERS_DEV
from mtasts.localcloud.cloudflare.bindings import Worker
from mtasts.localcloud.cloudflare.calls import ACCOUNT, ZONE, Call, Endpoints, ok
from mtasts.localcloud.cloudflare.errors import ApiError
from mtasts.localcloud.cloudflare.shapes import (
    multipart,
    read_binding,
    show_route,
    show_script,
)
from mtasts.localcloud.http1 import HttpResponse

if TYPE_CHECKING:
    from mtasts.localcloud.cloudflare.account import CustomDomain

WORKERS = Endpoints()
_SCRIPT = rf"{ACCOUNT}/workers/scripts/(?P<name>[^/]+)"
_DOMAINS = rf"{ACCOUNT}/workers/domains"
_ROUTE = rf"{ZONE}/workers/routes"
_READ_ROUTES, _WRITE_ROUTES = "Workers Routes Read", "Workers Routes Write"
_WRITE, _READ = "Workers Scripts Write", "Workers Scripts Read"


@WORKERS.on("GET", rf"{ACCOUNT}/workers/subdomain", _READ)
async def _dev(_: Call) -> HttpResponse:
    return ok({"subdomain": WORKERS_DEV.partition(".")[0]})


@WORKERS.on("GET", rf"{ACCOUNT}/workers/scripts", _READ)
async def _scripts(call: Call) -> HttpResponse:
    return ok([show_script(each) for each in call.account.scripts.values()])


@WORKERS.on("PUT", _SCRIPT, _WRITE)
async def _script_put(call: Call) -> HttpResponse:
    files = multipart(call.request)
    metadata = json.loads(files["metadata"])
    main = metadata["main_module"]
    buckets = call.account.buckets
    bindings = tuple(read_binding(each, buckets) for each in metadata.get("bindings") or ())
    worker = Worker(files[main].decode("utf-8"), bindings)
    date = metadata.get("compatibility_date", "")
    made = await call.backing.upload(call.parts["name"], main, date, worker)
    made.observability = metadata.get("observability")
    return ok(show_script(made))


@WORKERS.on("GET", _SCRIPT, _READ)
async def _script_get(call: Call) -> HttpResponse:
    script = call.account.script(call.parts["name"])
    source = script.versions[-1].source
    media_type = (("Content-Type", "application/javascript+module"),)
    return HttpResponse(200, media_type, source.encode("utf-8"))


@WORKERS.on("GET", rf"{_SCRIPT}/settings", _READ)
async def _script_settings(call: Call) -> HttpResponse:
    script = call.account.script(call.parts["name"])
    bindings = [each.shown() for each in script.versions[-1].bindings]
    return ok(
        {
            "compatibility_date": script.compatibility_date,
            "bindings": bindings,
            "observability": script.observability,
        }
    )


@WORKERS.on("DELETE", _SCRIPT, _WRITE)
async def _script_delete(call: Call) -> HttpResponse:
    force = call.query.get("force") == "true"
    call.account.remove_script(call.parts["name"], force=force)
    return ok(None)


@WORKERS.on("GET", rf"{_SCRIPT}/subdomain", _READ)
async def _subdomain_get(call: Call) -> HttpResponse:
    script = call.account.script(call.parts["name"])
    return ok({"enabled": script.subdomain, "previews_enabled": False})


@WORKERS.on("POST", rf"{_SCRIPT}/subdomain", _WRITE)
async def _subdomain_put(call: Call) -> HttpResponse:
    script = call.account.script(call.parts["name"])
    script.subdomain = bool(call.body["enabled"])
    return ok({"enabled": script.subdomain, "previews_enabled": False})


@WORKERS.on("GET", _ROUTE, _READ_ROUTES)
async def _routes(call: Call) -> HttpResponse:
    found = call.account.routes.values()
    return ok([show_route(each) for each in found if each.zone_id == call.parts["zone"]])


@WORKERS.on("POST", _ROUTE, _WRITE_ROUTES)
async def _route_make(call: Call) -> HttpResponse:
    made = call.account.add_route(call.parts["zone"], call.body["pattern"], call.body["script"])
    return ok(show_route(made))


@WORKERS.on("DELETE", rf"{_ROUTE}/(?P<id>[^/]+)", _WRITE_ROUTES)
async def _route_delete(call: Call) -> HttpResponse:
    if call.account.routes.pop(call.parts["id"], None) is None:
        raise ApiError(404, 10005, "Route not found.")
    return ok({"id": call.parts["id"]})


@WORKERS.on("GET", _DOMAINS, _READ)
async def _domains(call: Call) -> HttpResponse:
    host = call.query.get("hostname")
    found = call.account.domains.values()
    return ok([_domain(call, each) for each in found if host in (None, each.hostname)])


@WORKERS.on("PUT", _DOMAINS, _WRITE)
async def _domain_put(call: Call) -> HttpResponse:
    made = call.account.attach(call.body["hostname"], call.body["service"], call.body["zone_id"])
    return ok(_domain(call, made))


@WORKERS.on("PUT", rf"{_SCRIPT}/domains/records", _WRITE)
async def _domain_override(call: Call) -> HttpResponse:
    """The call with which wrangler attaches custom domains; it may replace DNS records."""
    override = bool(call.body.get("override_existing_dns_record"))
    made = [
        call.account.attach(
            each["hostname"], call.parts["name"], each["zone_id"], override=override
        )
        for each in call.body["origins"]
    ]
    return ok([_domain(call, each) for each in made])


@WORKERS.on("GET", rf"{_DOMAINS}/(?P<id>[^/]+)", _READ)
async def _domain_get(call: Call) -> HttpResponse:
    return ok(_domain(call, call.account.domain(call.parts["id"])))


@WORKERS.on("DELETE", rf"{_DOMAINS}/(?P<id>[^/]+)", _WRITE)
async def _domain_delete(call: Call) -> HttpResponse:
    call.account.detach(call.parts["id"])
    return ok(None)


def _domain(call: Call, found: CustomDomain) -> dict[str, Any]:
    return {
        "id": found.id,
        "hostname": found.hostname,
        "service": found.service,
        "zone_id": found.zone_id,
        "zone_name": call.account.zones[found.zone_id].name,
        "environment": "production",
        "cert_id": f"cert-{found.id}",
    }
