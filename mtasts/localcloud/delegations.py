"""To which of two zones with one name resolvers are led, as the parent zone's NS records decide.

The zone that is seen first is the delegated one, until the name is delegated elsewhere.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mtasts.localcloud.resolution import Zone


class Provider(StrEnum):
    """The DNS provider that hosts a zone."""

    ROUTE53 = "route53"
    CLOUDFLARE = "cloudflare"


class Delegations:
    """The provider to which each name is delegated."""

    def __init__(self) -> None:
        """Begin with nothing delegated."""
        self._to: dict[str, Provider] = {}

    def delegate(self, name: str, to: Provider) -> None:
        """Delegate ``name`` to the provider ``to``."""
        self._to[name] = to

    def get(self, name: str) -> Provider | None:
        """The provider to which a name is delegated; None if no zone of that name was seen yet."""
        return self._to.get(name)

    def choose(
        self, zones: Mapping[Provider, Iterable[Zone]], authority: Provider | None = None
    ) -> list[Zone]:
        """One zone for each name: the delegated one.

        With ``authority``, the zones of that provider come first, as its own name servers answer
        from them whatever is delegated.
        """
        found: dict[str, dict[Provider, Zone]] = {}
        for provider, those in zones.items():
            for zone in those:
                found.setdefault(zone.name, {})[provider] = zone
        chosen = []
        for name, by in found.items():
            delegated = self._to.setdefault(name, next(iter(by)))
            wanted = authority if authority in by else delegated
            if wanted in by:  # a name may be delegated to a provider that has no such zone
                chosen.append(by[wanted])
        return chosen
