"""Calls of the v4 API about zones, their settings and rules, and their DNS records."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from mtasts.localcloud.cloudflare.calls import ZONE, Call, Endpoints, ok
from mtasts.localcloud.cloudflare.errors import ApiError
from mtasts.localcloud.cloudflare.shapes import read_record, show_record, show_zone

if TYPE_CHECKING:
    from mtasts.localcloud.http1 import HttpResponse

ZONES = Endpoints()
_PER_PAGE = 50
_RECORDS = rf"{ZONE}/dns_records"
_WRITE, _READ = "DNS Write", "DNS Read"


@ZONES.on("GET", "/zones", "Zone Read")
async def _zones(call: Call) -> HttpResponse:
    wanted = call.query.get("name")
    rows = [z for z in call.account.zones.values() if wanted in (None, z.name)]
    rows.sort(key=lambda zone: zone.name)
    page = int(call.query.get("page", "1"))
    shown = rows[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    pages = max(1, -(-len(rows) // _PER_PAGE))
    info = {"page": page, "per_page": _PER_PAGE, "total_pages": pages, "count": len(shown)}
    return ok([show_zone(each) for each in shown], result_info=info)


@ZONES.on("GET", ZONE, "Zone Read")
async def _zone(call: Call) -> HttpResponse:
    return ok(show_zone(call.account.zone(call.parts["zone"])))


@ZONES.on("DELETE", ZONE, "Zone Write")
async def _zone_gone(call: Call) -> HttpResponse:
    call.account.remove_zone(call.parts["zone"])
    return ok({"id": call.parts["zone"]})


@ZONES.on("GET", rf"{ZONE}/settings/(?P<name>[^/]+)", "Zone Settings Read")
async def _setting(call: Call) -> HttpResponse:
    zone = call.account.zone(call.parts["zone"])
    name = call.parts["name"]
    if name not in zone.settings:
        raise ApiError(404, 1003, f"Undefined zone setting: {name}")
    return ok({"id": name, "value": zone.settings[name], "editable": True})


@ZONES.on("PATCH", rf"{ZONE}/settings/(?P<name>[^/]+)", "Zone Settings Write")
async def _setting_put(call: Call) -> HttpResponse:
    zone = call.account.zone(call.parts["zone"])
    if call.parts["name"] not in zone.settings:
        raise ApiError(404, 1003, f"Undefined zone setting: {call.parts['name']}")
    zone.settings[call.parts["name"]] = call.body["value"]
    return ok({"id": call.parts["name"], "value": call.body["value"]})


@ZONES.on("GET", rf"{ZONE}/bot_management", "Bot Management Read")
async def _bots(call: Call) -> HttpResponse:
    return ok(call.account.zone(call.parts["zone"]).bots)


@ZONES.on("GET", rf"{ZONE}/rulesets/phases/(?P<phase>[^/]+)/entrypoint", "Zone WAF Read")
async def _rules(call: Call) -> HttpResponse:
    zone = call.account.zone(call.parts["zone"])
    phase = call.parts["phase"]
    if not (rules := zone.rules.get(phase)):
        raise ApiError(404, 10000, "could not find entrypoint ruleset")
    return ok({"phase": phase, "rules": rules})


@ZONES.on("GET", rf"{ZONE}/ssl/certificate_packs", "SSL and Certificates Read")
async def _packs(call: Call) -> HttpResponse:
    zone = call.account.zone(call.parts["zone"])
    hosts = [zone.name, f"*.{zone.name}"]
    return ok([{"type": "universal", "status": "active", "hosts": hosts}])


@ZONES.on("GET", _RECORDS, _READ)
async def _records(call: Call) -> HttpResponse:
    zone = call.account.zone(call.parts["zone"])
    name, type_ = call.query.get("name"), call.query.get("type")
    rows = [
        show_record(each)
        for each in zone.records.values()
        if name in (None, each.name) and type_ in (None, each.type)
    ]
    return ok(rows, result_info={"page": 1, "total_pages": 1, "count": len(rows)})


@ZONES.on("POST", _RECORDS, _WRITE)
async def _record_make(call: Call) -> HttpResponse:
    zone = call.account.zone(call.parts["zone"])
    wanted = read_record(uuid.uuid4().hex, call.body)
    return ok(show_record(call.account.add_record(zone, wanted)))


@ZONES.on("GET", rf"{_RECORDS}/(?P<id>[^/]+)", _READ)
async def _record_get(call: Call) -> HttpResponse:
    zone = call.account.zone(call.parts["zone"])
    return ok(show_record(call.account.record(zone, call.parts["id"])))


@ZONES.on("PUT", rf"{_RECORDS}/(?P<id>[^/]+)", _WRITE)
async def _record_put(call: Call) -> HttpResponse:
    zone = call.account.zone(call.parts["zone"])
    found = call.account.record(zone, call.parts["id"])
    wanted = read_record(found.id, call.body)
    return ok(show_record(call.account.add_record(zone, wanted, replacing=found.id)))


@ZONES.on("DELETE", rf"{_RECORDS}/(?P<id>[^/]+)", _WRITE)
async def _record_delete(call: Call) -> HttpResponse:
    zone = call.account.zone(call.parts["zone"])
    call.account.remove_record(zone, call.parts["id"])
    return ok({"id": call.parts["id"]})
