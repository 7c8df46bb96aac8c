"""Leads the name of a live policy host to a Worker, without a moment in which the policy is gone.

A custom domain replaces the DNS record in one step. But some points of presence learn of it only
after DNS has changed. So a Worker route is created first: it has no effect while the name leads to
another host, and every point of presence knows it when DNS changes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mtasts.cloud.cloudflare.account import CloudflareError
from mtasts.errors import MtaStsError, UndeterminedError
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mtasts.cloud.cloudflare.account import CloudflareAccount
    from mtasts.rollout.move import MoveListener

_ADDRESS_TYPES = ("A", "AAAA", "CNAME")


class TakeOverError(MtaStsError):
    """The name cannot be switched to the Worker; nothing was changed."""


class TakeOver:
    """Switches names to Workers; each switch has two pauses of ``settle_seconds``."""

    def __init__(
        self,
        account: CloudflareAccount,
        settle_seconds: float,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Act in ``account``; nothing is called yet."""
        self._account = account
        self._settle_seconds = settle_seconds
        self._pause = pause

    async def run(self, host: str, zone_id: str, service: str, listener: MoveListener) -> None:
        """Lead ``host`` to the Worker ``service``, if its records lead to another host.

        ``listener`` is called right before the switch and after a failed one. Safe to repeat.

        Raises:
            TakeOverError: the zone has no active certificate for the host, or another Worker has
                its route; nothing was changed.
            UndeterminedError: Cloudflare refused or did not answer.
        """
        try:
            if not await in_thread(self._is_elsewhere, host, zone_id, service):
                await self._clear(host, zone_id, service)
                return
            await in_thread(self._require_certificate, host, zone_id)
            route = await in_thread(self._route, host, zone_id, service)
            await self._pause(self._settle_seconds)
            await listener.before_switch()
            try:
                await in_thread(self._attach, host, zone_id, service)
            except CloudflareError:
                if await in_thread(self._is_elsewhere, host, zone_id, service):
                    await listener.switch_failed()
                raise
            await self._pause(self._settle_seconds)
            await in_thread(self._account.remove, f"{_routes(zone_id)}/{route}")
        except CloudflareError as error:
            raise UndeterminedError(f"whether {host} leads to its Worker: {error}") from error

    async def _clear(self, host: str, zone_id: str, service: str) -> None:
        """Delete the route of an earlier run that ended before it deleted it.

        If the token may not read routes, no earlier run with this token has created one.
        """
        try:
            left = await in_thread(self._standing, host, zone_id)
        except CloudflareError:
            return
        if left is not None and left.get("script") == service:
            await self._pause(self._settle_seconds)
            await in_thread(self._account.remove, f"{_routes(zone_id)}/{left['id']}")

    def _is_elsewhere(self, host: str, zone_id: str, service: str) -> bool:
        """Whether the name has records of its own, or is the custom domain of another Worker.

        Cloudflare marks the records of a custom domain as read-only.
        """
        rows = self._account.get(f"/zones/{zone_id}/dns_records", name=host)
        own = [row for row in rows if not (row.get("meta") or {}).get("read_only")]
        if any(row["type"] in _ADDRESS_TYPES for row in own):
            return True
        attached = self._account.get(f"{self._account.path}/workers/domains")
        return any(row["hostname"] == host and row["service"] != service for row in attached)

    def _require_certificate(self, host: str, zone_id: str) -> None:
        """Refuse a host that no certificate of its zone covers yet.

        Raises:
            TakeOverError: none does; nothing was changed, and the text says how one is ordered.
        """
        packs = self._account.get(f"/zones/{zone_id}/ssl/certificate_packs", status="all")
        parent = host.partition(".")[2]
        names = {name for pack in packs if pack.get("status") == "active" for name in pack["hosts"]}
        if not names & {host, f"*.{parent}"}:
            raise TakeOverError(
                f"no active certificate of the zone covers {host}, and senders would get no valid "
                "certificate until one is issued: order an advanced certificate for it (SSL/TLS > "
                "Edge Certificates), and run again when it is active"
            )

    def _route(self, host: str, zone_id: str, service: str) -> str:
        """The id of the route that leads a host to its Worker, made if there is none.

        Raises:
            TakeOverError: the host has a route to another Worker.
        """
        standing = self._standing(host, zone_id)
        if standing is not None and standing.get("script") != service:
            script = standing.get("script")
            raise TakeOverError(f"the route {standing['pattern']} leads to {script} already")
        if standing is None:
            wanted = {"pattern": f"{host}/*", "script": service}
            standing = self._account.post(_routes(zone_id), wanted)
        return str(standing["id"])

    def _standing(self, host: str, zone_id: str) -> dict[str, Any] | None:
        """The route of the host, if it has one."""
        rows: list[dict[str, Any]] = self._account.get(_routes(zone_id))
        return next((row for row in rows if row["pattern"] == f"{host}/*"), None)

    def _attach(self, host: str, zone_id: str, service: str) -> None:
        path = f"{self._account.path}/workers/scripts/{service}/domains/records"
        origin = {"hostname": host, "zone_id": zone_id, "environment": "production"}
        # In one call Cloudflare replaces the record of the former host by that of the Worker.
        body = {"override_scope": True, "override_existing_dns_record": True, "origins": [origin]}
        self._account.put(path, body)


def _routes(zone_id: str) -> str:
    return f"/zones/{zone_id}/workers/routes"
