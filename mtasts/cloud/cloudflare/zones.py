"""The zones of a Cloudflare account, as values; nothing is created or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.cloud.cloudflare.account import CloudflareError
from mtasts.errors import UndeterminedError
from mtasts.names import DomainNameError, parse_domain
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.cloud.cloudflare.account import CloudflareAccount


# Cloudflare's page on zone status (2026): its name servers answer for these.
_ANSWERED = frozenset({"active", "pending", "moved"})


class CloudflareZones:
    """`mtasts.run.account_zones.Zones` over one account; every call blocks."""

    def __init__(self, account: CloudflareAccount) -> None:
        """List nothing yet."""
        self._account = account

    def list(self, role: str | None) -> tuple[HostedZone, ...]:
        """Every zone that is answered for; a ``role`` is Route 53's, and does nothing here.

        Pending and moved ones are: whether DNS leads to a zone is for the verdict to say.

        Raises:
            UndeterminedError: Cloudflare did not list them.
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
        """The zone itself: a listed one has its name servers."""
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
