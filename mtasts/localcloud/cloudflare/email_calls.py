"""Calls of the v4 API about Email Routing: its status, the records of its names, and its rules.

The permission of each call is the one that pulumi-cloudflare documents for the resource that makes
the call.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from mtasts.localcloud.cloudflare.calls import ZONE, Call, Endpoints, ok
from mtasts.localcloud.cloudflare.email_names import (
    disable,
    enable,
    show_needed,
    show_records,
    status,
)
from mtasts.localcloud.cloudflare.email_routing import read_catch_all, read_rule
from mtasts.localcloud.cloudflare.errors import ApiError
from mtasts.localcloud.cloudflare.shapes import show_rule

if TYPE_CHECKING:
    from mtasts.localcloud.cloudflare.account import Zone
    from mtasts.localcloud.http1 import HttpResponse

EMAIL = Endpoints()
_EMAIL = rf"{ZONE}/email/routing"
_CATCH_ALL = rf"{_EMAIL}/rules/catch_all"
_RULE = rf"{_EMAIL}/rules/(?P<id>[^/]+)"
_SET, _SEE = "Zone Settings Write", "Zone Settings Read"
_WRITE, _READ = "Email Routing Rules Write", "Email Routing Rules Read"


@EMAIL.on("GET", _EMAIL, _SEE)
async def _state(call: Call) -> HttpResponse:
    return _shown(_zone(call))


@EMAIL.on("POST", rf"{_EMAIL}/enable", _SET)
async def _enable(call: Call) -> HttpResponse:
    """Accept mail for the zone's own name."""
    zone = _zone(call)
    enable(zone, zone.name)
    return _shown(zone)


@EMAIL.on("POST", rf"{_EMAIL}/disable", _SET)
async def _disable(call: Call) -> HttpResponse:
    """Accept no mail any more for one name, or for all if the body names none."""
    zone = _zone(call)
    disable(zone, str(call.body.get("name") or ""))
    return _shown(zone)


@EMAIL.on("GET", rf"{_EMAIL}/dns", _SEE)
async def _records(call: Call) -> HttpResponse:
    """The records that the zone's own name needs, or those that a ``subdomain`` has or lacks."""
    zone = _zone(call)
    if name := call.query.get("subdomain"):
        return ok(show_records(zone, _below(zone, name)))
    return ok(show_needed(zone.name))


@EMAIL.on("POST", rf"{_EMAIL}/dns", _SET)
async def _add_name(call: Call) -> HttpResponse:
    """Accept mail for a name below the zone's own."""
    zone = _zone(call)
    enable(zone, _below(zone, str(call.body["name"])))
    return _shown(zone)


@EMAIL.on("GET", rf"{_EMAIL}/rules", _READ)
async def _rules(call: Call) -> HttpResponse:
    rows = [show_rule(each) for each in _zone(call).email.all_rules()]
    return ok(rows, result_info={"page": 1, "total_pages": 1, "count": len(rows)})


@EMAIL.on("POST", rf"{_EMAIL}/rules", _WRITE)
async def _rule_make(call: Call) -> HttpResponse:
    """Add a rule, also for a name whose mail Email Routing does not accept; it gets no mail."""
    zone = _zone(call)
    made = read_rule(uuid.uuid4().hex, call.body, call.account.scripts, zone.name)
    return ok(show_rule(zone.email.put(made)))


@EMAIL.on("GET", _CATCH_ALL, _READ)
async def _catch_all(call: Call) -> HttpResponse:
    return ok(show_rule(_zone(call).email.catch_all))


@EMAIL.on("PUT", _CATCH_ALL, _WRITE)
async def _catch_all_put(call: Call) -> HttpResponse:
    zone = _zone(call)
    before = zone.email.catch_all
    zone.email.catch_all = read_catch_all(before, call.body, call.account.scripts, zone.name)
    return ok(show_rule(zone.email.catch_all))


@EMAIL.on("GET", _RULE, _READ)
async def _rule(call: Call) -> HttpResponse:
    return ok(show_rule(_zone(call).email.rule(call.parts["id"])))


@EMAIL.on("PUT", _RULE, _WRITE)
async def _rule_put(call: Call) -> HttpResponse:
    zone = _zone(call)
    before = zone.email.rule(call.parts["id"])
    wanted = read_rule(before.id, call.body, call.account.scripts, zone.name)
    return ok(show_rule(zone.email.put(wanted)))


@EMAIL.on("DELETE", _RULE, _WRITE)
async def _rule_delete(call: Call) -> HttpResponse:
    zone = _zone(call)
    rule = zone.email.rule(call.parts["id"])
    del zone.email.rules[rule.id]
    return ok(show_rule(rule))


def _zone(call: Call) -> Zone:
    return call.account.zone(call.parts["zone"])


def _shown(zone: Zone) -> HttpResponse:
    return ok(
        {
            "id": zone.id,
            "tag": zone.id,
            "name": zone.name,
            "enabled": zone.email.enabled,
            "status": status(zone),
            "skip_wizard": True,
            "support_subaddress": False,
        }
    )


def _below(zone: Zone, name: str) -> str:
    """``name`` in lower case; the API refuses one that is not below the zone's own name."""
    found = name.rstrip(".").lower()
    if found == zone.name or not zone.holds(found):
        # The API's own words, with its mistake.
        raise ApiError(422, 2007, f"Invalid Input: must be a a subdomains of {zone.name}")
    return found
