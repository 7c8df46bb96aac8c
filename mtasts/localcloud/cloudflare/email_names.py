"""The names of a zone whose mail Email Routing accepts, and the DNS records that it needs there."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from mtasts.localcloud.cloudflare.account import Record
from mtasts.localcloud.cloudflare.email_routing import RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.localcloud.cloudflare.account import Zone

_AUTOMATIC = 1  # the API's value for an automatic TTL
_CODES = {"MX": "mx.missing", "TXT": "spf.missing"}


def enable(zone: Zone, name: str) -> None:
    """Accept mail for ``name``: add the records that it lacks, and lock its MX records."""
    zone.email.enabled = True
    zone.email.names.add(name)
    for type_, content, priority in tuple(_missing(zone, name)):
        row = Record(uuid.uuid4().hex, name, type_, content, _AUTOMATIC, priority=priority)
        row.email = type_ == "MX"
        zone.records[row.id] = row


def disable(zone: Zone, name: str = "") -> None:
    """Accept no mail for ``name`` any more (empty: for no name), and delete its MX records."""
    removed_names = {name} if name else set(zone.email.names)
    zone.email.names -= removed_names
    zone.email.enabled = bool(zone.email.names)
    for each in tuple(zone.records.values()):
        if each.email and each.name in removed_names:
            del zone.records[each.id]


def status(zone: Zone) -> str:
    """The API's status of Email Routing, which depends on the zone's own name only."""
    if not zone.email.enabled:
        return "unconfigured"
    return "ready" if zone.name in zone.email.names else "misconfigured"


def show_needed(name: str) -> list[dict[str, Any]]:
    """The records that ``name`` needs, in the form of the API."""
    return [_shown(name, row) for row in RECORDS]


def show_records(zone: Zone, name: str) -> dict[str, Any]:
    """The records of ``name``, or the ones that it lacks, in the form of the API."""
    missing = [
        {"code": _CODES[row[0]], "missing": _shown(name, row)} for row in _missing(zone, name)
    ]
    if missing:
        return {"errors": missing}
    return {"errors": None, "records": show_needed(name)}


def _missing(zone: Zone, name: str) -> Iterator[tuple[str, str, int | None]]:
    present = {(each.type, each.content) for each in zone.records.values() if each.name == name}
    yield from (row for row in RECORDS if row[:2] not in present)


def _shown(name: str, row: tuple[str, str, int | None]) -> dict[str, Any]:
    type_, content, priority = row
    shown = {"type": type_, "name": name, "content": content, "ttl": _AUTOMATIC}
    if priority is None:
        return shown
    return shown | {"content": f"{content}.", "priority": priority}
