"""Reads the zones of a Cloudflare account; nothing is created or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.cloud.cloudflare.account import CloudflareError
from mtasts.errors import UndeterminedError
from mtasts.names import DomainNameError, parse_domain
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.cloud.cloudflare.account import CloudflareAccount


# Cloudflare's name servers answer for zones in these states (Cloudflare docs, zone status, 2026).
_ANSWERED = frozenset({"active", "pending", "moved"})


class CloudflareZones:
    """`mtasts.cloud.interface.Zones` for Cloudflare; every call blocks."""

    def __init__(self, account: CloudflareAccount) -> None:
        """Read from ``account``; nothing is called yet."""
        self._account = account

    def list(self, role: str | None) -> tuple[HostedZone, ...]:
        """Every zone that Cloudflare's name servers answer for; ``role`` is ignored.

        Zones in state pending or moved are included: the rules of a run judge the delegation.

        Raises:
            UndeterminedError: Cloudflare refused or did not answer.
        """
        del role
        try:
            rows = self._account.pages(
                "/zones", **{"account.id": self._account.settings.account_id}
            )
            return tuple(_zones(rows))
        except (CloudflareError, KeyError, TypeError) as error:
            raise UndeterminedError(f"the zones of the Cloudflare account: {error}") from error

    def complete(self, role: str | None, zone: HostedZone) -> HostedZone:
        """The zone unchanged: `list` has returned its name servers already."""
        del role
        return zone


def _zones(rows: list[dict[str, object]]) -> Iterator[HostedZone]:
    for row in rows:
        servers = row["name_servers"]
        if row["status"] not in _ANSWERED or not isinstance(servers, list):
            continue
        try:
            name = parse_domain(str(row["name"]))
            named = frozenset(parse_domain(str(each)) for each in servers)
        except DomainNameError:
            continue
        yield HostedZone(str(row["id"]), name, named)
