"""Which of two zones of one name the world asks: what a registrar decides.

A zone that is there first is the delegated one until somebody delegates the name elsewhere.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mtasts.localcloud.resolution import Zone


class Provider(StrEnum):
    """Who answers for a zone."""

    ROUTE53 = "route53"
    CLOUDFLARE = "cloudflare"


class Delegations:
    """To whom each name is delegated."""

    def __init__(self) -> None:
        """Begin with nothing delegated."""
        self._to: dict[str, Provider] = {}

    def delegate(self, name: str, to: Provider) -> None:
        """Have the world ask the zone at ``to``."""
        self._to[name] = to

    def get(self, name: str) -> Provider | None:
        """To whom a name is delegated, once a zone of it was seen."""
        return self._to.get(name)

    def choose(
        self, zones: Mapping[Provider, Iterable[Zone]], authority: Provider | None = None
    ) -> list[Zone]:
        """The zones that the world asks, or those of ``authority`` with the world's besides."""
        found: dict[str, dict[Provider, Zone]] = {}
        for provider, those in zones.items():
            for zone in those:
                found.setdefault(zone.name, {})[provider] = zone
        chosen = []
        for name, by in found.items():
            delegated = self._to.setdefault(name, next(iter(by)))
            wanted = authority if authority in by else delegated
            if wanted in by:  # a name may be delegated to a zone that is not there
                chosen.append(by[wanted])
        return chosen
